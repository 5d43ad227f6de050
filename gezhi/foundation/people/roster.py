"""Reading the duty roster: who is on now, a month of shifts, and its holes. Nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F

from gezhi.foundation.calendar import clock

from . import rotation
from .models import Shift
from .records import SeatInfo
from .snapshot import directory


@dataclass(frozen=True, slots=True)
class OnDuty:
    """A duty seat at an instant. `shift`: by the roster; otherwise `seat_id` is who it falls to."""

    seat: SeatInfo
    shift: bool
    until: datetime | None
    seat_id: int
    persons: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ShiftInfo:
    """One shift of a roster; `on` is the local day it begins."""

    id: int
    seat_id: int
    person_id: int
    since: datetime
    until: datetime
    slot: str
    on: date


@dataclass(frozen=True, slots=True)
class Roster:
    """A place's duty seats over days: shifts in order, and the stretches to come that nobody has."""

    seats: tuple[SeatInfo, ...]
    shifts: tuple[ShiftInfo, ...]
    holes: tuple[tuple[int, datetime, datetime], ...]


def duty_seats(place_id: int) -> tuple[SeatInfo, ...]:
    """Open duty seats exactly at a place, in order of id."""
    people = directory()
    return tuple(seat for seat in people.seats_at(place_id) if people.posts[seat.post].duty)


def on_duty(place_id: int, at: datetime | None = None) -> tuple[OnDuty, ...]:
    """Who is on duty here; a seat without a shift says to whom it falls. No query beyond the directory's."""
    at = at or clock.now()
    people = directory()
    found = []
    for seat in duty_seats(place_id):
        shift = people.shift_at(seat.id, at)
        effective = people.effective(seat.id, at)
        found.append(
            OnDuty(seat, shift is not None, shift.until if shift else None, effective.seat_id, effective.persons)
        )
    return tuple(found)


def roster(place_id: int, first: date, last: date) -> Roster:
    """The shifts that begin on the local days `first` to `last`, both included, and the holes still to come (one query).

    A stretch is a hole once the seat has had any shift at all: a seat without a roster has no holes, it is unrostered.
    """
    seats = duty_seats(place_id)
    since = clock.midnight(first)
    until = clock.midnight(last + timedelta(days=1))
    rows = Shift.objects.filter(seat_id__in=[seat.id for seat in seats], since__lt=until, until__gt=since)
    shifts = tuple(
        ShiftInfo(id_, seat_id, person_id, begin, end, slot, clock.local(begin).date())
        for id_, seat_id, person_id, begin, end, slot in rows.exclude(until=F("since"))
        .order_by("since", "seat_id")
        .values_list("id", "seat_id", "person_id", "since", "until", "slot")
    )
    people, now = directory(), clock.now()
    gaps = []
    for seat in seats:
        known = people.shifts.get(seat.id, ())
        if not known or until <= now:
            continue
        taken = [(term.since, term.until) for term in known if term.until is not None]
        begun = max(since, now, known[0].since)
        if begun < until:
            gaps += [(seat.id, start, end) for start, end in rotation.holes(taken, begun, until)]
    return Roster(seats, tuple(shift for shift in shifts if shift.on >= first), tuple(gaps))
