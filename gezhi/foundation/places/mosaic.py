"""Cutting one outline into nested cells without gaps or overlaps. Pure geometry, deterministic by seed.

Works in metres on a local plane. A tree of counts says how often each cell is cut again; the
finest cells are snapped to a common grid and noded together, and every coarser outline is the
union of its cells, so that neighbours share the very same vertices on every level.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import MultiPoint, Point, Polygon

SNAP = 0.1  # metres: vertices of all cells lie on this grid
_METRES_PER_DEGREE = 111_320.0


@dataclass(eq=False)
class Cell:
    """A node of the tree. `parts` are cut out of it; `centre` asks for a place near the middle and a
    smaller share (streets of the county seat). `shape` is filled by `cut` (WGS84 after `cut_outline`)."""

    key: str
    parts: list[Cell] = field(default_factory=list)
    centre: bool = False
    shape: shapely.Geometry | None = None

    def leaves(self) -> list[Cell]:
        """The finest cells inside, in order; the cell itself when it is not cut."""
        return [leaf for part in self.parts for leaf in part.leaves()] if self.parts else [self]


def cut_outline(root: Cell, outline: shapely.Geometry, seed: int) -> None:
    """Fill `shape` of every cell of the tree inside `outline` (WGS84; its largest part is used)."""
    largest = max(getattr(outline, "geoms", [outline]), key=lambda g: g.area)
    lon0, lat0 = largest.centroid.x, largest.centroid.y
    east = _METRES_PER_DEGREE * math.cos(math.radians(lat0))
    scale, origin = np.array([east, _METRES_PER_DEGREE]), np.array([lon0, lat0])
    plane = shapely.transform(largest, lambda xy: (xy - origin) * scale)
    cut(root, plane, random.Random(seed))
    # Eight decimals are a millimetre; equal vertices of neighbours stay equal.
    _each(root, lambda shape: shapely.transform(shape, lambda xy: np.round(xy / scale + origin, 8)))


def cut(root: Cell, outline: Polygon, rng: random.Random) -> None:
    """Fill `shape` of every cell of the tree inside a polygon on the plane (metres)."""
    rough: list[tuple[Cell, shapely.Geometry]] = []
    _cut(root, outline, rng, rough)
    shapes = _noded([shape for _cell, shape in rough])
    for (cell, _shape), exact in zip(rough, shapes, strict=True):
        cell.shape = exact
    _assemble(root)


def _cut(cell: Cell, shape: shapely.Geometry, rng: random.Random, leaves: list) -> None:
    if not cell.parts:
        leaves.append((cell, shape))
        return
    pieces = split(shape, len(cell.parts), rng, [i for i, part in enumerate(cell.parts) if part.centre])
    for part, piece in zip(cell.parts, pieces, strict=True):
        _cut(part, piece, rng, leaves)


def split(
    shape: shapely.Geometry, count: int, rng: random.Random, central: Sequence[int] = ()
) -> list[shapely.Geometry]:
    """Cut a polygon into `count` cells around relaxed random sites; `central` sites stay near the middle."""
    if count == 1:
        return [shape]
    sites = _scatter(shape, count, rng)
    middle, radius = shape.centroid, 0.09 * math.sqrt(shape.area)
    for order, index in enumerate(central):
        turn = 2 * math.pi * (order / len(central)) + 0.4
        sites[index] = Point(middle.x + radius * math.cos(turn), middle.y + radius * math.sin(turn))
    cells: list[shapely.Geometry] = []
    for _round in range(3):
        cells = _cells(shape, sites)
        for index, cell in enumerate(cells):
            if index not in central:
                sites[index] = cell.centroid if cell.contains(cell.centroid) else cell.representative_point()
    return _cells(shape, sites)


def _scatter(shape: shapely.Geometry, count: int, rng: random.Random) -> list[Point]:
    shapely.prepare(shape)
    west, south, east, north = shape.bounds
    found: list[Point] = []
    while len(found) < count:
        point = Point(rng.uniform(west, east), rng.uniform(south, north))
        if shape.contains(point):
            found.append(point)
    return found


def _cells(shape: shapely.Geometry, sites: Sequence[Point]) -> list[shapely.Geometry]:
    """Voronoi cells clipped to the shape; a stray part of a cell goes to the neighbour it touches most."""
    diagram = shapely.voronoi_polygons(MultiPoint(sites), extend_to=shape.envelope, ordered=True)
    cells: list[shapely.Geometry] = []
    strays: list[shapely.Geometry] = []
    for cell, site in zip(diagram.geoms, sites, strict=True):
        parts = _polygons(shapely.intersection(cell, shape))
        # The part with the site in it is the cell, whatever its size.
        parts.sort(key=lambda p: (not p.intersects(site), -p.area))
        cells.append(parts[0])
        strays.extend(parts[1:])
    for stray in strays:
        touch = [shapely.intersection(stray, cell).length for cell in cells]
        best = touch.index(max(touch))
        cells[best] = shapely.union(cells[best], stray)
    return cells


def _polygons(shape: shapely.Geometry) -> list[Polygon]:
    return [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon" and part.area > 0]


def _noded(rough: list[shapely.Geometry]) -> list[shapely.Geometry]:
    """The same cells with common vertices: all borders noded on one grid, faces given back to their cell."""
    borders = shapely.union_all(shapely.boundary(np.array(rough, dtype=object)), grid_size=SNAP)
    faces = shapely.get_parts(shapely.polygonize([borders]))
    tree = shapely.STRtree(rough)
    owned: list[list[shapely.Geometry]] = [[] for _cell in rough]
    for face, owner in zip(faces, tree.nearest(shapely.point_on_surface(faces)), strict=True):
        owned[owner].append(face)
    return [shapely.coverage_union_all(parts) if len(parts) > 1 else parts[0] for parts in owned]


def _assemble(cell: Cell) -> shapely.Geometry:
    if cell.parts:
        cell.shape = shapely.coverage_union_all([_assemble(part) for part in cell.parts])
    assert cell.shape is not None  # every leaf was given one by `cut`
    return cell.shape


def _each(cell: Cell, change) -> None:
    cell.shape = change(cell.shape)
    for part in cell.parts:
        _each(part, change)
