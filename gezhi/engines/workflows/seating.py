"""A new work item: whose seat it is, who may not act on it, when its clock runs out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from gezhi.engines.workflows import access, clocks, drawing_seats, protecting, rules
from gezhi.engines.workflows.marking import At
from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.engines.workflows.schema import PASSING, Stage, Workflow
from gezhi.foundation import db, people, places


def new_item(
    flow: Workflow,
    stage: Stage,
    case: Case,
    items: list[WorkItem],
    *,
    at: At,
    now: datetime,
    bar: Iterable[int] = (),
) -> WorkItem:
    """The item for a stage entered on a branch. `items`: all of the case; `bar`: further persons who may not act.

    Not saved. A vacant seat keeps its item (its next holder finds it); a seat of barred persons gives it up.
    """
    assert stage.owner is not None and stage.clock is not None
    seat, apart = _seat(stage, case, items, at, now)
    apart |= parties(stage.owner.without, case, now)
    if case.protected:
        receives, given = stage.id == flow.start, stage.owner.case is not None
        seat, apart = protecting.placed(case, seat, apart, now, receives=receives, given=given)
    barred = access.doers(items, stage.owner.unlike) | apart | frozenset(bar) | recused(items)
    if stage.owner.post and any(a.effect in PASSING for a in stage.actions.values()):
        # An offer begins with the first who may take it; an ordinary seat keeps its work while it is vacant.
        seat = available(stage.owner.post, case.place_id, barred, now) or seat
    due_at = clocks.stage_due(flow, stage, case, now)
    number = max((i.number for i in items), default=0) + 1
    ask: dict[str, Any] = {"seat": at.seat} if at.seat is not None else {}
    if stage.owner.draw and stage.owner.post:
        ask["draw"] = drawing_seats.drawn(
            case, stage.owner.post, count=1, by=stage.owner.draw, number=number, now=now,
            acted=access.doers(items, stage.owner.unlike), stood_aside=recused(items) | apart | frozenset(bar),
        )  # fmt: skip
        seat = next(iter(ask["draw"]["drawn"]), seat)
    item = db.fresh(
        WorkItem,
        case_id=case.id,
        number=number,
        cycle=case.cycle,
        stage=stage.id,
        side=stage.side,
        branch=at.branch,
        fork=at.fork,
        owner_seat=owner_of(seat, barred, now),
        barred=sorted(barred),
        opened_at=now,
        due_at=due_at,
        warn_at=None if stage.kind == "timer" else rules.warn_time(now, due_at, stage.clock.warn),
        ask=ask,
    )
    item.next_at = clocks.next_at(item, stage)
    return item


def parties(name: str | None, case: Case, now: datetime) -> frozenset[int]:
    """Who sits in the seats of a kept list: parties to the matter and their kin, who decide nothing of it."""
    seats = (case.kept or {}).get(name, ()) if name else ()
    return frozenset(person for seat in seats for person in people.directory().holders(seat, now))


def recused(items: Iterable[WorkItem]) -> frozenset[int]:
    """Persons who declared a relation on this case (`effect: recuse`): they act on nothing of it any more."""
    return frozenset(person for item in items for person in item.ask.get("recused", ()))


def available(
    post: str, place_id: int, barred: frozenset[int], now: datetime, *, passed: Collection[int] = ()
) -> int | None:
    """The first seat of the post, at the nearest place that has any, that was not `passed` and has somebody who may act."""
    directory = people.directory()
    for place in (place_id, *places.directory().ancestors(place_id)):
        if pool := directory.seats_at(place, post):
            free = (s.id for s in pool if s.id not in passed and set(directory.holders(s.id, now)) - barred)
            return next(free, None)
    return None


def owner_of(seat: int, barred: frozenset[int], now: datetime) -> int:
    """The seat that owns the item: `seat`, or the next above when only barred persons sit in it."""
    directory = people.directory()
    effective = directory.effective(seat, now, unlike=barred)
    return effective.seat_id if barred and directory.holders(seat, now) else seat


def _seat(stage: Stage, case: Case, items: list[WorkItem], at: At, now: datetime) -> tuple[int, frozenset[int]]:
    """(the seat that is meant, persons who may not be it)."""
    assert stage.owner is not None
    directory, owner = people.directory(), stage.owner
    if owner.case == "branch":
        return at.seat or case.handler_seat or directory.root, frozenset()
    if owner.case == "handler":
        return case.handler_seat or directory.root, frozenset()
    if owner.above is not None:
        done = [i for i in items if i.stage == owner.above and i.owner_seat is not None]
        last = max(done, key=lambda i: (i.done_by is not None, i.number), default=None)
        if last is None or last.owner_seat is None:
            return directory.root, frozenset()
        # One level up, and never the same persons, though they may sit there as well.
        apart = {*directory.holders(last.owner_seat, now), *([last.done_by] if last.done_by is not None else [])}
        return directory.above(last.owner_seat) or directory.root, frozenset(apart)
    return directory.seat_for(owner.post or "", case.place_id), frozenset()
