"""换届: a whole committee replaced in one step, by one event set in one transaction. Stream `committee:<id>`.

Old holders out, new ones in, substitutes ended, personal draws handed back (the leave hooks), accounts of those who
keep no seat closed. Preview first; what was previewed is what is done, or the change is refused. docs/rules/seats.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q

from gezhi.foundation import db, events, jobs, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.events import GENESIS, Head

from . import refusals, terms
from .actor import Actor, system
from .changing import REVISION, Change, changing, instant, lock, need_to_manage
from .committee_table import Row
from .models import CommitteeChange, Holding, Person, Shift, Substitute, Term, Token
from .persons import NewPerson, create_people
from .records import HandOver
from .snapshot import directory
from .terms import NewTerm

JOB = "people.close_accounts"


@dataclass(frozen=True, slots=True)
class Line:
    """One seat of the change: who goes, who comes, who stays, whose standing-in ends. Person ids."""

    seat_id: int
    out: tuple[int, ...]
    into: tuple[int, ...]
    stay: tuple[int, ...]
    substitutes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do at `at`; `closing`: whose account would end; `seen`: the picture it was made from."""

    lines: tuple[Line, ...]
    closing: tuple[int, ...]
    seen: int


@dataclass(frozen=True, slots=True)
class Changed:
    """What was done: the change's id and a hand-over list per person who left."""

    id: int
    lists: tuple[HandOver, ...]


def preview(place_id: int, seats: Mapping[int, Sequence[int]], *, actor: Actor, at: datetime | None = None) -> Preview:
    """What `change_committee` would do now; nothing is changed. Persons still to be entered are left out.

    Raises NotFound people.no_seat, Invalid people.not_here, NotAllowed.
    """
    people, moment = directory(), at or clock.now()
    _check_seats(place_id, seats, actor)
    lines = []
    for seat_id, persons in seats.items():
        running = [term for term in people.terms.get(seat_id, ()) if term.until is None or term.until > moment]
        held = [term.person_id for term in running if not term.substitute]
        lines.append(
            Line(
                seat_id,
                out=tuple(dict.fromkeys(p for p in held if p not in persons)),
                into=tuple(p for p in dict.fromkeys(persons) if p not in held),
                stay=tuple(dict.fromkeys(p for p in held if p in persons)),
                substitutes=tuple(dict.fromkeys(t.person_id for t in running if t.substitute)),
            )
        )
    leaving = dict.fromkeys(person for line in lines for person in line.out)
    kept = {
        term.person_id
        for seat_id, found in people.terms.items()
        for term in found
        if (term.until is None or term.until > moment) and (seat_id not in seats or term.person_id in seats[seat_id])
    } | {person for persons in seats.values() for person in persons}
    return Preview(tuple(lines), tuple(p for p in leaving if p not in kept), revisions.current().get(REVISION, 0))


def change_committee(
    place_id: int,
    seats: Mapping[int, Sequence[int]],
    *,
    actor: Actor,
    at: datetime | None = None,
    seen: int | None = None,
) -> Changed:
    """Each seat gets exactly these persons from `at` (now when empty) on; see the module. All or nothing.

    `seats`: seats at the place or inside it; those not named stay as they are, an empty list makes one vacant. For a
    later `at` accounts are closed when it comes. `seen`: the `Preview.seen` this was decided on.
    Raises Conflict people.seen_changed, people.root_needs_two, people.not_active, people.seat_closed; Invalid
    people.not_here, people.term_wrong; NotFound; NotAllowed (also for appointing oneself).
    """
    with db.write():
        _refuse_stale(seen)
        _check_seats(place_id, seats, actor)
        with changing(actor) as change:
            moment = instant(change, at, actor)
            lines, ended = _replace(seats, moment, change, actor)
            leaving = dict.fromkeys(person for line in lines for person in line.out)
            closing = [person for person in leaving if not _keeps_a_seat(person, moment)]
            body = {
                "seats": [
                    {
                        "seat": line.seat_id,
                        "out": list(line.out),
                        "in": list(line.into),
                        "stay": list(line.stay),
                        "substitutes": list(line.substitutes),
                    }
                    for line in lines
                ],
                "closing": closing,
            }
            (id_,) = new_ids(CommitteeChange, 1)
            done = moment <= change.now
            facts = {"place_id": place_id, "at": moment, "body": body, "done_at": change.now if done else None}
            head = events.record(f"committee:{id_}", "committee.changed", actor=actor, head=GENESIS, patch=facts)
            CommitteeChange.objects.create(id=id_, **facts, event_seq=head.seq, event_hash=head.hash)
            if done:
                _close_accounts(closing, change, actor)
            else:
                jobs.enqueue(JOB, f"committee:{id_}", {"change": id_}, run_at=moment)
    return Changed(id_, tuple(terms.hand_over_lists(change, ended)))


def replace_committee(
    place_id: int, rows: Sequence[Row], *, actor: Actor, at: datetime | None = None, seen: int | None = None
) -> Changed:
    """`change_committee` from the rows of a table; persons nobody knows yet are entered in the same transaction.

    Raises Invalid people.table_wrong while a row has a problem, and as `change_committee`.
    """
    if not rows or any(row.problem for row in rows):
        raise refusals.TABLE_WRONG(count=sum(1 for row in rows if row.problem))
    with db.write():
        _refuse_stale(seen)
        fresh = list(dict.fromkeys((row.name, row.phone) for row in rows if row.new))
        ids = create_people([NewPerson(name, phone or None) for name, phone in fresh], actor=actor) if fresh else []
        known = dict(zip(fresh, ids, strict=True))
        return change_committee(place_id, seats_of(rows, known), actor=actor, at=at)


def seats_of(rows: Sequence[Row], known: Mapping[tuple[str, str], int] | None = None) -> dict[int, list[int]]:
    """Seat -> persons of a table; `known`: ids of the persons entered for it, who are left out without it."""
    seats: dict[int, list[int]] = {}
    for row in rows:
        if row.seat_id is None:
            continue
        there = seats.setdefault(row.seat_id, [])
        person = (known or {}).get((row.name, row.phone)) if row.new else row.person_id
        if person is not None and person not in there:
            there.append(person)
    return seats


def close_accounts(change_id: int) -> int:
    """At the date of a change planned ahead: close the accounts of those who still keep no seat; returns how many."""
    actor = system("clock")
    with changing(actor) as change:
        row = CommitteeChange.objects.select_for_update().get(pk=change_id)
        if row.done_at is not None:
            return 0
        closing = [person for person in row.body["closing"] if not _keeps_a_seat(person, change.now)]
        row.done_at = change.now
        head = Head(row.event_seq, bytes(row.event_hash))
        row.event_seq, row.event_hash = events.record(
            f"committee:{row.pk}", "committee.done", actor=actor, head=head, patch={"done_at": row.done_at}
        )
        row.save()
        return _close_accounts(closing, change, actor)


def _refuse_stale(seen: int | None) -> None:
    """Under the lock: nothing has changed since the preview, or the change is refused."""
    lock()
    if seen is not None and revisions.current().get(REVISION, 0) != seen:
        raise refusals.SEEN_CHANGED()


def _check_seats(place_id: int, seats: Mapping[int, Sequence[int]], actor: Actor) -> None:
    everywhere, people = places.directory(), directory()
    need_to_manage(actor, place_id)
    if not seats:
        raise refusals.NOT_HERE()
    for seat_id in seats:
        if not everywhere.is_within(people.seat(seat_id).place_id, place_id):
            raise refusals.NOT_HERE()


def _replace(
    seats: Mapping[int, Sequence[int]], moment: datetime, change: Change, actor: Actor
) -> tuple[list[Line], list[Term]]:
    lines: list[Line] = []
    ending: list[Term] = []
    standing_in: list[Term] = []
    coming: list[NewTerm] = []
    for seat_id, persons in seats.items():
        held = terms.running(Holding, moment, seat_id=seat_id)
        helping = terms.running(Substitute, moment, seat_id=seat_id)
        wanted = list(dict.fromkeys(persons))
        going = [term for term in held if term.person_id not in wanted]
        there = {term.person_id for term in held}
        coming += [NewTerm(seat_id, person, moment) for person in wanted if person not in there]
        ending += going
        standing_in += helping
        lines.append(
            Line(
                seat_id,
                out=tuple(dict.fromkeys(term.person_id for term in going)),
                into=tuple(person for person in wanted if person not in there),
                stay=tuple(person for person in wanted if person in there),
                substitutes=tuple(dict.fromkeys(term.person_id for term in helping)),
            )
        )
    terms.insert_holdings(coming, change, actor)
    terms.end_holdings(ending, moment, change, actor, coming)
    for term in standing_in:
        terms.end(term, moment, actor)
    return lines, ending


def _keeps_a_seat(person_id: int, moment: datetime) -> bool:
    reaching = Q(until=None) | (Q(until__gt=moment) & Q(until__gt=F("since")))
    return any(model.objects.filter(reaching, person_id=person_id).exists() for model in (Holding, Substitute))


def _close_accounts(persons: Sequence[int], change: Change, actor: Actor) -> int:
    """Deactivate: no sign-in, no session, no token, no shift."""
    rows = list(Person.objects.select_for_update().filter(pk__in=persons, active=True).order_by("pk"))
    for row in rows:
        for shift in terms.running(Shift, change.now, person_id=row.pk):
            terms.end(shift, change.now, actor)
        row.active, row.session_epoch = False, row.session_epoch + 1
        patch = {"active": False, "session_epoch": row.session_epoch}
        terms.store(f"person:{row.pk}", row, "person.deactivated", patch, actor)
    Token.objects.filter(person_id__in=[row.pk for row in rows]).delete()
    return len(rows)
