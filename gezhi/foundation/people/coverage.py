"""Who is missing in which grid (一长两员), by a rule of the packs: heads, full-time workers, part-time members.

The rule names posts and how many of a role a grid needs; a person counts who was appointed, not who stands in. The
number of households a grid should have is a warning, never a refusal. docs/rules/places.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gezhi.foundation import places
from gezhi.foundation.calendar import clock

from .queries import appointed
from .snapshot import directory


@dataclass(frozen=True)
class RoleLine:
    """One role over all grids: how many grids have it filled, how many persons (each once), which grids lack it."""

    id: str
    title: Mapping[str, str]
    posts: tuple[str, ...]
    least: int
    filled: int
    persons: int
    lacking: tuple[int, ...]


@dataclass(frozen=True)
class Coverage:
    """The grids of a place and who is missing. `too_few` and `too_many`: (grid, households) outside the rule;
    `uncounted`: grids whose households nobody has counted."""

    grids: tuple[int, ...]
    complete: int
    roles: tuple[RoleLine, ...]
    too_few: tuple[tuple[int, int], ...]
    too_many: tuple[tuple[int, int], ...]
    uncounted: int
    low: int
    high: int

    def missing(self, grid: int) -> tuple[RoleLine, ...]:
        """The roles a grid lacks."""
        return tuple(line for line in self.roles if grid in line.lacking)


def rule(place_id: int | None = None) -> Mapping[str, Any] | None:
    """The coverage rule in force; None without one.

    Without a place that of the pack installed last. At a place the last one that half of its grids or more have seats
    for, else the first: the rule of one village says nothing of the county around it.
    """
    from gezhi.foundation import packs

    registry = packs.registry()
    bodies = [registry.body("coverage", name) for name in registry.names("coverage")]
    if place_id is None or len(bodies) < 2:
        return bodies[-1] if bodies else None
    return next((body for body in reversed(bodies[1:]) if _staffed(place_id, body)), bodies[0])


def _staffed(place_id: int, body: Mapping[str, Any]) -> bool:
    people, known = directory(), places.directory()
    grids = [id for id in (place_id, *known.descendants(place_id)) if known.place(id).kind in body["grids"]]
    posts = [post for role in body["roles"] for post in role["posts"]]
    held = sum(1 for grid in grids if known.open(grid) and any(people.seats_at(grid, post) for post in posts))
    return held > 0 and 2 * held >= sum(1 for grid in grids if known.open(grid))


def coverage(place_id: int, body: Mapping[str, Any], at: datetime | None = None) -> Coverage:
    """Judge the open grids of a place by a rule; one query, for the households."""
    from gezhi.foundation.places.models import Place

    at = at or clock.now()
    people, known = directory(), places.directory(clock.local(at).date())
    kinds = set(body["grids"])
    around = (place_id, *known.descendants(place_id))
    grids = tuple(id for id in around if known.place(id).kind in kinds and known.open(id))
    lacking: dict[str, list[int]] = {role["id"]: [] for role in body["roles"]}
    persons: dict[str, set[int]] = {role["id"]: set() for role in body["roles"]}
    for grid in grids:
        for role in body["roles"]:
            found: set[int] = set()
            for post in role["posts"]:
                for seat in people.seats_at(grid, post):
                    found |= set(appointed(people, seat.id, at))
            persons[role["id"]] |= found
            if len(found) < role["least"]:
                lacking[role["id"]].append(grid)
    bereft = {grid for found in lacking.values() for grid in found}
    known_counts = Place.objects.filter(pk__in=grids).values_list("pk", "households")
    counted = {grid: n for grid, n in known_counts if n is not None}
    low, high = body["households"]["low"], body["households"]["high"]
    lines = [
        RoleLine(
            role["id"], role["title"], tuple(role["posts"]), role["least"], len(grids) - len(lacking[role["id"]]),
            len(persons[role["id"]]), tuple(lacking[role["id"]]),
        )
        for role in body["roles"]
    ]  # fmt: skip
    return Coverage(
        grids,
        len(grids) - len(bereft),
        tuple(lines),
        tuple((grid, n) for grid, n in counted.items() if n < low),
        tuple((grid, n) for grid, n in counted.items() if n > high),
        len(grids) - len(counted),
        low,
        high,
    )
