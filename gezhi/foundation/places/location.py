"""From a point on the ground to the finest place that holds it (STRtree over WKB outlines)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from django.utils.translation import gettext_lazy as _

from gezhi.foundation import errors

from .kinds import GOVERNANCE, RANK
from .shapes import read_shape, shapes_on

if TYPE_CHECKING:
    from .snapshot import Directory

errors.register(
    "place.coordinates",
    422,
    _("这个位置读不懂。"),
    _("经度要在 -180 到 180 之间，纬度要在 -90 到 90 之间，都是数字。"),
    _("请重新取一次位置，或者不填位置，直接选村（社区）。"),
)
errors.register(
    "place.swapped",
    422,
    _("经度和纬度像是填反了。"),
    _("按您给的顺序，这个点不在本地；对调以后就在 {place}。"),
    _("请把经度（lon）和纬度（lat）对调后再提交。"),
)
errors.register(
    "place.outside",
    422,
    _("这个位置不在 {county} 范围内。"),
    _("系统只受理本地的事，您给的点在界外约 {away}。"),
    _("请重新取一次位置，或者不填位置，直接选村（社区）。"),
)


class Locator:
    """Outlines of the open places of one layer in an STRtree."""

    def __init__(self, ids: list[int], ranks: list[int], geometries: np.ndarray):
        self._ids = ids
        self._ranks = ranks
        self._geometries = geometries
        self._tree = shapely.STRtree(geometries)

    def __len__(self) -> int:
        return len(self._ids)

    @classmethod
    def load(cls, directory: Directory, layer: str = GOVERNANCE) -> Locator:
        """Read the outlines of every open place of the directory, as they were on its date (two queries).

        The unit layer holds the places that have a parent in it; the governance layer all others.
        """
        rows = []
        for id, kept in sorted(shapes_on(directory.on).items()):
            in_unit = directory.parent(id, "unit") is not None
            if directory.open(id) and in_unit == (layer != GOVERNANCE):
                rows.append((id, RANK[directory.place(id).kind], read_shape(kept.wkb)))
        geometries = np.array([row[2] for row in rows], dtype=object)
        shapely.prepare(geometries)
        return cls([row[0] for row in rows], [row[1] for row in rows], geometries)

    def find(self, lon: float, lat: float) -> int | None:
        """The finest place holding the point; on a common border the one with the smallest id."""
        hits = self._tree.query(shapely.Point(lon, lat), predicate="intersects")
        if not len(hits):
            return None
        return min((-self._ranks[hit], self._ids[hit]) for hit in hits)[1]

    def find_many(self, lons: np.ndarray, lats: np.ndarray) -> list[int | None]:
        """`find` for many points at once."""
        found: dict[int, tuple[int, int]] = {}
        points, hits = self._tree.query(shapely.points(lons, lats), predicate="intersects")
        for point, hit in zip(points.tolist(), hits.tolist(), strict=True):
            best = (-self._ranks[hit], self._ids[hit])
            found[point] = min(found.get(point, best), best)
        return [found[i][1] if i in found else None for i in range(len(lons))]

    def metres_away(self, lon: float, lat: float) -> float:
        """Rough distance from a point to the nearest outline; 0 inside, infinity without outlines."""
        if not self._ids:
            return math.inf
        point = shapely.Point(lon, lat)
        near = self._geometries[self._tree.nearest(point)]
        x, y = shapely.get_coordinates(shapely.shortest_line(point, near))[1]
        return math.hypot((x - lon) * math.cos(math.radians(lat)), y - lat) * 111_320


def find_place(lon: Any, lat: Any) -> int:
    """The finest place of today holding a point given by somebody (numbers or text, WGS84 degrees).

    Raises Invalid: `place.coordinates` (not a place on earth), `place.swapped` (inside only the
    other way round), `place.outside`.
    """
    from .snapshot import directory

    x, y = _degrees(lon), _degrees(lat)
    known = directory()
    swapped_possible = x is not None and y is not None and abs(x) <= 90 and abs(y) <= 180
    if x is None or y is None or abs(x) > 180 or (abs(y) > 90 and not swapped_possible):
        raise errors.Invalid("place.coordinates")
    found = known.locate(x, y) if abs(y) <= 90 else None
    if found is not None:
        return found
    if swapped_possible and (other := known.locate(y, x)) is not None:
        raise errors.Invalid("place.swapped", place=known.label(other))
    if abs(y) > 90:
        raise errors.Invalid("place.coordinates")
    counties = "、".join(known.place(c).name for c in known.of_kind("county")) or str(_("本地"))
    raise errors.Invalid("place.outside", county=counties, away=_distance(known.locator().metres_away(x, y)))


def _degrees(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _distance(metres: float) -> str:
    if not math.isfinite(metres):
        return str(_("很远"))
    return f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:.0f} km"
