"""Questions about seats and persons. They read the directory in memory; nothing here writes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

from gezhi.foundation import places
from gezhi.foundation.calendar import clock

from .records import Effective, HandOver, HandOverSeat, PostInfo, SeatInfo
from .snapshot import People, directory, where


@dataclass(frozen=True, slots=True)
class RoleCount:
    """One post at a date. `persons` counts each once, `holders` once per seat they sit in."""

    post: PostInfo
    seats: int
    held: int
    holders: int
    persons: int
    vacant: tuple[SeatInfo, ...]


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of a place at a date; `persons` counts each once even when they hold several posts."""

    at: datetime
    posts: tuple[RoleCount, ...]
    persons: int
    person_ids: frozenset[int]

    def of(self, post: str) -> RoleCount | None:
        """The line of one post, None when it has no seat here."""
        return next((line for line in self.posts if line.post.code == post), None)

    @property
    def vacant(self) -> tuple[SeatInfo, ...]:
        return tuple(seat for line in self.posts for seat in line.vacant)


def seats_within(place_id: int, at: datetime | None = None) -> list[SeatInfo]:
    """Seats of a place and everything inside it that were open or held at a date, in order of id."""
    at = at or clock.now()
    everywhere = places.directory(clock.local(at).date())
    inside = {place_id, *everywhere.descendants(place_id)}
    people = directory()
    return [
        seat
        for seat in people.seats.values()
        if seat.place_id in inside and (seat.open_at(at) or people.holders(seat.id, at))
    ]


def roles_at(place_id: int, at: datetime | None = None) -> Roles:
    """How many seats, holders and persons each post has here at a date, and which seats are vacant.

    Holders are those who were appointed; a seat kept going by a substitute alone counts as vacant.
    """
    at = at or clock.now()
    people = directory()
    by_post: dict[str, list[SeatInfo]] = defaultdict(list)
    for seat in seats_within(place_id, at):
        by_post[seat.post].append(seat)
    lines, everybody = [], set()
    for code, post in people.posts.items():
        seats = by_post.get(code, [])
        if not seats:
            continue
        held = {seat.id: appointed(people, seat.id, at) for seat in seats}
        persons = {person for found in held.values() for person in found}
        everybody |= persons
        lines.append(
            RoleCount(
                post=post,
                seats=len(seats),
                held=sum(1 for found in held.values() if found),
                holders=sum(len(found) for found in held.values()),
                persons=len(persons),
                vacant=tuple(seat for seat in seats if not held[seat.id]),
            )
        )
    return Roles(at, tuple(lines), len(everybody), frozenset(everybody))


def label_on(seat: SeatInfo, map_of_places: places.Directory) -> str:
    """A seat's label with the names places had on the date of a directory: what a past bulletin calls it."""
    if map_of_places.get(seat.place_id) is None:
        return seat.label
    return replace(seat, where=where(map_of_places, seat.place_id)).label


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A seat nobody is appointed to: since when, and who answers meanwhile (a substitute, or a seat above)."""

    seat: SeatInfo
    since: datetime
    never_held: bool
    answers: Effective


def vacancies(place_id: int, at: datetime | None = None) -> list[Vacancy]:
    """Vacant open seats of a place and everything inside it, the longest vacant first."""
    at = at or clock.now()
    people = directory()
    found = []
    for seat in seats_within(place_id, at):
        if not seat.open_at(at) or appointed(people, seat.id, at):
            continue
        ended = [
            term.until
            for term in (*people.terms.get(seat.id, ()), *people.shifts.get(seat.id, ()))
            if not term.substitute and term.until is not None and term.until <= at and term.until >= seat.opened_at
        ]
        found.append(Vacancy(seat, max(ended, default=seat.opened_at), not ended, people.epoch(at).effective[seat.id]))
    return sorted(found, key=lambda one: (one.since, one.seat.id))


def appointed(people: People, seat_id: int, at: datetime) -> tuple[int, ...]:
    """Holders without substitutes; of a duty seat whoever is on shift, else who was appointed to stand by."""
    terms = people.terms.get(seat_id, ())
    if (shift := people.shift_at(seat_id, at)) is not None:
        return (shift.person_id,)
    return tuple(dict.fromkeys(term.person_id for term in terms if not term.substitute and term.covers(at)))


@dataclass(frozen=True, slots=True)
class GridRole:
    """What a person is in one grid."""

    post: PostInfo
    seat: SeatInfo
    substitute: bool


def grid_roles(person_id: int, at: datetime | None = None) -> tuple[GridRole, ...]:
    """The roles a person has in grids at a date: everybody drawn into the grids has at least one."""
    people = directory()
    everywhere = places.directory()
    roles = []
    for substitute, seats in ((False, people.held(person_id, at)), (True, people.substituted(person_id, at))):
        for seat_id in seats:
            seat = people.seat(seat_id)
            if everywhere.get(seat.place_id).kind in places.GRIDS:
                roles.append(GridRole(people.posts[seat.post], seat, substitute))
    return tuple(roles)


def hand_over_list(person_id: int, at: datetime | None = None) -> HandOver:
    """What leaving now would hand over: each seat and who would answer for it. Nothing is changed.

    The items a person has drawn are added by whoever keeps them, when the person really leaves.
    """
    at = at or clock.now()
    people = directory()
    people.person(person_id)
    rows = []
    for seat_id in (*people.held(person_id, at), *people.substituted(person_id, at)):
        found = people.effective(seat_id, at, unlike={person_id})
        rows.append(HandOverSeat(seat_id, people.seat(seat_id).label, found.seat_id, found.persons))
    return HandOver(person_id, tuple(rows), ())
