"""单元网格: which cases lie in one. A case's own grid is that of governance, so they are found by their point."""

from __future__ import annotations

from typing import Any

from gezhi.engines.workflows.access import ORDINARY
from gezhi.engines.workflows.models import Case
from gezhi.foundation import places

CASES = 5000  # looked at for one picture or list, the newest


def by_unit(inside: Any, now: Any) -> dict[int | None, tuple[int, int]]:
    """Open and late cases by unit grid, None for those without a point."""
    directory = places.directory()
    rows = list(inside.values_list("lon", "lat", "late_at")[:CASES])
    placed = [row for row in rows if row[0] is not None]
    found = directory.locator("unit").find_many([r[0] for r in placed], [r[1] for r in placed]) if placed else []
    counts: dict[int | None, tuple[int, int]] = {}
    where = [*found, *[None] * (len(rows) - len(placed))]
    for grid, (_lon, _lat, late_at) in zip(where, [*placed, *(r for r in rows if r[0] is None)], strict=True):
        open, late = counts.get(grid, (0, 0))
        counts[grid] = (open + 1, late + (late_at is not None and late_at < now))
    return counts


def in_unit(unit: int, state: str | None) -> tuple[int, ...]:
    """Ids of the cases (of a state, or all) whose point lies in a unit grid, the newest first. One query."""
    directory = places.directory()
    inside = Case.objects.filter(ORDINARY, village_id=directory.parent(unit, "unit"), lon__isnull=False)
    if state:
        inside = inside.filter(state=state)
    rows = list(inside.order_by("-pk").values_list("pk", "lon", "lat")[:CASES])
    found = directory.locator("unit").find_many([r[1] for r in rows], [r[2] for r in rows]) if rows else []
    return tuple(row[0] for row, grid in zip(rows, found, strict=True) if grid == unit)
