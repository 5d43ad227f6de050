"""What an action does beyond moving: extend, supervise, take, release; and how its form splits for the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import clocks, rules
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.schema import READABLE, Action
from gezhi.foundation import packs, people
from gezhi.foundation.calendar import parse_limit
from gezhi.foundation.errors import register
from gezhi.foundation.expressions import Type
from gezhi.foundation.people import Actor

if TYPE_CHECKING:
    from gezhi.engines.workflows.actions import _Step

register(
    "case.already_asked",
    409,
    _("已经申请过了，正在等批。"),
    _("同一件事同时只能有一个申请。"),
    _("请等批复，或催一下批的人。"),
)

COLUMNS = ("returns", "resorts", "reworks", "extensions", "reopenings")
TEXTS = ("text", "long_text")


def counted(case: Case, name: str) -> int:
    """How often a counter was used on the case."""
    return getattr(case, name) if name in COLUMNS else case.counters.get(name, 0)


def count(case: Case, name: str) -> None:
    """Use a counter once."""
    if name in COLUMNS:
        setattr(case, name, getattr(case, name) + 1)
    else:
        case.counters = {**case.counters, name: case.counters.get(name, 0) + 1}


def types_of(action: Action) -> dict[str, Type]:
    """What expressions of the action may read, with their types."""
    return {**READABLE, **action.form.types()}


def field_problems(action: Action, values: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """What a form cannot know by itself: the seat exists and is not the one returning, the category exists."""
    problems: dict[str, Any] = {}
    directory = people.directory()
    for field in action.form.fields:
        value = values.get(field.id)
        if value is None:
            continue
        if field.type == "seat":
            seat = directory.seats.get(value)
            if seat is None or seat.closed_at is not None:
                problems[field.id] = _("没有这个席位，请从列表里选。")
            elif field.id == "proposed" and value == case.handler_seat:
                problems[field.id] = _("建议的承办单位不能是自己。")
        elif field.type == "category" and packs.registry().categories.get(value) is None:
            problems[field.id] = _("没有这个类别，请从列表里选。")
    return problems


def split(action: Action, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """(what may stand in the event, what is personal text and goes to the private store)."""
    form: dict[str, Any] = {}
    said: dict[str, str] = {}
    for field in action.form.fields:
        value = values.get(field.id)
        if value in (None, "", []):
            continue
        if field.type in TEXTS:
            said[field.id] = str(value)
        elif field.type == "limit":
            form[field.id] = str(value)
        else:
            form[field.id] = value
    return form, said


def apply(step: _Step) -> None:
    """Carry out the action's effect on the gathered changes."""
    effect = step.action.effect
    if effect == "supervise":
        step.case.supervised_by = step.actor.seats[0] if step.actor.seats else None
        step.case.supervised_at = step.now
    elif effect == "take" and step.item is not None:
        step.item.person_id = step.actor.person_id
        step.changed.append(step.item)
    elif effect == "release" and step.item is not None:
        step.item.person_id = None
        step.changed.append(step.item)
    elif effect == "extend" and step.item is not None:
        _extend(step, step.item)


def _extend(step: _Step, side: WorkItem) -> None:
    main = next(i for i in step.items if i.state == OPEN and not i.side)
    more = parse_limit(side.ask["more"])
    stage = step.flow.stages[main.stage]
    promised = step.case.promised
    step.case.promised = {**promised, "more": [*promised.get("more", ()), str(more)]}
    step.case.due_at = clocks.extend(step.case.due_at, more)
    main.ask = {**main.ask, "added": [*main.ask.get("added", ()), str(more)]}
    main.due_at = (
        step.case.due_at if stage.clock and stage.clock.limit == "promise" else clocks.extend(main.due_at, more)
    )
    if main.due_at > step.now:
        # The deadline moved: what was warned or breached against the old one is history in the events.
        main.warned_at = main.breached_at = None
        main.rung = 0
        main.ask = {**main.ask, "warn_from": step.now.isoformat()}
        main.warn_at = rules.warn_time(step.now, main.due_at, stage.clock.warn if stage.clock else 0.75)
    main.next_at = clocks.next_at(main, stage)
    step.changed.append(main)


def keeps_hand(action: Action, actor: Actor, item: WorkItem, now: datetime) -> bool:
    """Whoever accepts goes on with it, when the next step is their own seat's."""
    if actor.person_id is None or item.side or actor.person_id in item.barred or item.owner_seat is None:
        return False
    return actor.person_id in people.directory().holders(item.owner_seat, now)


def save_items(changed: list[WorkItem], created: list[WorkItem], case: Case) -> None:
    """Write ended items before new ones: the database allows one running main item a case."""
    seen: set[int] = set()
    for item in changed:
        if item.pk not in seen:
            seen.add(item.pk)
            item.save(
                update_fields=[
                    "state", "owner_seat", "person_id", "barred", "due_at", "warn_at", "next_at", "warned_at",
                    "breached_at", "rung", "done_at", "done_by", "action", "ask",
                ]
            )  # fmt: skip
    for item in created:
        item.case = case
        item.save(force_insert=True)
