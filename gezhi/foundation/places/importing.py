"""Divisions, grids and buildings from a file: read, every line judged, and only the good ones taken, when confirmed.

A file is GeoJSON (a FeatureCollection with `code`, `name` in the properties) or a table (.xlsx, .csv) with a header.
Coordinates may be WGS84, CGCS2000, GCJ-02, BD-09 or Gauss-Krüger metres; inside everything is WGS84.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import shapely
import shapely.geometry
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.foundation import db, errors
from gezhi.foundation.calendar import clock
from gezhi.foundation.sheets import reading

from . import coordinates
from .actions import POWER
from .divisions import KNOWN_SINCE
from .fitting import FITS, area_words
from .kinds import GOVERNANCE, GRIDS, KINDS, LABELS, LAYERS, PARENTS, RANK, UNIT
from .shapes import read_shape, shape_hash, shapes_on
from .snapshot import Directory, directory
from .upsert import Brought, bring
from .writing import NewPlace, new_token

MOST = 50_000
COLUMNS = {
    "code": ("code", "代码", "编码", "区划代码", "网格编码", "单元网格标识码", "统计用区划代码"),
    "name": ("name", "名称", "网格名称", "区划名称", "楼栋名称"),
    "parent": ("parent", "上级代码", "上级编码", "所属村（社区）代码", "所属社区代码"),
    "level": ("level", "kind", "级别", "类型", "层级"),
    "lon": ("lon", "lng", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
    "units": ("units", "单元数", "单元"),
    "households": ("households", "户数", "居民户数"),
}
_BY_DIGITS = {2: "province", 4: "city", 6: "county", 9: "town", 12: "village", 15: "grid1", 17: "grid2", 19: "grid3"}
_UP = {4: 2, 6: 4, 9: 6, 12: 9, 15: 12, 17: 15, 19: 17}


@dataclass(frozen=True)
class Line:
    """One line or feature. `problem` "" = good; `does` new renamed moved drawn same: what taking it in would do."""

    number: int
    code: str
    name: str
    kind: str = ""
    parent: str = ""
    geometry: shapely.Geometry | None = None
    point: tuple[float, float] | None = None
    units: int | None = None
    households: int | None = None
    problem: str = ""
    does: str = "new"
    id: int | None = None


@dataclass(frozen=True)
class Draft:
    """A file as it was understood."""

    layer: str
    lines: tuple[Line, ...]

    @property
    def good(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if not line.problem)

    @property
    def bad(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.problem)

    @property
    def counts(self) -> dict[str, int]:
        """How many good lines do what."""
        return dict(Counter(line.does for line in self.good))


errors.register(
    "place.file", 422, gettext_lazy("这个文件不能用。"), gettext_lazy("{reason}。"),
    gettext_lazy("请给 GeoJSON（FeatureCollection），或带“代码、名称”两列的 Excel、CSV。"),
)  # fmt: skip


def read(data: bytes, *, layer: str = GOVERNANCE, system: str = "wgs84") -> Draft:
    """Read and judge a file; nothing is written. Raises Invalid `place.file`, and what the workbook reader raises."""
    if layer not in LAYERS:
        raise errors.Invalid("place.file", reason=_("没有“{layer}”这个图层").format(layer=layer))
    if system.partition(":")[0] not in coordinates.SYSTEMS:
        raise errors.Invalid("place.file", reason=_("没有“{system}”这种坐标").format(system=system))
    raw = _features(data, system) if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" else _table(data, system)
    lines: list[Line] = []
    for line in raw:
        lines.append(line)
        if len(lines) > MOST:
            raise errors.Invalid("place.file", reason=_("一次最多 {most} 行").format(most=MOST))
    if not lines:
        raise errors.Invalid("place.file", reason=_("文件里没有数据"))
    return Draft(layer, tuple(_judge(lines, layer)))


def take_in(draft: Draft, *, actor: Any, on: date | None = None, only_good: bool = False) -> Brought:
    """Bring the places to what the good lines say; with bad ones only when `only_good` was confirmed.

    New divisions count as known since ever, new grids and buildings from `on` (today). Raises Invalid `place.rows`,
    NotAllowed (power `places.manage` over what each new or changed place lies in).
    """
    if draft.bad and not only_good:
        wrong = {str(line.number): line.problem for line in draft.bad[:200]}
        raise errors.Invalid("place.rows", count=len(draft.bad), field_errors=wrong)
    day = on or clock.today()
    with db.write():
        # Judged again under the lock: the places may have changed since the preview.
        db.revisions.bump("places")
        lines = [line for line in _judge(draft.good, draft.layer) if not line.problem]
        known = directory()
        if actor.kind != "system":
            for place in {known.by_code(line.parent) or line.id for line in lines}:
                if place is not None:
                    actor.need(POWER, known.path(place))
            if any(not line.parent and line.id is None for line in lines):
                actor.need(POWER)
        return bring(_new_places(lines, draft.layer, known, day), actor=actor)


def _new_places(lines: Iterable[Line], layer: str, known: Directory, day: date) -> list[NewPlace]:
    made: dict[str, NewPlace] = {}
    for line in sorted(lines, key=lambda line: RANK[line.kind]):
        point = line.point
        if point is None and line.geometry is not None:
            inside = line.geometry.representative_point()
            point = (round(inside.x, 6), round(inside.y, 6))
        old = known.get(line.id) if line.id is not None else None
        made[line.code] = NewPlace(
            kind=line.kind,
            name=line.name or (old.name if old else line.code),
            opened_on=KNOWN_SINCE if _scheme(line.kind, layer) == "stats" else day,
            parent=made.get(line.parent) or known.by_code(line.parent),
            layer=layer if line.kind in GRIDS else GOVERNANCE,
            codes={_scheme(line.kind, layer): line.code},
            lon=point[0] if point else None,
            lat=point[1] if point else None,
            geometry=None if line.geometry is None else shapely.to_wkb(line.geometry),
            units=line.units,
            households=line.households,
            qr=new_token() if line.kind == "building" and old is None else None,
        )
    return list(made.values())


def _scheme(kind: str, layer: str) -> str:
    if kind in GRIDS:
        return "unit" if layer == UNIT else "grid"
    return "building" if kind == "building" else "stats"


# --- reading ------------------------------------------------------------------------
def _features(data: bytes, system: str) -> Iterable[Line]:
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise errors.Invalid("place.file", reason=_("这不是 JSON 文件")) from None
    features = found.get("features") if isinstance(found, dict) else None
    if not isinstance(features, list):
        raise errors.Invalid("place.file", reason=_("文件里没有 features"))
    for number, feature in enumerate(features, start=1):
        facts = feature.get("properties") if isinstance(feature, dict) else None
        line = _line(number, facts if isinstance(facts, dict) else {})
        try:
            shape = shapely.geometry.shape(feature["geometry"]) if feature.get("geometry") else None
            yield _place_shape(line, shape, system) if shape is not None else line
        except (KeyError, TypeError, AttributeError, IndexError, ValueError, shapely.GEOSException):
            yield replace(line, problem=_("坐标读不懂"))


def _place_shape(line: Line, shape: shapely.Geometry, system: str) -> Line:
    if shape.has_z:
        shape = shapely.force_2d(shape)
    if not np.isfinite(shapely.get_coordinates(shape)).all() or shape.is_empty:
        return replace(line, problem=_("坐标读不懂"))
    try:
        moved = shapely.transform(shape, lambda xy: np.array([coordinates.to_wgs84(x, y, system) for x, y in xy]))
    except ValueError:
        return replace(line, problem=_("这些米数放不进高斯投影的 3 度带，请写明带号，例如 gk3:38"))
    moved = shapely.transform(moved, lambda xy: np.round(xy, 8))
    if moved.geom_type == "Point":
        return _with_point(line, moved.x, moved.y)
    if moved.geom_type not in ("Polygon", "MultiPolygon"):
        return replace(line, problem=_("边界要是一个面"))
    if not moved.is_valid:
        return replace(line, problem=_("边界自己和自己相交，或没有闭合"))
    west, south, east, north = moved.bounds
    bad = _off_the_map(west, south) or _off_the_map(east, north)
    return replace(line, problem=bad) if bad else replace(line, geometry=moved)


def _off_the_map(lon: float, lat: float) -> str:
    if coordinates.in_china(lon, lat):
        return ""
    return _("经度和纬度像是填反了") if coordinates.in_china(lat, lon) else _("坐标不在中国范围内")


def _with_point(line: Line, lon: float, lat: float) -> Line:
    bad = _off_the_map(lon, lat)
    return replace(line, problem=bad) if bad else replace(line, point=(round(lon, 6), round(lat, 6)))


def _table(data: bytes, system: str) -> Iterable[Line]:
    names: dict[int, str] | None = None
    for row in reading.rows(data):
        if names is None:
            heads = {i: _column(str(cell)) for i, cell in enumerate(row.cells) if cell is not None}
            if {"code", "name"} <= set(heads.values()):
                names = {i: name for i, name in heads.items() if name}
            elif row.number > 20:
                break
            continue
        facts = {name: row.cells[i] for i, name in names.items() if i < len(row.cells) and row.cells[i] is not None}
        line = _line(row.number, facts)
        try:
            x, y = float(facts["lon"]), float(facts["lat"])
            yield _with_point(line, *coordinates.to_wgs84(x, y, system))
        except KeyError:
            yield line
        except (TypeError, ValueError):
            yield replace(line, problem=_("坐标读不懂"))
    if names is None:
        raise errors.Invalid("place.file", reason=_("没有找到“代码”和“名称”两列"))


def _column(title: str) -> str:
    plain = title.strip().lower()
    return next((field for field, words in COLUMNS.items() if plain in words), "")


def _line(number: int, facts: Mapping[str, Any]) -> Line:
    def text(key: str) -> str:
        value = facts.get(key)
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # Excel keeps a code of digits as a number
        return "" if value is None else str(value).strip()

    kinds = {str(label): kind for kind, label in LABELS.items()} | {kind: kind for kind in KINDS}
    given = text("level") or text("kind")
    units, households = text("units"), text("households")
    line = Line(
        number, text("code"), text("name"), kinds.get(given, given), text("parent"),
        units=int(units) if units.isdigit() and 1 <= int(units) <= 99 else None,
        households=int(households) if households.isdigit() and len(households) < 7 else None,
    )  # fmt: skip
    if not line.code or len(line.code) > 40:
        return replace(line, problem=_("没有代码"))
    if line.name and (len(line.name) > 80 or not line.name.isprintable()):
        return replace(line, problem=_("名称要有 1 到 80 个字"))
    return line


# --- judging ------------------------------------------------------------------------
def _judge(lines: Iterable[Line], layer: str) -> list[Line]:
    """Every line with what it would do, or why it cannot be used."""
    known = directory()
    seen: dict[str, Line] = {}
    judged: list[Line] = []
    for line in lines:
        if not line.problem:
            line = _one(line, layer, known, seen)
            if not line.problem:
                seen[line.code] = line
        judged.append(line)
    # Parents first, whatever the order of the file; a line whose parent turned out bad is bad as well.
    for kind in KINDS:
        judged = [
            _parent(line, layer, known, seen) if line.kind == kind and not line.problem else line for line in judged
        ]
        bad = {line.number for line in judged if line.problem}
        seen = {code: line for code, line in seen.items() if line.number not in bad}
    return _effects(_ground(judged, layer, known), known, layer)


def _one(line: Line, layer: str, known: Directory, seen: Mapping[str, Line]) -> Line:
    code = line.code
    if code in seen:
        return replace(line, problem=_("这个代码在第 {n} 行已经出现过").format(n=seen[code].number))
    holder = known.by_code(code, layer)
    if holder is not None and known.place(holder).code != code:
        holder = None  # by_code cuts zeros of upper levels
    info = known.get(holder) if holder is not None else None
    kind = line.kind or (info.kind if info else "") or _BY_DIGITS.get(len(code) if code.isdigit() else 0, "")
    if kind not in KINDS:
        return replace(line, problem=_("看不出级别，请写“级别”一列"))
    if info is not None and info.kind != kind:
        words = _("这个代码是{kind}“{name}”的").format(kind=LABELS[info.kind], name=info.name)
        return replace(line, problem=words)
    if layer == UNIT and kind != "grid1" and kind in GRIDS:
        return replace(line, problem=_("单元网格只有一级"))
    if layer == UNIT and kind == "grid1" and not (code.isdigit() and len(code) == 15):
        return replace(line, problem=_("单元网格编码要有 15 位数字：区县 6 位、街道 3 位、社区 3 位、顺序 3 位"))
    if info is None and not line.name:
        return replace(line, problem=_("新的地方要写名称"))
    parent = line.parent or (code[: _UP[len(code)]] if code.isdigit() and len(code) in _UP else "")
    if kind == "building" and not parent and line.point is not None:
        found = known.locate(*line.point)
        parent = known.place(found).code if found is not None else ""
    return replace(line, kind=kind, parent=parent, id=holder)


def _parent(line: Line, layer: str, known: Directory, seen: Mapping[str, Line]) -> Line:
    above = seen.get(line.parent)
    up = known.by_code(line.parent) if line.parent else None
    kind = above.kind if above is not None else known.place(up).kind if up is not None else ""
    if line.kind == "province":
        return replace(line, parent="")
    if not kind:
        words = _("上级“{code}”不在文件里，也没有导入过").format(code=line.parent or _("没写"))
        return replace(line, problem=words)
    allowed = frozenset({"village"}) if layer == UNIT and line.kind in GRIDS else PARENTS[line.kind]
    if kind not in allowed:
        return replace(
            line, problem=_("{kind}不能放在{parent}下面").format(kind=LABELS[line.kind], parent=LABELS[kind])
        )
    if layer == UNIT and line.kind in GRIDS and not line.code.startswith(line.parent):
        return replace(line, problem=_("单元网格编码的前 12 位要是所在社区的代码，不能跨社区"))
    return line


def _ground(lines: list[Line], layer: str, known: Directory) -> list[Line]:
    """Outlines against their parent's and their neighbours': what reaches over or overlaps is not taken in."""
    drawn = [n for n, line in enumerate(lines) if line.geometry is not None and not line.problem]
    in_file = {line.code: line.geometry for line in lines if line.geometry is not None and not line.problem}
    ups = {line.parent: known.by_code(line.parent) for line in (lines[n] for n in drawn)}
    kept = shapes_on(known.on, [id for id in ups.values() if id is not None])
    result = list(lines)
    families: dict[str, list[int]] = {}
    for n in drawn:
        line = lines[n]
        families.setdefault(line.parent, []).append(n)
        up = ups[line.parent]
        outline = in_file.get(line.parent) or (read_shape(kept[up].wkb) if up in kept and not kept[up].sketch else None)
        assert line.geometry is not None
        if outline is not None:
            beyond = shapely.difference(line.geometry, outline)
            if beyond.area > FITS * line.geometry.area:
                words = _("超出上级边界{area}").format(area=area_words(beyond))
                result[n] = replace(line, problem=words)
    for members in families.values():
        shapes = [lines[n].geometry for n in members]
        left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
        for a, b in zip(left.tolist(), right.tolist(), strict=True):
            if a >= b or result[members[a]].problem:
                continue
            common = shapely.intersection(shapes[a], shapes[b])
            if common.area > FITS * min(shapes[a].area, shapes[b].area):  # type: ignore[union-attr]
                words = _("和第 {n} 行“{name}”重叠{area}").format(
                    n=lines[members[a]].number, name=lines[members[a]].name, area=area_words(common)
                )
                result[members[b]] = replace(result[members[b]], problem=words)
    return result


def _effects(lines: list[Line], known: Directory, layer: str) -> list[Line]:
    """What each good line would do to a place that is there."""
    standing = [line.id for line in lines if line.id is not None and line.geometry is not None]
    kept = shapes_on(known.on, standing) if standing else {}
    result = []
    for line in lines:
        if line.problem or line.id is None:
            result.append(line)
            continue
        info, does = known.place(line.id), "same"
        place_layer = layer if line.kind in GRIDS else GOVERNANCE
        if line.name and line.name != info.name:
            does = "renamed"
        elif line.parent and known.by_code(line.parent) != known.parent(line.id, place_layer):
            does = "moved"
        elif line.geometry is not None and (
            line.id not in kept or kept[line.id].hash != shape_hash(shapely.to_wkb(line.geometry))
        ):
            does = "drawn"
        result.append(replace(line, does=does))
    return result
