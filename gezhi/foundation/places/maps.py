"""A place and its children as SVG paths: small, without tiles, the same for every reader of a revision."""

from __future__ import annotations

import math
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely

from gezhi.foundation.db import revisions

from .kinds import GOVERNANCE
from .shapes import read_shape, shapes_on
from .snapshot import directory

WIDTH = 1000  # units of the viewBox; the height follows from the ground


class Shape(NamedTuple):
    """One outline: `path` for an SVG `d` attribute, `centroid` (x, y) a point inside it, for a label."""

    place_id: int
    path: str
    centroid: tuple[int, int]


class MapView(NamedTuple):
    """A map. `view_box` ("0 0 1000 812"), the outline of the place itself, its children, and whether it is a sketch.

    `origin` (lon, lat of the upper left corner) and `scale` (units per degree east and south) place a point: `spot`.
    """

    view_box: str
    outline: str
    shapes: list[Shape]
    sketch: bool
    origin: tuple[float, float]
    scale: tuple[float, float]

    def spot(self, lon: float, lat: float) -> tuple[int, int]:
        """Where a point (WGS84) lies in the viewBox."""
        return round((lon - self.origin[0]) * self.scale[0]), round((self.origin[1] - lat) * self.scale[1])


def map_shapes(place_id: int, layer: str = GOVERNANCE) -> list[Shape]:
    """The drawn children of a place (place_id, path, centroid); [] when none is drawn."""
    return map_view(place_id, layer).shapes


def map_view(place_id: int, layer: str = GOVERNANCE, on: date | None = None) -> MapView:
    """The map of a place today or on a date; an empty one ("0 0 1000 1000", no shapes) when neither it nor its
    children are drawn."""
    known = directory(on)
    children = known.children(place_id, layer)
    if layer == GOVERNANCE and known.place(place_id).kind == "village":
        children = tuple(id for id in children if known.place(id).kind != "building")
    return _view(revisions.current().get("places", 0), known.on, place_id, children)


@lru_cache(maxsize=512)
def _view(_revision: int, on: date, place_id: int, children: tuple[int, ...]) -> MapView:
    kept = shapes_on(on, [place_id, *children])
    found = {id: (read_shape(shape.wkb), shape.sketch) for id, shape in kept.items()}
    inner = [id for id in children if id in found]
    drawn = [found[id][0] for id in inner]
    whole = found[place_id][0] if place_id in found else (shapely.union_all(drawn) if drawn else None)
    if whole is None:
        return MapView(f"0 0 {WIDTH} {WIDTH}", "", [], False, (0.0, 0.0), (1.0, 1.0))
    west, south, east, north = whole.bounds
    across = WIDTH / (east - west)
    down = across / math.cos(math.radians((south + north) / 2))
    # Half a unit cannot be seen; children are thinned together, so common borders stay common.
    thinned = shapely.coverage_simplify(drawn, 0.5 / across) if drawn else []
    scale, origin = np.array([across, -down]), np.array([west, north])

    def project(shape: shapely.Geometry) -> shapely.Geometry:
        return shapely.transform(shape, lambda xy: np.round((xy - origin) * scale))

    shapes = []
    for id, exact, thin in zip(inner, drawn, thinned, strict=True):
        point = project(exact.representative_point())
        shapes.append(Shape(id, _path(project(thin)), (round(point.x), round(point.y))))
    height = math.ceil((north - south) * down)
    return MapView(
        f"0 0 {WIDTH} {height}",
        _path(project(whole.simplify(0.5 / across))),
        shapes,
        any(sketch for _shape, sketch in found.values()),
        (west, north),
        (across, down),
    )


def _path(shape: shapely.Geometry) -> str:
    """Relative line commands of whole numbers, the shortest way to say a polygon."""
    pieces = []
    for polygon in getattr(shape, "geoms", [shape]):
        for ring in (polygon.exterior, *polygon.interiors):
            points = shapely.get_coordinates(ring).astype(int)
            steps = np.diff(points[:-1], axis=0)
            steps = steps[np.any(steps != 0, axis=1)]
            pieces.append(f"M{points[0][0]} {points[0][1]}l" + " ".join(f"{x} {y}" for x, y in steps.tolist()) + "z")
    return "".join(pieces)
