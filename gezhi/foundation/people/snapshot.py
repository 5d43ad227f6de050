"""The directory in memory: seats, posts, persons and terms, and who answers for a seat at an instant.

`directory()` compares its revision numbers ("people", "places") with the database once per request and
reloads when one moved. Nothing here writes. docs/rules/seats.md
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from gezhi.foundation import places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions

from . import refusals
from .chain import Chain
from .records import EdgeInfo, Effective, OrganisationInfo, PersonInfo, PostInfo, SeatInfo, TermInfo

_EPOCHS_KEPT = 16
_SNAPSHOTS_KEPT = 3


class Epoch:
    """Who sits where between two instants at which anything changes. Built once, then only read."""

    __slots__ = ("actors", "answering", "effective", "held", "present", "substituted")

    def __init__(self, people: People, at: datetime):
        present: dict[int, tuple[int, ...]] = {}
        held: dict[int, list[int]] = defaultdict(list)
        substituted: dict[int, list[int]] = defaultdict(list)
        for seat_id in people.terms.keys() | people.shifts.keys():
            terms = people.terms.get(seat_id, ())
            here = sorted((term for term in terms if term.covers(at)), key=TermInfo.order)
            # Who is on shift has the seat; those appointed to a duty seat stand by while nobody is.
            if (shift := people.shift_at(seat_id, at)) is not None:
                here = [shift]
            if here:
                present[seat_id] = tuple(dict.fromkeys(term.person_id for term in here))
            for term in here:
                (substituted if term.substitute else held)[term.person_id].append(seat_id)
        effective: dict[int, Effective] = {}
        answering: dict[int, set[int]] = defaultdict(set)
        for seat_id in people.seats:
            found = seat_id
            while found not in present and (above := people.chain.above(found)) is not None:
                found = above
            effective[seat_id] = Effective(found, present.get(found, ()))
            for person_id in effective[seat_id].persons:
                answering[person_id].add(seat_id)
        self.present = present
        self.held = {person: tuple(sorted(set(seats))) for person, seats in held.items()}
        self.substituted = {
            person: tuple(sorted(set(seats) - set(held.get(person, ())))) for person, seats in substituted.items()
        }
        self.effective = effective
        self.answering = {person: frozenset(seats) for person, seats in answering.items()}
        self.actors: dict[int, object] = {}


class People:
    """A consistent picture of all seats. Public attributes are read-only by convention."""

    def __init__(
        self,
        *,
        posts: Mapping[str, PostInfo],
        organisations: Mapping[int, OrganisationInfo],
        seats: Mapping[int, SeatInfo],
        persons: Mapping[int, PersonInfo],
        terms: Mapping[int, tuple[TermInfo, ...]],
        chain: Chain,
        shifts: Mapping[int, tuple[TermInfo, ...]] | None = None,
        edges: tuple[EdgeInfo, ...] = (),
    ):
        self.posts = posts
        self.organisations = organisations
        self.seats = seats
        self.persons = persons
        self.terms = terms
        self.chain = chain
        self.shifts = shifts or {}
        self.edges = edges
        self._shift_starts = {seat: [term.since for term in found] for seat, found in self.shifts.items()}
        instants = {term.since for all_terms in terms.values() for term in all_terms}
        instants |= {term.until for all_terms in terms.values() for term in all_terms if term.until}
        for found in self.shifts.values():
            instants |= {moment for term in found for moment in (term.since, term.until) if moment}
        for seat in seats.values():
            instants.add(seat.opened_at)
            if seat.closed_at:
                instants.add(seat.closed_at)
        self._instants = sorted(instants)
        self._epochs: OrderedDict[int, Epoch] = OrderedDict()

    # Facts

    def seat(self, seat_id: int) -> SeatInfo:
        """Raises NotFound people.no_seat."""
        try:
            return self.seats[seat_id]
        except KeyError:
            raise refusals.NO_SEAT(seat=seat_id) from None

    def post(self, code: str) -> PostInfo:
        """Raises NotFound people.no_post."""
        try:
            return self.posts[code]
        except KeyError:
            raise refusals.NO_POST(post=code) from None

    def person(self, person_id: int) -> PersonInfo:
        """Raises NotFound people.no_person."""
        try:
            return self.persons[person_id]
        except KeyError:
            raise refusals.NO_PERSON(person=person_id) from None

    def organisation(self, name: str, place_id: int | None = None) -> OrganisationInfo | None:
        """The organisation with this code or name; of several with one code, the one nearest above the place."""
        return self.chain.organisation(name, place_id)

    @property
    def root(self) -> int:
        """The seat where every chain ends. Raises Unavailable people.no_root before it is opened."""
        if self.chain.root is None:
            raise refusals.NO_ROOT()
        return self.chain.root

    def seats_at(self, place_id: int, post: str | None = None) -> tuple[SeatInfo, ...]:
        """Open seats exactly at this place, in order of id; of one post when given."""
        return self.chain.seats_at(place_id, post)

    def seat_for(self, post: str, place_id: int, organisation_id: int | None = None) -> int:
        """The seat of this post that serves the place.

        The nearest place, from `place_id` upwards, that has such a seat; else the same for the post it
        falls to, and so on; else the root. Several at one place: the lowest id, so that it does not waver.
        With `organisation_id` only that organisation's seats count at first.
        """
        found = self.chain.serving(post, place_id, organisation_id)
        return self.root if found is None else found

    def above(self, seat_id: int) -> int | None:
        """Where the seat falls to when vacant, and who supervises it; None for the root."""
        self.seat(seat_id)
        return self.chain.above(seat_id)

    # Persons at an instant; `at` empty = now

    def holders(self, seat_id: int, at: datetime | None = None) -> tuple[int, ...]:
        """Persons in term, holders before substitutes, each once. Empty = vacant."""
        self.seat(seat_id)
        return self.epoch(at).present.get(seat_id, ())

    def effective(self, seat_id: int, at: datetime | None = None, unlike: Collection[int] = frozenset()) -> Effective:
        """Who does the seat's work: its own persons, else those of the nearest seat above that has any.

        Nobody in `unlike` (persons) is ever returned. When even the root has only such persons, another
        seat of the root's place with the power to supervise stands in; when there is none either,
        raises Conflict people.nobody_left.
        """
        self.seat(seat_id)
        epoch = self.epoch(at)
        plain = epoch.effective[seat_id]
        if not unlike:
            if not plain.persons:
                raise refusals.NOBODY_LEFT(seat=self.seats[seat_id].label)
            return plain
        found: int | None = plain.seat_id
        while found is not None:
            persons = tuple(person for person in epoch.present.get(found, ()) if person not in unlike)
            if persons:
                return Effective(found, persons)
            found = self.chain.above(found)
        for peer in self.chain.root_peers():
            persons = tuple(person for person in epoch.present.get(peer, ()) if person not in unlike)
            if persons:
                return Effective(peer, persons)
        raise refusals.NOBODY_LEFT(seat=self.seats[seat_id].label)

    def shift_at(self, seat_id: int, at: datetime) -> TermInfo | None:
        """The shift of a duty seat that covers the instant; they never overlap, so the last to begin is it."""
        found = self.shifts.get(seat_id)
        if not found:
            return None
        index = bisect_right(self._shift_starts[seat_id], at)
        return found[index - 1] if index and found[index - 1].covers(at) else None

    def answering(self, person_id: int, at: datetime | None = None) -> frozenset[int]:
        """Every seat whose effective persons include this one."""
        return self.epoch(at).answering.get(person_id, frozenset())

    def held(self, person_id: int, at: datetime | None = None) -> tuple[int, ...]:
        """Seats the person holds."""
        return self.epoch(at).held.get(person_id, ())

    def substituted(self, person_id: int, at: datetime | None = None) -> tuple[int, ...]:
        """Seats the person serves as a substitute only."""
        return self.epoch(at).substituted.get(person_id, ())

    def next_change(self, at: datetime | None = None) -> datetime | None:
        """The next instant after `at` when a term or a seat begins or ends; None = nothing is planned."""
        index = bisect_right(self._instants, at or clock.now())
        return self._instants[index] if index < len(self._instants) else None

    def epoch(self, at: datetime | None = None) -> Epoch:
        """The picture that holds at `at`."""
        at = at or clock.now()
        index = bisect_right(self._instants, at)
        epoch = self._epochs.get(index)
        if epoch is None:
            epoch = Epoch(self, at)
            self._epochs[index] = epoch
            while len(self._epochs) > _EPOCHS_KEPT:
                self._epochs.popitem(last=False)
        return epoch

    def instants(self, start: datetime, end: datetime) -> tuple[datetime, ...]:
        """`start` and every instant up to and including `end` at which anything changes, in order."""
        first, last = bisect_right(self._instants, start), bisect_right(self._instants, end)
        return (start, *self._instants[first:last])


class _Kept(NamedTuple):
    revision: int
    map_of_places: places.Directory
    people: People


# The newest pictures; more than one, because a write in progress sees its own next to everybody else's.
_kept: tuple[_Kept, ...] = ()
_lock = threading.Lock()


def directory() -> People:
    """The current directory. No query beyond the revision numbers, and none for those within a request."""
    global _kept
    revision = revisions.current().get("people", 0)
    map_of_places = places.directory()
    for kept in _kept:
        if kept.revision == revision and kept.map_of_places is map_of_places:
            return kept.people
    people = load(map_of_places)
    with _lock:
        _kept = (_Kept(revision, map_of_places, people), *_kept)[:_SNAPSHOTS_KEPT]
    return people


def load(map_of_places: places.Directory) -> People:
    """Read the tables (eight queries) and build a fresh picture."""
    from django.db.models import F

    from .models import Holding, Organisation, OrganisationEdge, Person, Post, Seat, Shift, Substitute

    posts = {
        row[0]: PostInfo(row[0], row[1], row[2], row[3], frozenset(row[4]), row[5], row[6], row[7])
        for row in Post.objects.order_by("position", "code").values_list(
            "code", "title_zh", "title_en", "level", "powers", "falls_to", "root", "duty"
        )
    }
    organisations = {
        row[0]: OrganisationInfo(*row)
        for row in Organisation.objects.order_by("id").values_list("id", "code", "name", "kind", "place_id", "short")
    }
    edges = tuple(
        EdgeInfo(*row)
        for row in OrganisationEdge.objects.order_by("id").values_list(
            "tree", "child_id", "parent_id", "since", "until"
        )
    )
    in_trees = {edge.child for edge in edges}
    seats = {}
    for row in Seat.objects.order_by("id").values_list(
        "id", "post__code", "place_id", "organisation_id", "label", "opened_at", "closed_at"
    ):
        seats[row[0]] = SeatInfo(
            id=row[0],
            post=row[1],
            place_id=row[2],
            organisation_id=row[3],
            mark=row[4],
            opened_at=row[5],
            closed_at=row[6],
            titles=posts[row[1]].titles,
            where=where(map_of_places, row[2]),
            organisation_name=organisations[row[3]].name if row[3] else "",
            in_tree=row[3] in in_trees,
        )
    persons = {
        row[0]: PersonInfo(*row)
        for row in Person.objects.order_by("id").values_list(
            "id",
            "name_public",
            "username",
            "language",
            "active",
            "synthetic",
            "session_epoch",
            "must_change",
            "second_factor",
        )
    }
    terms: dict[int, list[TermInfo]] = defaultdict(list)
    for substitute, model in ((False, Holding), (True, Substitute)):
        for seat_id, person_id, since, until in model.objects.order_by("id").values_list(
            "seat_id", "person_id", "since", "until"
        ):
            if until is None or until > since:
                terms[seat_id].append(TermInfo(person_id, since, until, substitute))
    shifts: dict[int, list[TermInfo]] = defaultdict(list)
    for seat_id, person_id, since, until in (
        Shift.objects.filter(until__gt=F("since"))
        .order_by("since")
        .values_list("seat_id", "person_id", "since", "until")
    ):
        shifts[seat_id].append(TermInfo(person_id, since, until, substitute=False, shift=True))
    return People(
        posts=posts,
        organisations=organisations,
        seats=seats,
        persons=persons,
        terms={seat_id: tuple(found) for seat_id, found in terms.items() if seat_id in seats},
        chain=Chain(posts, organisations, seats, map_of_places, edges),
        shifts={seat_id: tuple(found) for seat_id, found in shifts.items()},
        edges=edges,
    )


def where(map_of_places: places.Directory, place_id: int) -> str:
    """The place as a seat's label says it: a grid or building is named with its village or community."""
    info = map_of_places.get(place_id)
    if info.kind not in places.GRIDS and info.kind != "building":
        return places.short_name(info.name)
    village = map_of_places.at_level(place_id, "village")
    return info.name if village is None else places.short_name(map_of_places.get(village).name) + info.name


def held_always(terms: Collection[TermInfo], start: datetime, least: int) -> bool:
    """Whether from `start` on, for ever, at least `least` distinct holders (no substitutes) are in term."""
    holders = [term for term in terms if not term.substitute]
    instants = {start} | {
        instant for term in holders for instant in (term.since, term.until) if instant and instant > start
    }
    # Between two neighbouring instants nothing changes, so looking at each beginning is enough.
    return all(len({term.person_id for term in holders if term.covers(at)}) >= least for at in instants)
