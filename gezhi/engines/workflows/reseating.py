"""What becomes of open work when people change: the seat keeps it; a personal draw or a barred holder gives it up.

Called in the leaver's own transaction (people.on_leave), and by the clock job, so that at no instant an open
item is owned by nobody or only by people who may not act on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.record import item_patch
from gezhi.foundation import db, events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor


def person_left(person_id: int, seats: Iterable[int], actor: Actor) -> None:
    """Items the leaver had taken go back to their seat; one event a case, in this transaction."""
    gone = set(seats)
    for item in WorkItem.objects.filter(person_id=person_id, state=OPEN).order_by("case_id", "number"):
        if item.owner_seat in gone or not gone:
            _give_up(item.case_id, item.number, actor)


def settle_barred(now: datetime) -> int:
    """Move items up whose seat now has only persons who may not act on them. Returns how many moved."""
    moved = 0
    directory = people.directory()
    waiting = (
        WorkItem.objects.filter(state=OPEN).exclude(barred=[]).values_list("case_id", "number", "owner_seat", "barred")
    )
    for case_id, number, seat, barred in waiting.iterator():
        holders = directory.holders(seat, now)
        if holders and not set(holders) - set(barred):
            moved += _climb(case_id, number, now)
    return moved


def _locked(case_id: int, number: int) -> tuple[Case, WorkItem] | None:
    case = Case.objects.select_for_update().get(pk=case_id)
    item = WorkItem.objects.filter(case_id=case_id, number=number, state=OPEN).first()
    return (case, item) if item else None


def _give_up(case_id: int, number: int, actor: Actor) -> None:
    found = _locked(case_id, number)
    if found is None:
        return
    case, item = found
    item.person_id = None
    _record(case, item, "case.handed_back", actor)


def _climb(case_id: int, number: int, now: datetime) -> int:
    with db.write():
        found = _locked(case_id, number)
        if found is None:
            return 0
        case, item = found
        effective = people.directory().effective(item.owner_seat, now, unlike=frozenset(item.barred))
        if effective.seat_id == item.owner_seat:
            return 0
        item.owner_seat, item.person_id = effective.seat_id, None
        if not item.side:
            case.owner_seat = item.owner_seat
        _record(case, item, "case.reseated", people.system("clock"))
    return 1


def _record(case: Case, item: WorkItem, kind: str, actor: Actor) -> None:
    head = events.record(
        f"case:{case.id}",
        kind,
        actor=actor,
        head=events.Head(case.event_seq, bytes(case.event_hash)),
        patch={
            "owner_seat": case.owner_seat,
            f"item:{item.number}": item_patch(item),
            "act": {
                "action": kind.removeprefix("case."),
                "stage": item.stage,
                "item": item.number,
                "at": clock.now(),
            },
        },
    )
    case.event_seq, case.event_hash = head.seq, head.hash
    case.save(update_fields=["owner_seat", "event_seq", "event_hash"])
    item.save(update_fields=["owner_seat", "person_id"])
