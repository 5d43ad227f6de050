"""Where a vacant seat falls to. Pure lookups over seats, posts and places; no persons, no time.

A seat of an organisation that stands in a tree goes up that tree first. Otherwise:
the seat above is the seat that serves the place in the post this post falls to; a post that falls to
none goes to the same post at a place further up; what finds nothing goes to the root. Every step either
moves along `falls_to`, which has no cycle, or strictly up the places, so each chain ends. docs/rules/seats.md
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from .records import EdgeInfo, OrganisationInfo, PostInfo, SeatInfo

if TYPE_CHECKING:
    from gezhi.foundation import places

SUPERVISE = "case.supervise"


class Chain:
    """The ladder of seats of one snapshot."""

    def __init__(
        self,
        posts: Mapping[str, PostInfo],
        organisations: Mapping[int, OrganisationInfo],
        seats: Mapping[int, SeatInfo],
        map_of_places: places.Directory,
        edges: Iterable[EdgeInfo] = (),
    ):
        self._posts = posts
        self._organisations = organisations
        self._seats = seats
        self._places = map_of_places
        self._by_place: dict[int, list[SeatInfo]] = defaultdict(list)
        self._by_post: dict[tuple[int, str], list[SeatInfo]] = defaultdict(list)
        self.root: int | None = None
        for seat in seats.values():
            if seat.closed:
                continue
            self._by_place[seat.place_id].append(seat)
            self._by_post[seat.place_id, seat.post].append(seat)
            if posts[seat.post].root:
                self.root = seat.id
        self._organisation_names: dict[str, list[OrganisationInfo]] = defaultdict(list)
        for organisation in organisations.values():
            for name in {organisation.code, organisation.name, organisation.short} - {""}:
                self._organisation_names[name].append(organisation)
        self._above: dict[int, int | None] = {}
        self._climbing: set[int] = set()
        self._parents: dict[int, int | None] = {}
        for edge in sorted((edge for edge in edges if edge.until is None), key=lambda edge: edge.tree):
            self._parents.setdefault(edge.child, edge.parent)
        self._of_organisation: dict[int, list[SeatInfo]] = defaultdict(list)
        if self._parents:
            rank = {code: position for position, code in enumerate(posts)}
            for seat in sorted(seats.values(), key=lambda seat: (rank[seat.post], seat.id)):
                if seat.organisation_id in self._parents and not seat.closed:
                    self._of_organisation[seat.organisation_id].append(seat)
            for seat_id in seats:  # now and in one order: whether a step up the tree would lead round must not waver
                self.above(seat_id)

    def kind(self, place_id: int) -> str:
        return self._places.get(place_id).kind

    def seats_at(self, place_id: int, post: str | None = None) -> tuple[SeatInfo, ...]:
        if post is None:
            return tuple(self._by_place.get(place_id, ()))
        return tuple(self._by_post.get((place_id, post), ()))

    def organisation(self, name: str, place_id: int | None) -> OrganisationInfo | None:
        found = self._organisation_names.get(name, ())
        if place_id is None:
            return found[0] if found else None
        for place in self._upwards(place_id):
            for organisation in found:
                if organisation.place_id == place:
                    return organisation
        return None

    def serving(self, post: str, place_id: int, organisation_id: int | None = None) -> int | None:
        """The nearest seat of the post from this place upwards, else of the post it falls to, else None."""
        code: str | None = post
        while code is not None:
            upwards = tuple(self._upwards(place_id))
            if organisation_id is not None and code == post:
                for place in upwards:
                    for seat in self._by_post.get((place, code), ()):
                        if seat.organisation_id == organisation_id:
                            return seat.id
            for place in upwards:
                if here := self._by_post.get((place, code)):
                    return here[0].id
            known = self._posts.get(code)
            code = known.falls_to if known else None
        return self.root

    def above(self, seat_id: int) -> int | None:
        """The next seat up; None for the root, and while there is no root."""
        try:
            return self._above[seat_id]
        except KeyError:
            return self._above.setdefault(seat_id, self._find_above(self._seats[seat_id]))

    def root_peers(self) -> Iterator[int]:
        """Other seats of the root's place that may supervise, in order of id."""
        if self.root is None:
            return
        for seat in self._by_place.get(self._seats[self.root].place_id, ()):
            if seat.id != self.root and SUPERVISE in self._posts[seat.post].powers:
                yield seat.id

    def _find_above(self, seat: SeatInfo) -> int | None:
        if seat.id == self.root:
            return None
        if seat.organisation_id in self._parents and (up := self._up_the_tree(seat)) is not None:
            return up
        falls_to = self._posts[seat.post].falls_to
        if falls_to is not None:
            found = self.serving(falls_to, seat.place_id)
            return found if found != seat.id else self.root
        for place in self._upwards(seat.place_id):
            if place != seat.place_id and (here := self._by_post.get((place, seat.post))):
                return here[0].id
        return self.root

    def _up_the_tree(self, seat: SeatInfo) -> int | None:
        """The seat its post falls to in the same organisation, else the first seat of the nearest one above.

        None where the tree ends, and where posts and tree together would lead back to this seat.
        """
        falls_to = self._posts[seat.post].falls_to
        organisation = seat.organisation_id
        found = next((one for one in self._of_organisation.get(organisation or 0, ()) if one.post == falls_to), None)
        while found is None and organisation is not None:
            organisation = self._parents.get(organisation)
            found = next(iter(self._of_organisation.get(organisation or 0, ())), None)
        return found.id if found is not None and not self._leads_back(found.id, seat.id) else None

    def _leads_back(self, start: int, seat_id: int) -> bool:
        self._climbing.add(seat_id)
        try:
            step: int | None = start
            while step is not None:
                if step in self._climbing:
                    return True
                step = self.above(step)
            return False
        finally:
            self._climbing.discard(seat_id)

    def _upwards(self, place_id: int) -> Iterator[int]:
        yield place_id
        yield from self._places.ancestors(place_id)
