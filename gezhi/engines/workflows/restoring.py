"""恢复为普通事项: a matter that was kept apart midway is none after all, and goes back to the process it was taken from.

One write ends what was open, withdraws whom it named, and opens anew what was open when it was kept apart: the same
branches, questions beside them and seats, each step with the time it had left. What the resident was promised first
holds, late or not. What was said in between stays with those who received it (veiling.py). docs/rules/protected.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import (
    access,
    apart,
    clocks,
    guarding,
    protecting,
    queries,
    repeating,
    rules,
    seating,
    writing,
)
from gezhi.engines.workflows.marking import At
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, WorkItem
from gezhi.engines.workflows.record import case_patch
from gezhi.engines.workflows.schema import Action, definition
from gezhi.engines.workflows.stepping import Step
from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, register
from gezhi.foundation.forms import Field, Form
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor

register(
    "restore.ordinary", 409, _("这件事现在是普通事项。"), _("它已经恢复过了。"), _("不用再恢复。"),
)  # fmt: skip
register(
    "restore.not_midway",
    409,
    _("这一件没有原来的办法可以回。"),
    _("它收下的时候就是保密事项，或者按保密事项已经办结。"),
    _("还在受理的，请用“转普通办理”交给承办的席位。"),
)
register(
    "restore.instead",
    409,
    _("这一件不用另选承办席位。"),
    _("它是办到一半转来的，原来在谁手里、办到哪一步都记着。"),
    _("请在案件页上用“恢复为普通事项”，它会回到原来那一步。"),
)

RESTORE = Action(
    "restore",
    {"zh": "恢复为普通事项", "en": "Back to the ordinary way"},
    (),
    Form((Field("reason", "text", {"zh": "理由", "en": "Reason"}, required=True, max=200),)),
    says={"zh": "回到原来的办法接着办", "en": "Goes on the way it went before"},
)  # fmt: skip


def may(case: Case, actor: Actor) -> bool:
    """Whether the page offers it: kept apart midway, to whoever received it or stands above everybody named."""
    if not case.protected or case.merged_into is not None or actor.kind != "staff" or not _has_way_back(case):
        return False
    return guarding.sees_original(case, actor)


def _has_way_back(case: Case) -> bool:
    """Kept apart midway, and not ended as a protected matter since."""
    if protecting.way_back(case) is not None:
        return case.state == OPEN
    return "ordinary" in case.promised and case.workflow != protecting.process()


@dataclass(frozen=True)
class WayBack:
    """Where a matter goes when it is restored: the method and its version, [{title, seat}] of its steps, the first promise."""

    method: str
    stages: tuple[Mapping[str, str], ...]
    due_at: datetime | None


def goes_back_to(case: Case) -> WayBack | None:
    """What the page says will happen; None when it stays where it stands. One query."""
    back = protecting.way_back(case)
    if back is None:
        return None
    flow, _hash = definition(back["case"]["workflow"], back["case"]["version"])
    now, stages = clock.now(), []
    for item in WorkItem.objects.filter(case_id=case.id, number__in=back["items"]).order_by("number"):
        if (stage := flow.stages[item.stage]).kind == "fork":
            continue
        seat = item.owner_seat if item.owner_seat is not None and _lives(item.owner_seat) else None
        label = queries.seat_label(seat, item.barred, now) if seat is not None else ""
        stages.append({"title": localised(stage.title), "seat": label})
    method = str(_("{name} 第 {n} 版")).format(name=localised(flow.title), n=flow.version)
    return WayBack(method, tuple(stages), clocks.promised(case.opened_at, case.promised["ordinary"]))


def restore(
    case_id: int, reason: str, *, actor: Actor, expected_seq: int | None = None, key: str | None = None
) -> Case:
    """Make an ordinary matter again of one that was kept apart midway, where it stood then.

    Raises NotFound (not theirs to see), NotAllowed (handlers, who read only the reviewed copy), Invalid (fields),
    restore.ordinary, restore.not_midway, protect.merged, Conflict case.stale. The same key again changes nothing.
    """
    if actor.kind != "staff":
        raise NotFound("case.not_found")
    key_hash = rules.fingerprint("restore", case_id, actor.person_id, key) if key else None
    body = rules.fingerprint("body", reason)
    return repeating.once(
        case_id, key_hash, body, lambda: _restore(case_id, reason, actor, expected_seq, key_hash, body)
    )


def _restore(
    case_id: int, reason: str, actor: Actor, expected_seq: int | None, key_hash: bytes | None, body: bytes
) -> Case:
    now = clock.now()
    case, items = access.case_to_change(case_id)
    repeating.note(case, key_hash, body)
    if not access.sees_at_all(case, items, actor):
        raise NotFound("case.not_found")
    if not case.protected:
        raise Conflict("restore.ordinary")
    if case.merged_into is not None:
        number = Case.objects.values_list("number", flat=True).get(pk=case.merged_into)
        raise Conflict("protect.merged", number=number)
    if not guarding.sees_original(case, actor):
        raise NotAllowed()
    if not _has_way_back(case):
        raise Conflict("restore.not_midway")
    if expected_seq is not None and expected_seq != case.event_seq:
        raise Conflict("case.stale", who=str(_("别人")), what_happened=str(_("改动")))
    values, errors = RESTORE.form.clean({"reason": reason})
    if errors:
        raise Invalid(field_errors=errors)
    flow, _hash = definition(case.workflow, case.version)
    item = next((i for i in items if i.state == OPEN and not i.side and i.branch == ""), None)
    before, known = case_patch(case), apart.known_to(case, [i for i in items if i.cycle == case.cycle], now)
    step = Step(flow, RESTORE, case, item, items, actor, values, now)
    step.told["known_to"] = sorted(known)
    back = protecting.way_back(case)
    step.against = protecting.release(case)
    if back is not None:
        _go_back(step, back)
    elif case.state != CLOSED:
        step.settle()
    writing.write(step, before, None)
    apart.along(case, actor)
    return case


def _go_back(step: Step, back: Mapping[str, Any]) -> None:
    """The first process at the marking it had, by the seats there are now."""
    case = step.case
    step.stop(undone=True)
    for name, value in back["case"].items():
        setattr(case, name, datetime.fromisoformat(value) if value and name.endswith("_at") else value)
    if case.handler_seat is not None and not _lives(case.handler_seat):
        case.handler_seat = None
    step.flow, case.body_hash = definition(case.workflow, case.version)
    was = {item.number: item for item in step.items}
    numbers: dict[int, int] = {}
    for number in back["items"]:
        fresh = _again(step, was[number], numbers)
        numbers[number] = fresh.number
    step.settle()


def _again(step: Step, old: WorkItem, numbers: Mapping[int, int]) -> WorkItem:
    """An item like the one that ended when the case was kept apart, with the time that it had left."""
    case, now, stage = step.case, step.now, step.flow.stages[old.stage]
    assert stage.clock is not None and old.done_at is not None
    at = At(old.branch, numbers.get(old.fork, old.fork) if old.fork is not None else None, old.ask.get("seat"))
    known = [*step.items, *step.created]
    item = seating.new_item(step.flow, stage, case, known, at=at, now=now, bar=old.barred)
    item.side = old.side
    step.created.append(item)
    if stage.kind == "panel":  # it ended uncounted: whoever is asked now is asked anew
        step.convene(stage, item)
        return item
    if old.owner_seat is not None and _lives(old.owner_seat):
        item.owner_seat = seating.owner_of(old.owner_seat, frozenset(item.barred), now)
    if old.person_id in people.directory().holders(item.owner_seat or people.directory().root, now):
        item.person_id = old.person_id
    item.ask = {**old.ask, **({"draw": item.ask["draw"]} if "draw" in item.ask else {})}
    if clocks.by_promise(old, stage):
        item.due_at = case.due_at
    elif stage.clock.until is None:  # as long as was left, counted as the step counts its time
        item.due_at = clocks.after_pause(old.due_at, old.done_at, now, stage.clock.limit or clocks.DEFAULT_LIMIT)
    item.warned_at, item.breached_at, item.rung = old.warned_at, old.breached_at, old.rung
    item.warn_at = old.warn_at and item.due_at - (old.due_at - old.warn_at)
    item.next_at = clocks.next_at(item, stage)
    if stage.parked and item.branch == "":
        case.parked_until = item.due_at
    return item


def _lives(seat_id: int) -> bool:
    seat = people.directory().seats.get(seat_id)
    return seat is not None and not seat.closed


__all__ = ["RESTORE", "WayBack", "goes_back_to", "may", "restore"]
