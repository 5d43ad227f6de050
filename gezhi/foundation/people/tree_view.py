"""Reading a tree of organisations: its nodes with their sums, who has a duty, which level covers a matter.

Sums add up: what a node says in `total` is its own plus its children's `total`. Persons are counted apart, each once,
and so do not add up: the same person may sit in two branches. Nothing here writes or queries beyond the directory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gezhi.foundation import places
from gezhi.foundation.calendar import clock

from . import refusals
from .queries import appointed
from .records import OrganisationInfo, SeatInfo
from .snapshot import People, directory
from .trees import shape


@dataclass(frozen=True, slots=True)
class Sums:
    """Figures of a branch: organisations, seats, seats held, holders (person-times), holders by post, and by kind."""

    organisations: int
    seats: int
    held: int
    by_post: Mapping[str, int]
    by_kind: Mapping[str, int]

    @property
    def holders(self) -> int:
        return sum(self.by_post.values())

    @property
    def vacant(self) -> int:
        return self.seats - self.held

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.organisations + other.organisations,
            self.seats + other.seats,
            self.held + other.held,
            dict(Counter(self.by_post) + Counter(other.by_post)),
            dict(Counter(self.by_kind) + Counter(other.by_kind)),
        )


@dataclass(frozen=True, slots=True)
class Node:
    """An organisation in its tree. `depth`: 1 = the root; `persons`: each once over the whole branch."""

    organisation: OrganisationInfo
    title: Mapping[str, str]
    depth: int
    parent: int | None
    children: tuple[int, ...]
    seats: tuple[SeatInfo, ...]
    own: Sums
    total: Sums
    persons: frozenset[int]


@dataclass(frozen=True)
class TreeView:
    """A tree at an instant: `nodes` depth first, roots by id; `of` by organisation."""

    name: str
    shape: Mapping[str, Any]
    nodes: tuple[Node, ...]
    of: Mapping[int, Node]

    @property
    def roots(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.parent is None)

    def way_up(self, organisation_id: int) -> list[Node]:
        """The branch itself, then each above it, to the root."""
        steps, node = [], self.of.get(organisation_id)
        while node is not None:
            steps.append(node)
            node = self.of.get(node.parent) if node.parent is not None else None
        return steps


def tree_at(name: str, at: datetime | None = None) -> TreeView:
    """The tree as it stood at `at` (now when empty). Raises NotFound people.no_tree."""
    body, people, at = shape(name), directory(), at or clock.now()
    titles = {level["kind"]: level["title"] for level in body["levels"]}
    parents = {edge.child: edge.parent for edge in people.edges if edge.tree == name and edge.covers(at)}
    children: dict[int | None, list[int]] = defaultdict(list)
    for child, parent in sorted(parents.items()):
        children[parent].append(child)
    seats: dict[int, list[SeatInfo]] = defaultdict(list)
    for seat in people.seats.values():
        if seat.organisation_id in parents and seat.open_at(at):
            seats[seat.organisation_id].append(seat)
    found: dict[int, Node] = {}

    def grow(organisation_id: int, depth: int) -> Node:
        below = [grow(child, depth + 1) for child in children.get(organisation_id, ())]
        here = seats.get(organisation_id, [])
        own, persons = _own(people, people.organisations[organisation_id], here, at)
        total = sum((node.total for node in below), start=own)
        node = Node(
            organisation=people.organisations[organisation_id],
            title=titles.get(people.organisations[organisation_id].kind, {}),
            depth=depth,
            parent=parents[organisation_id],
            children=tuple(node.organisation.id for node in below),
            seats=tuple(here),
            own=own,
            total=total,
            persons=persons.union(*(node.persons for node in below)),
        )
        found[organisation_id] = node
        return node

    for root in children.get(None, ()):
        grow(root, 1)
    ordered: list[Node] = []
    waiting = list(reversed(children.get(None, ())))
    while waiting:
        node = found[waiting.pop()]
        ordered.append(node)
        waiting.extend(reversed(node.children))
    return TreeView(name, body, tuple(ordered), found)


def responsible(name: str, duty: str, place_id: int, at: datetime | None = None) -> tuple[OrganisationInfo, int | None]:
    """Whose a duty is for a place: the organisation of the duty's level whose area holds the place, and its seat.

    Several of that level over one place: the one with the smallest area, then the lowest id. The seat is that of the
    level's post, else the organisation's first; None without one. Raises NotFound people.no_duty, people.no_tree.
    """
    view = tree_at(name, at)
    found = next((item for item in view.shape["duties"] if item["code"] == duty), None)
    covering = [] if found is None else _covering(view, [place_id])
    here = [node for node in covering if found is not None and node.organisation.kind == found["level"]]
    if not here:
        raise refusals.NO_DUTY(duty=duty)
    post = next(level["post"] for level in view.shape["levels"] if level["kind"] == here[0].organisation.kind)
    seats = sorted(here[0].seats, key=lambda seat: (seat.post != post, seat.id))
    return here[0].organisation, seats[0].id if seats else None


def lowest_covering(name: str, concerned: Iterable[int], at: datetime | None = None) -> OrganisationInfo:
    """The lowest organisation of a tree whose area contains every place a matter concerns.

    Raises NotFound people.no_council when no branch covers them all (or nothing is named), people.no_tree.
    """
    wanted = list(concerned)
    covering = _covering(tree_at(name, at), wanted) if wanted else []
    if not covering:
        raise refusals.NO_COUNCIL()
    return covering[0].organisation


def _covering(view: TreeView, wanted: list[int]) -> list[Node]:
    """Nodes whose place contains all of `wanted`: deepest first, of those the smallest area, then the lowest id."""
    everywhere = places.directory()
    fitting = [
        node
        for node in view.nodes
        if all(place in everywhere and everywhere.is_within(place, node.organisation.place_id) for place in wanted)
    ]
    size = {node.organisation.place_id: len(everywhere.ancestors(node.organisation.place_id)) for node in fitting}
    return sorted(fitting, key=lambda n: (-n.depth, -size[n.organisation.place_id], n.organisation.id))


def _own(
    people: People, organisation: OrganisationInfo, seats: list[SeatInfo], at: datetime
) -> tuple[Sums, frozenset[int]]:
    held = {seat.id: appointed(people, seat.id, at) for seat in seats}
    by_post: Counter[str] = Counter()
    for seat in seats:
        by_post[seat.post] += len(held[seat.id])
    sums = Sums(1, len(seats), sum(1 for found in held.values() if found), dict(+by_post), {organisation.kind: 1})
    return sums, frozenset(person for found in held.values() for person in found)
