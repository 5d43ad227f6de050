"""Loading a places pack into the database, and the staff it asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from gezhi.foundation import db

from .generate import plan
from .kinds import GOVERNANCE, GRIDS
from .snapshot import Directory, directory
from .spec import Group, read_spec
from .upsert import bring


class Loaded(NamedTuple):
    """What a pack holds: number of grids by kind, buildings, and how many places it created and changed."""

    grids: dict[str, int]
    buildings: int
    created: int
    changed: int
    county_id: int


@dataclass(frozen=True, slots=True)
class Staff:
    """The pack wants `count` persons on `post` at a place."""

    post: str
    place_id: int
    count: int


def load_pack(node: Mapping[str, Any], *, actor: Any) -> Loaded:
    """Bring the places of a pack (docs/rules/places.md) into the database in one write; idempotent.

    Raises Flawed, with every problem, for a node that cannot be used.
    """
    spec = read_spec(node)
    places = plan(spec)
    with db.write():
        brought = bring(places, actor=actor)
    kinds = Counter(place.kind for place in places if place.layer == GOVERNANCE)
    county = next(place.number for place in places if place.kind == "county")
    return Loaded(
        grids={kind: kinds[kind] for kind in GRIDS if kinds[kind]},
        buildings=kinds["building"],
        created=brought.created,
        changed=brought.changed - brought.created,
        county_id=county,
    )


def staffing(node: Mapping[str, Any]) -> list[Staff]:
    """Who a loaded pack wants where, coarsest grids first. Appointing them is the people room's act.

    `staff` of a level counts per grid. `staff_total` counts over the group: one in every grid, what is
    left goes round from the coarsest grids down, by code.
    """
    spec = read_spec(node)
    known = directory()
    wanted: list[Staff] = []
    for group in spec.groups:
        grids = _grids_of(group, known)
        staff_of = {level.kind: level.staff for level in group.levels}
        for place_id, kind in grids:
            wanted.extend(Staff(post, place_id, count) for post, count in staff_of[kind].items())
        for post, total in group.staff_total.items():
            rounds, left = divmod(total, len(grids))
            for position, (place_id, _kind) in enumerate(grids):
                wanted.append(Staff(post, place_id, rounds + (position < left)))
    return [staff for staff in wanted if staff.count]


def _grids_of(group: Group, known: Directory) -> list[tuple[int, str]]:
    """(id, kind) of the open grids of a group's villages, coarsest first, then by code."""
    found: list[tuple[int, str]] = []
    for village in group.villages:
        id = known.by_code(village.code)
        if id is None:
            continue
        for inner in known.descendants(id):
            kind = known.place(inner).kind
            if kind in GRIDS:
                found.append((inner, kind))
    return sorted(found, key=lambda grid: (GRIDS.index(grid[1]), known.place(grid[0]).code))
