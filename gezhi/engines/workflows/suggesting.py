"""Who might do it: units by what they finished here lately, and the seats a matter at a place may be given to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import rules
from gezhi.engines.workflows.models import Case
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock


@dataclass(frozen=True)
class UnitSuggestion:
    """A unit that finished cases of this category at `place_id` since that day. `share` 0..1 of `total`."""

    seat_id: int
    label: str
    handled: int
    total: int
    place_id: int
    since: datetime

    @property
    def share(self) -> float:
        return self.handled / self.total if self.total else 0.0


def suggest_units(case: Case, category: str, *, days: int = 90, limit: int = 3) -> list[UnitSuggestion]:
    """Who handled this category in this town (else county) within `days`: a suggestion with its evidence.

    Never the people of another village or grid: what they did there is no reason to come here.
    """
    if not category:
        return []
    since = clock.midnight(clock.today() - timedelta(days=days))
    column = "town_id" if case.town_id else "county_id"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT handler_seat, COUNT(*) FROM workflows_case WHERE {column} = %s AND category = %s "
            "AND state = 'closed' AND protected = '' AND id >= %s AND handler_seat IS NOT NULL GROUP BY handler_seat ORDER BY 2 DESC",
            [getattr(case, column), category, rules.first_id(since)],
        )
        found = cursor.fetchall()
    total = sum(n for _s, n in found)
    directory = people.directory()
    over = {case.place_id, *places.directory().ancestors(case.place_id)}
    return [
        UnitSuggestion(seat, directory.seat(seat).label, n, total, getattr(case, column), since)
        for seat, n in found
        if directory.seat(seat).closed_at is None and directory.seat(seat).place_id in over
    ][:limit]


def seat_choices(place_id: int) -> list[tuple[str, list[tuple[int, str]]]]:
    """Seats a matter at this place may be given to: (group title, [(seat id, label)]), nearest first.

    The community and its grid workers, the township's units, the county's departments. No query.
    """
    known, directory = places.directory(), people.directory()
    path = known.path(place_id)
    groups: list[tuple[str, list[tuple[int, str]]]] = []

    def seats_of(place: int | None, posts: Sequence[str]) -> list[tuple[int, str]]:
        if place is None:
            return []
        return [(s.id, s.label) for post in posts for s in directory.seats_at(place, post) if not s.closed]

    near = seats_of(path.village_id, ("village_secretary", "village_mediator"))
    for grid in (path.grid_id, known.parent(path.grid_id) if path.grid_id else None):
        if grid is not None and grid != path.village_id:
            near += seats_of(grid, ("grid_worker", "village_grid_worker", "grid_head"))
    groups.append((str(_("村（社区）")), near))
    groups.append((str(_("乡镇（街道）")), seats_of(path.town_id, ("town_unit", "street_officer"))))
    groups.append((str(_("县直部门")), seats_of(path.county_id, ("department",))))
    return [g for g in groups if g[1]]
