"""Seats follow the places: what was held at a place that closes is held at its successor. docs/rules/places.md

Two steps around the moving of open work (hooks of places.effects): first the successors get seats, and whoever sat
in the old one sits in that of the main successor; at the end the old seats close. So at no instant a case lies with a
seat that is gone. The other successors' seats begin vacant: they show as vacancies and fall upwards until filled.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gezhi.foundation import events, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.events import GENESIS, Draft
from gezhi.foundation.places.effects import Effect, on_effect

from .changing import Change, changing
from .models import Organisation, Seat, Substitute
from .records import SeatInfo
from .seats import NewSeat, _open, _store
from .snapshot import directory
from .terms import NewTerm, end_all_in, insert_holdings

OPEN_FIRST, CASES_FOLLOW, CLOSE_LAST = 10, 20, 30


class Moving(NamedTuple):
    """A seat of a place that closes: where it goes on and who sits there; `persons` are ids."""

    seat: SeatInfo
    persons: tuple[int, ...]
    also: int  # how many further successors get the same seat, vacant


def following(olds: tuple[int, ...], successors: dict[int, int]) -> list[Moving]:
    """What a plan would do to seats, for its preview: the open seats of the old places. `successors`: old -> how many."""
    people = directory()
    return [
        Moving(seat, people.holders(seat.id), max(0, successors.get(old, 1) - 1))
        for old in olds
        for seat in people.seats_at(old)
    ]


def open_successors(effect: Effect, actor: Any) -> None:
    """Open at each successor the seats its predecessors had, and seat their holders at the main one. Repeatable."""
    people, known = directory(), places.directory()
    pairs = [
        (seat, heir, position == 0)
        for old, heirs in effect.heirs.items()
        for seat in people.seats_at(old)
        for position, heir in enumerate(heirs)
        if known.open(heir) and known.get(heir).kind == known.get(old).kind
    ]
    if not pairs:
        return
    with changing(actor) as change:
        homes = _organisations(pairs, change, actor)
        there = {(s.post, s.place_id, s.organisation_id, s.mark): s.id for s in people.seats.values() if not s.closed}
        keys = [
            ((seat.post, heir, homes.get((seat.organisation_id, heir)), seat.mark), seat, main)
            for seat, heir, main in pairs
        ]
        wanted = list(dict.fromkeys(key for key, _seat, _main in keys if key not in there))
        opened = _open([NewSeat(*key) for key in wanted], change, actor, None) if wanted else []
        there |= dict(zip(wanted, opened, strict=True))
        _seat_holders([(seat, there[key]) for key, seat, main in keys if main], set(opened), change, actor)


def close_old(effect: Effect, actor: Any) -> None:
    """Close the seats of closed places; by now nothing lies with them."""
    seats = [seat for old in effect.olds for seat in directory().seats_at(old)] if effect.kind not in _STAYING else []
    if not seats:
        return
    with changing(actor) as change:
        root = change.before.chain.root
        rows = Seat.objects.select_for_update().in_bulk([s.id for s in seats if s.id != root])
        for row in rows.values():
            moment = max(change.now, row.opened_at)
            end_all_in(row.pk, moment, actor)
            row.closed_at = moment
            _store(row, "seat.closed", {"closed_at": moment}, actor)


_STAYING = frozenset({"rename", "recode", "move"})


def _organisations(pairs: list, change: Change, actor: Any) -> dict[tuple[int | None, int], int | None]:
    """(organisation of an old place, successor) -> its like there, entered when there is none."""
    known = {(o.code, o.place_id): o.id for o in change.before.organisations.values()}
    homes: dict[tuple[int | None, int], int | None] = {}
    for seat, heir, _main in pairs:
        if seat.organisation_id is None or (seat.organisation_id, heir) in homes:
            homes.setdefault((seat.organisation_id, heir), None)
            continue
        old = change.before.organisations[seat.organisation_id]
        found = known.get((old.code, heir))
        if found is None:
            (found,) = new_ids(Organisation, 1)
            facts = {"code": old.code, "name": old.name, "short": old.short, "kind": old.kind, "place_id": heir}
            draft = Draft(f"organisation:{found}", "organisation.opened", facts, head=GENESIS)
            (head,) = events.record_many([draft], actor=actor)
            Organisation.objects.create(id=found, **facts, event_seq=head.seq, event_hash=head.hash)
            known[old.code, heir] = found
            # The seats' opening looks organisations up in the picture of before.
            change.before.organisations[found] = type(old)(found, old.code, old.name, old.kind, heir, old.short)  # type: ignore[index]
        homes[seat.organisation_id, heir] = found
    return homes


def _seat_holders(pairs: list[tuple[SeatInfo, int]], opened: set[int], change: Change, actor: Any) -> None:
    """Who sits in the old seat sits in the new one as well, until the old one closes a moment later."""
    now, before = clock.now(), change.before
    terms: dict[tuple[int, int], NewTerm] = {}
    stand_ins: dict[tuple[int, int], tuple] = {}
    sitting = {(seat, t.person_id) for seat, all_terms in before.terms.items() for t in all_terms if t.covers(now)}
    for seat, new in pairs:
        for term in before.terms.get(seat.id, ()):
            key = (new, term.person_id)
            if not term.covers(now) or key in sitting or not before.persons[term.person_id].active:
                continue
            if not term.substitute:
                terms[key] = NewTerm(new, term.person_id, None, term.until)
            elif term.until is not None:
                stand_ins[key] = (new, term.person_id, now, term.until)
    if terms:
        insert_holdings(terms.values(), change, actor, opened_now=opened)
    rows = [row for key, row in stand_ins.items() if key not in terms]
    for id_, (seat_id, person, since, until) in zip(new_ids(Substitute, len(rows)), rows, strict=True):
        facts = {"seat_id": seat_id, "person_id": person, "since": since, "until": until, "reason": "other"}
        head = events.record(f"substitute:{id_}", "substitute.began", actor=actor, head=GENESIS, patch=facts)
        Substitute.objects.create(id=id_, **facts, event_seq=head.seq, event_hash=head.hash)


def register() -> None:
    """Called once when Django starts."""
    on_effect(open_successors, order=OPEN_FIRST)
    on_effect(close_old, order=CLOSE_LAST)
