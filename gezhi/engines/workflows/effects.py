"""What an action does beyond moving: extend, move, supervise, take, release; how its form splits for the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import clocks, facing, passing, protecting
from gezhi.engines.workflows import named as naming
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.schema import PASSING, Action, Workflow
from gezhi.foundation import packs, people
from gezhi.foundation.calendar import clock, parse_limit
from gezhi.foundation.errors import Conflict, register
from gezhi.foundation.expressions import Type, compile
from gezhi.foundation.forms import dump_value
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor, posts

if TYPE_CHECKING:
    from gezhi.engines.workflows.stepping import Step

register(
    "case.already_asked",
    409,
    _("已经申请过了，正在等批。"),
    _("同一件事同时只能有一个申请。"),
    _("请等批复，或催一下批的人。"),
)

register(
    "case.moved_on",
    409,
    _("这件事已经到了下一步。"),
    _("批的时候，它已经到了“{stage}”，不在申请时的那一步。"),
    _("这份申请不用再批，请看一眼现在的情况。"),
)

register(
    "case.tried_already",
    409,
    _("这半天已经联系过一次了。"),
    _("同一个上午或下午，打几次都只算一次。"),
    _("请换个半天再联系：上午没人接的，下午或明天再打。"),
)

TRIES = 3  # half-days on which nobody was reached, before a resident counts as not reached (无法联系)
COLUMNS = ("returns", "resorts", "reworks", "extensions", "reopenings")
TEXTS = ("text", "long_text")
JOINS = "+seat"  # keep: {team: +seat}: the seat that acts joins a kept list of seats
CARRIED = ("more", "form", "asked", "asked_by")  # what a side item hands on to the next one of its chain


def counted(case: Case, name: str) -> int:
    """How often a counter was used on the case."""
    return getattr(case, name) if name in COLUMNS else case.counters.get(name, 0)


def count(case: Case, name: str) -> None:
    """Use a counter once."""
    if name in COLUMNS:
        setattr(case, name, getattr(case, name) + 1)
    else:
        case.counters = {**case.counters, name: case.counters.get(name, 0) + 1}


def tally(case: Case, name: str) -> None:
    """Count what an action says it found (`counts:`)."""
    column = {"false_closure": "false_closures"}[name]
    setattr(case, column, getattr(case, column) + 1)


def attempt(step: Step) -> bool:
    """Note one try to reach the resident; whether it was the last one that is owed. At most one a half-day counts.

    Raises Conflict("case.tried_already").
    """
    case, half = step.case, half_day(step.now)
    tried = list(case.attempts or ())
    if any(one["half"] == half for one in tried):
        raise Conflict("case.tried_already")
    way = str(step.values.get("way") or "phone")
    case.attempts = [*tried, {"half": half, "at": step.now.isoformat(), "way": way, "by": step.actor.person_id}]
    return len(case.attempts) >= TRIES


def half_day(at: datetime) -> str:
    """The morning or the afternoon (with the evening) of a day in China: "2026-11-18am"."""
    here = clock.local(at)
    return f"{here:%Y-%m-%d}{'am' if here.hour < 12 else 'pm'}"


def keep(step: Step) -> None:
    """Put answers, or numbers computed with them, among the case's kept values; what is empty is forgotten.

    All are computed from what was kept before. A number of a branch that a unit has to itself is that branch's own.
    """
    case, action = step.case, step.action
    if not action.keep:
        return
    known, types = step.environment(), types_of(step.flow, action)
    branch = step.item.branch if step.item is not None else ""
    asked_for = {f.id for f in action.form.fields}
    kept = dict(case.kept or {})
    for name, source in action.keep.items():
        if source == JOINS:
            if step.item is not None and step.item.owner_seat is not None:
                kept[name] = list(dict.fromkeys((*kept.get(name, ()), step.item.owner_seat)))
            continue
        value = step.values.get(source) if source in asked_for else compile(source, types)(known)
        place = facing.place_of(name, branch) if step.flow.kept[name] == "number" else name
        kept.pop(place, None)
        if value not in (None, "", []):
            kept[place] = dump_value(value)
    case.kept = kept or None


def unmet(action: Action, flow: Workflow, known: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """What the action's answers must satisfy and do not: field -> the pack's own sentence."""
    types = types_of(flow, action)
    at = {**known, **{f.id: values.get(f.id) for f in action.form.fields}}
    return {m.field: localised(m.says) for m in action.must if not compile(m.that, types).holds(at)}


def asked(action: Action, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a side item asks for: the answers of its form that are no texts of persons, as JSON."""
    form, _said = split(action, values)
    more = {"more": form.pop("more")} if "more" in form else {}
    form.pop("photos", None)
    return more | ({"form": form} if form else {})


def types_of(flow: Workflow, action: Action) -> dict[str, Type]:
    """What expressions of the action may read, with their types."""
    return {**flow.readable, **action.form.types()}


def field_problems(action: Action, values: Mapping[str, Any], case: Case, flow: Workflow) -> dict[str, Any]:
    """What a form cannot know by itself: the seat exists, handles matters and is not the one returning, the category
    exists, a pause does not end before today."""
    problems: dict[str, Any] = {}
    directory = people.directory()
    # What stands still until a day that has passed would not stand still at all.
    pauses = {s.clock.until for s in flow.stages.values() if s.pauses and s.clock is not None}
    pausing = {field for name, field in action.keep.items() if name in pauses}
    branching = {track.each for stage in flow.stages.values() for track in stage.tracks}
    to_handle = {action.assign, "proposed"} | {field for name, field in action.keep.items() if name in branching}
    for field in action.form.fields:
        value = values.get(field.id)
        if value is None:
            continue
        if field.type == "seat":
            seat = directory.seats.get(value)
            if seat is None or seat.closed_at is not None:
                problems[field.id] = _("没有这个席位，请从列表里选。")
            elif (
                case.protected
                and field.id != "about"
                and action.effect != "unprotect"
                and not naming.may_handle(value, naming.of(case), clock.now())
            ):
                problems[field.id] = _("这个席位和说到的人有关，不能交给它，请另选一个。")
            elif field.id in to_handle and not posts.handles(seat.post):
                problems[field.id] = _("这个席位不办事，请另选一个。")
            elif field.id == "proposed" and value == case.handler_seat:
                problems[field.id] = _("建议的承办单位不能是自己。")
        elif field.type == "seats" and field.id in to_handle:
            if not all(posts.handles(directory.seats[one].post) for one in value if one in directory.seats):
                problems[field.id] = _("选的席位里有不办事的，请去掉它。")
        elif field.type == "category" and packs.registry().categories.get(value) is None:
            problems[field.id] = _("没有这个类别，请从列表里选。")
        elif field.id in pausing and value < clock.today():
            problems[field.id] = _("这一天已经过去了，请填今天或以后的日子。")
    return problems


def split(action: Action, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """(what may stand in the event, what is personal text and goes to the private store); nothing of what is sealed."""
    form: dict[str, Any] = {}
    said: dict[str, str] = {}
    for field in action.form.fields:
        value = values.get(field.id)
        if value in (None, "", []) or field.id in action.sealed:
            continue
        if field.type in TEXTS:
            said[field.id] = str(value)
        else:
            form[field.id] = dump_value(value)
    return form, said


def sealed(action: Action, values: Mapping[str, Any]) -> dict[str, str]:
    """What only whoever writes it is to read; a private text of its own, so that no reader of the others comes upon it."""
    return {name: str(values[name]) for name in action.sealed if values.get(name)}


def apply(step: Step) -> None:
    """Carry out the action's effect on the gathered changes."""
    effect = step.action.effect
    if effect == "supervise":
        step.case.supervised_by = step.actor.seats[0] if step.actor.seats else None
        step.case.supervised_at = step.now
    elif effect == "take" and step.item is not None:
        step.item.person_id = step.actor.person_id
        step.change(step.item)
    elif effect == "release" and step.item is not None:
        step.item.person_id = None
        step.change(step.item)
    elif effect == "protect":
        step.against = protecting.name_seat(step.case, step.values["about"], step.now)
    elif effect == "unprotect":
        if protecting.way_back(step.case) is not None:
            raise Conflict("restore.instead")
        step.against = protecting.release(step.case)
    elif effect == "accept" and step.item is not None:
        step.case.handler_seat = step.item.owner_seat  # who was asked takes it, and handles it from here
    elif effect in PASSING and step.item is not None:
        passing.hand_on(step, step.item)
    elif effect == "extend" and step.item is not None:
        _extend(step, step.item)
    elif effect == "move" and step.item is not None:
        _move(step, step.item)


def _main_of(step: Step, side: WorkItem) -> WorkItem:
    return next(i for i in step.items if i.state == OPEN and not i.side and i.branch == side.branch)


def _move(step: Step, side: WorkItem) -> None:
    """The approved question moves its main item, unless that has moved on by itself in the meantime."""
    main = _main_of(step, side)
    action = step.action
    assert action.moves_to is not None
    if main.stage not in action.moves_from:
        raise Conflict("case.moved_on", stage=localised(step.flow.stages[main.stage].title))
    step.finish(side)
    step.move(main, action.moves_to)


def _extend(step: Step, side: WorkItem) -> None:
    """The promise moves on, and with it every open clock that is the promise; the asker's own clock in any case."""
    case, more = step.case, parse_limit(side.ask["more"])
    main = _main_of(step, side)
    case.promised = {**case.promised, "more": [*case.promised.get("more", ()), str(more)]}
    case.due_at = clocks.extend(case.due_at, more)
    main.ask = {**main.ask, "added": [*main.ask.get("added", ()), str(more)]}
    for item in [i for i in step.items if i.state == OPEN and not i.side]:
        stage = step.flow.stages[item.stage]
        by_promise = clocks.by_promise(item, stage)
        if by_promise or item is main:
            clocks.restart(item, stage, case.due_at if by_promise else clocks.extend(item.due_at, more), step.now)
            step.change(item)


def keeps_hand(actor: Actor, item: WorkItem, now: datetime) -> bool:
    """Whoever accepts goes on with it, when the next step is their own seat's."""
    if actor.person_id is None or item.side or actor.person_id in item.barred or item.owner_seat is None:
        return False
    return actor.person_id in people.directory().holders(item.owner_seat, now)
