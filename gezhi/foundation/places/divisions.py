"""Official divisions: shipped as data, imported in bulk, as often as one likes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path as File
from typing import Any, NamedTuple

import shapely
import shapely.geometry
from django.utils.translation import gettext_lazy as _

from gezhi.foundation import db, errors

from .kinds import PARENTS, RANK
from .upsert import Brought, bring
from .writing import NewPlace

DATA = File(__file__).parent / "data"
# The lists do not say since when a division exists; every date the product asks about lies later.
KNOWN_SINCE = date(2000, 1, 1)
LEVELS = ("province", "city", "county", "town", "village")

errors.register(
    "place.rows",
    422,
    _("区划表有 {count} 行不能用，没有导入。"),
    _("每行要有代码、名称、上级代码和级别，上级要在表里或已经导入。"),
    _("改好标出的行再导入一次。"),
)
errors.register(
    "place.no_such_division",
    404,
    _("没有代码为 {given} 的区划。"),
    _("随系统带的和导入的全国区划表里都没有它。"),
    _("请核对代码，或用自己的区划表导入。"),
)


class Division(NamedTuple):
    """One row of the official list; `parent` is "" for a province."""

    code: str
    name: str
    parent: str
    level: str


@lru_cache(maxsize=1)
def shipped() -> dict[str, Division]:
    """Every shipped division by code."""
    with (DATA / "divisions.csv").open(encoding="utf-8", newline="") as source:
        return {row["code"]: Division(**row) for row in csv.DictReader(source)}


@lru_cache(maxsize=1)
def outlines() -> dict[str, shapely.Geometry]:
    """Rough outlines (WGS84) of shipped counties by code."""
    features = json.loads((DATA / "outlines.geojson").read_text(encoding="utf-8"))["features"]
    return {f["properties"]["code"]: shapely.geometry.shape(f["geometry"]) for f in features}


def within(code: str) -> list[Division]:
    """A division, what lies above it and everything in it, parents first: of the shipped list, else of the country's
    when that was imported. NotFound when neither knows it."""
    rows = shipped()
    if code not in rows:
        from .national import within_country

        found = [Division(row.code, row.name, row.parent, row.level) for row in within_country(code)]
        if not found:
            raise errors.NotFound("place.no_such_division", given=code)
        return found
    chosen: dict[str, Division] = {}
    step = code
    while step:
        chosen[step] = rows[step]
        step = rows[step].parent
    inside = {code}
    for row in sorted(rows.values(), key=lambda r: RANK[r.level]):
        if row.parent in inside:
            inside.add(row.code)
            chosen[row.code] = row
    return sorted(chosen.values(), key=lambda r: (RANK[r.level], r.code))


def import_divisions(
    code: str | None = None,
    *,
    actor: Any,
    rows: Iterable[Mapping[str, str] | Division] | None = None,
    shapes: Mapping[str, bytes] | None = None,
    on: date = KNOWN_SINCE,
) -> Brought:
    """Import a shipped division with all it holds (None = all shipped), or own `rows`; returns what changed.

    Idempotent: a code already known is renamed, moved or redrawn where the list differs, else left alone;
    a place missing from the list stays (closing one is a decision). `shapes` code -> WKB overrides the
    shipped county outlines. Raises Invalid `place.rows` (all or nothing), NotFound.
    """
    if rows is not None:
        chosen = _checked(rows)
    elif code is not None:
        chosen = within(code)
    else:
        chosen = sorted(shipped().values(), key=lambda r: (RANK[r.level], r.code))
    drawn = dict(shapes or {})
    for county, outline in outlines().items():
        drawn.setdefault(county, shapely.to_wkb(outline))
    with db.write():
        return bring(divisions_as_places(chosen, drawn, on), actor=actor)


def divisions_as_places(rows: Iterable[Division], shapes: Mapping[str, bytes], on: date) -> list[NewPlace]:
    """NewPlaces linked to one another; a parent outside the rows is looked up by `bring`."""
    places: dict[str, NewPlace] = {}
    for row in rows:
        shape = shapes.get(row.code)
        point = shapely.from_wkb(shape).representative_point() if shape is not None else None
        places[row.code] = NewPlace(
            kind=row.level,
            name=row.name,
            opened_on=on,
            parent=places.get(row.parent) or _known_parent(row.parent),
            codes={"stats": row.code},
            lon=None if point is None else round(point.x, 6),
            lat=None if point is None else round(point.y, 6),
            geometry=shape,
            sketch=shape is not None,
        )
    return list(places.values())


def _known_parent(code: str) -> int | None:
    from .snapshot import directory

    return directory().by_code(code) if code else None


def _checked(rows: Iterable[Mapping[str, str] | Division]) -> list[Division]:
    wrong: dict[str, Any] = {}
    found: dict[str, Division] = {}
    for number, given in enumerate(rows, start=1):
        if isinstance(given, Division):
            row = given
        else:
            row = Division(*(str(given.get(key) or "").strip() for key in Division._fields))
        if not (row.code.isascii() and row.code.isdigit() and len(row.code) in (2, 4, 6, 9, 12)):
            wrong[str(number)] = _("代码要是 2、4、6、9 或 12 位数字")
        elif row.code in found:
            wrong[str(number)] = _("这个代码在前面已经出现过")
        elif row.level not in LEVELS:
            wrong[str(number)] = _("级别要是 province、city、county、town 或 village")
        elif not 0 < len(row.name) <= 80 or not row.name.isprintable():
            wrong[str(number)] = _("名称要有 1 到 80 个字")
        else:
            found[row.code] = row
            continue
    ordered = sorted(found.values(), key=lambda r: (RANK[r.level], r.code))
    for row in ordered:
        above = found.get(row.parent)
        known = above is not None or (row.parent and _known_parent(row.parent) is not None)
        if row.level == "province":
            known = not row.parent
        if not known or (above is not None and above.level not in PARENTS[row.level]):
            wrong[row.code] = _("上级代码不在表里，或级别不对")
    if wrong or not ordered:
        raise errors.Invalid("place.rows", count=len(wrong), field_errors=wrong)
    return ordered
