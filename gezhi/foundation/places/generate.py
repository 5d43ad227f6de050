"""From a places pack to places: divisions, grids cut inside the outline, buildings with door plates.

Deterministic: the same pack gives the same outlines, names, codes and tokens. Everything drawn here
is invented and marked as a sketch.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

import shapely

from .divisions import KNOWN_SINCE, divisions_as_places, outlines
from .kinds import RANK, UNIT
from .mosaic import Cell, cut_outline
from .spec import Group, Level, Spec
from .writing import TOKEN_LENGTH, TOKEN_LETTERS, NewPlace

# Digits of a grid's number at each level: 12-digit village code + 3 (+ 2 + 2), standards §2.
_DIGITS = {"grid1": 3, "grid2": 2, "grid3": 2}


def plan(spec: Spec) -> list[NewPlace]:
    """Every place of a pack, parents first, not yet written."""
    rng = random.Random(spec.seed)
    cells = _tree(spec)
    for group in spec.groups:
        _cut_villages(group, cells, rng)
    _draw(spec, cells)
    shapes = {code: shapely.to_wkb(cell.shape) for code, cell in cells.items() if cell.shape is not None}
    places = divisions_as_places(spec.divisions, shapes, KNOWN_SINCE)
    by_code = {place.codes["stats"]: place for place in places}
    finest: dict[str, list[tuple[NewPlace, Cell]]] = {}
    for group in spec.groups:
        for village in group.villages:
            grids = _grids(by_code[village.code], cells[village.code], group.levels, spec)
            places.extend(place for place, _cell in grids)
            finest[village.code] = [(place, cell) for place, cell in grids if not cell.parts]
    if spec.buildings is not None:
        for code in sorted(spec.buildings.villages & finest.keys()):
            places.extend(_buildings(code, finest[code], spec, rng))
    if spec.unit_grids is not None:
        for code in spec.unit_grids.villages:
            places.extend(_unit_grids(by_code[code], cells[code], spec))
    return sorted(places, key=lambda p: RANK[p.kind])


def share(total: int, parents: int, rng: random.Random) -> list[int]:
    """`total` children over `parents`, at least one each, the rest falling where chance has it."""
    counts = [1] * parents
    for _extra in range(total - parents):
        counts[rng.randrange(parents)] += 1
    return counts


def _tree(spec: Spec) -> dict[str, Cell]:
    """Cells of the county, its towns and villages by code, linked."""
    cells: dict[str, Cell] = {}
    for row in spec.divisions:
        if row.level in ("county", "town", "village"):
            # Streets (town codes 001-099) are the county seat: near the middle, and smaller.
            street = row.level == "town" and int(row.code[6:9]) < 100
            cells[row.code] = Cell(row.code, centre=street)
            if row.parent in cells:
                cells[row.parent].parts.append(cells[row.code])
    return cells


def _cut_villages(group: Group, cells: Mapping[str, Cell], rng: random.Random) -> None:
    parents = [cells[village.code] for village in group.villages]
    for level in group.levels:
        if level.total is not None:
            counts = share(level.total, len(parents), rng)
        elif level.each is not None:
            counts = [rng.randint(*level.each) for _parent in parents]
        for parent, count in zip(parents, counts, strict=True):
            parent.parts = [Cell(str(number)) for number in range(1, count + 1)]
        parents = [part for parent in parents for part in parent.parts]


def _draw(spec: Spec, cells: Mapping[str, Cell]) -> None:
    """Fill the shapes: through the towns inside the shipped outline, or the pack's villages inside an invented one.

    A county without either gets places without outlines.
    """
    if spec.centre is not None:
        chosen = [cells[village.code] for group in spec.groups for village in group.villages]
        cut_outline(Cell("sketch", chosen), _blob(spec), spec.seed)
    elif spec.county in outlines():
        cut_outline(cells[spec.county], outlines()[spec.county], spec.seed)


def _blob(spec: Spec) -> shapely.Polygon:
    """An invented roundish outline of the given area about the centre (WGS84)."""
    rng = random.Random(spec.seed)
    assert spec.centre is not None and spec.area_km2 is not None  # read_spec gives both or neither
    radius = math.sqrt(spec.area_km2 * 1e6 / math.pi) / 111_320
    lon, lat = spec.centre
    ring = []
    for step in range(36):
        angle, reach = math.tau * step / 36, radius * rng.uniform(0.9, 1.1)
        ring.append((lon + reach * math.cos(angle) / math.cos(math.radians(lat)), lat + reach * math.sin(angle)))
    return shapely.Polygon(ring)


def _grids(village: NewPlace, cell: Cell, levels: tuple[Level, ...], spec: Spec) -> list[tuple[NewPlace, Cell]]:
    """The grids of a village on all levels, parents first, each with its cell."""
    found: list[tuple[NewPlace, Cell]] = []
    above: list[tuple[NewPlace, Cell, str, tuple[int, ...]]] = [(village, cell, village.codes["stats"], ())]
    for level in levels:
        inner = []
        for parent, parent_cell, code, numbers in above:
            for number, part in enumerate(parent_cell.parts, start=1):
                chain = (*numbers, number)
                words = level.name.format(**{f"n{i}": n for i, n in enumerate(chain, start=1)})
                grid_code = f"{code}{number:0{_DIGITS[level.kind]}d}"
                point = None if part.shape is None else part.shape.representative_point()
                grid = NewPlace(
                    kind=level.kind,
                    name=words,
                    opened_on=spec.opened_on,
                    parent=parent,
                    codes={"grid": grid_code},
                    lon=None if point is None else round(point.x, 6),
                    lat=None if point is None else round(point.y, 6),
                    geometry=None if part.shape is None else shapely.to_wkb(part.shape),
                    sketch=part.shape is not None,
                )
                inner.append((grid, part, grid_code, chain))
        found.extend((grid, part) for grid, part, _code, _chain in inner)
        above = inner
    return found


def _buildings(village: str, grids: list[tuple[NewPlace, Cell]], spec: Spec, rng: random.Random) -> list[NewPlace]:
    """Buildings of a community, numbered through, each at a point inside its grid."""
    assert spec.buildings is not None
    found: list[NewPlace] = []
    for grid, cell in grids:
        for _each in range(rng.randint(*spec.buildings.each)):
            number = len(found) + 1
            lon, lat = _point_in(cell.shape, rng) if cell.shape is not None else (None, None)
            found.append(
                NewPlace(
                    kind="building",
                    name=f"{number} 号楼",
                    opened_on=spec.opened_on,
                    parent=grid,
                    codes={"building": f"{village}-{number:04d}"},
                    lon=lon,
                    lat=lat,
                    sketch=True,
                    units=rng.randint(*spec.buildings.units),
                    qr="".join(rng.choices(TOKEN_LETTERS, k=TOKEN_LENGTH)),
                )
            )
    return found


def _unit_grids(village: NewPlace, cell: Cell, spec: Spec) -> list[NewPlace]:
    """The unit grids of a village: its outline cut anew, so that they cross the governance grids as real ones do."""
    assert spec.unit_grids is not None
    code = village.codes["stats"]
    rng = random.Random(f"{spec.seed}:unit:{code}")  # its own chance: the other layer stays as it was drawn
    shapes = _strips(cell.shape, rng.randint(*spec.unit_grids.each))
    found = []
    for number, shape in enumerate(shapes, start=1):
        point = None if shape is None else shape.representative_point()
        found.append(
            NewPlace(
                kind="grid1",
                name=spec.unit_grids.name.format(n=number),
                opened_on=spec.opened_on,
                parent=village,
                layer=UNIT,
                codes={"unit": f"{code}{number:03d}"},
                lon=None if point is None else round(point.x, 6),
                lat=None if point is None else round(point.y, 6),
                geometry=None if shape is None else shapely.to_wkb(shape),
                sketch=shape is not None,
            )
        )
    return found


def _strips(shape: shapely.Geometry | None, count: int) -> list[shapely.Geometry | None]:
    """A shape cut from west to east into strips of one width; they are that shape again, to the millimetre."""
    if shape is None:
        return [None] * count
    west, south, east, north = shape.bounds
    edges = [west + (east - west) * n / count for n in range(count + 1)]
    return [shape.intersection(shapely.box(a, south, b, north)) for a, b in zip(edges, edges[1:], strict=False)]


def _point_in(shape: shapely.Geometry, rng: random.Random) -> tuple[float, float]:
    west, south, east, north = shape.bounds
    while True:
        lon, lat = round(rng.uniform(west, east), 6), round(rng.uniform(south, north), 6)
        if shape.contains(shapely.Point(lon, lat)):
            return lon, lat
