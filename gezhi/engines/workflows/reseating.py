"""What becomes of open work when people change: the seat keeps it; a personal draw or a barred holder gives it up.

Called in the leaver's own transaction (people.on_leave), and by the clock job, so that at no instant an open
item is owned by nobody or only by people who may not act on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gezhi.engines.workflows import protecting
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.record import item_patch
from gezhi.foundation import db, events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor


def person_left(person_id: int, seats: Iterable[int], actor: Actor) -> list[tuple[str, str]]:
    """Items the leaver had taken go back to their seat; one event a case, in this transaction.

    Returns (case number, stage) of each, for the hand-over list.
    """
    gone = set(seats)
    back: list[tuple[str, str]] = []
    for item in WorkItem.objects.filter(person_id=person_id, state=OPEN).order_by("case_id", "number"):
        if item.owner_seat in gone or not gone:
            back += _give_up(item.case_id, item.number, actor)
    return back


# The people revision and the next planned change that were settled last, by this process.
_settled: tuple[int, datetime | None] | None = None


def settle(now: datetime) -> int:
    """Bring open work in line with who sits where, when anything about that has changed. Returns how many moved.

    Items whose seat has only persons who may not act climb; items of persons who no longer answer for the seat
    (taken in the very moment they left) go back to it.
    """
    global _settled
    directory = people.directory()
    state = (db.revisions.current().get("people", 0), directory.next_change(now))
    if state == _settled:
        return 0
    moved = _settle_barred(now) + _settle_taken(now) + protecting.settle(now)
    _settled = state
    return moved


def _settle_taken(now: datetime) -> int:
    directory = people.directory()
    moved = 0
    taken = WorkItem.objects.filter(state=OPEN, person_id__isnull=False)
    for case_id, number, person, seat in taken.values_list("case_id", "number", "person_id", "owner_seat").iterator():
        if seat not in directory.answering(person, now):
            with db.write():
                moved += len(_give_up(case_id, number, people.system("clock")))
    return moved


def _settle_barred(now: datetime) -> int:
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


def _give_up(case_id: int, number: int, actor: Actor) -> list[tuple[str, str]]:
    found = _locked(case_id, number)
    if found is None:
        return []
    case, item = found
    item.person_id = None
    _record(case, item, "case.handed_back", actor)
    # A list of hand-over lies on desks: a protected matter is not on it.
    return [] if case.protected else [(case.number, item.stage)]


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
        if not item.side and item.branch == "":
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
