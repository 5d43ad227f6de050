"""What a places pack says: which divisions, how they are cut into grids, who staffs them. Read and checked.

    kind: places
    name: mengzhou
    version: 1
    county: "410883"
    seed: 410883
    opened_on: 2024-01-01
    outline: shipped            # or {centre: [lon, lat], area_km2: 12}: an invented round one
    grids:
      - towns: ["410883001"]    # or villages: [codes]
        levels:
          - {kind: grid1, total: 92, name: "第 {n1} 网格", staff: {grid_head: 1}}
          - {kind: grid2, total: 618, name: "第 {n1}-{n2} 网格"}
      - towns: rest             # every village no other group names
        levels: [{kind: grid1, each: [1, 3], name: "第 {n1} 网格"}]
    buildings: {villages: communities, each: [2, 4], units: [2, 4]}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import errors

from .divisions import Division, shipped, within
from .kinds import GRIDS

errors.register(
    "place.pack",
    422,
    _("地方工作包的“{where}”不能用。"),
    _("{reason}。"),
    _("请按 docs/rules/places.md 的写法改好后再装。"),
)
MOST_GRIDS = 50_000
COMMUNITY_CODES = range(0, 200)  # the last three digits of a residents' committee (standards: 001-199)


@dataclass(frozen=True)
class Level:
    """One level of grids: `total` over the whole group, or `each` (from, to) per parent. `staff` post -> persons."""

    kind: str
    name: str
    total: int | None
    each: tuple[int, int] | None
    staff: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Villages cut the same way. `staff_total` post -> persons over all grids of the group, at least one each."""

    villages: tuple[Division, ...]
    levels: tuple[Level, ...]
    staff_total: Mapping[str, int]


@dataclass(frozen=True)
class Buildings:
    """Buildings per finest grid and entrances per building, (from, to) each, in the villages named."""

    villages: frozenset[str]
    each: tuple[int, int]
    units: tuple[int, int]


@dataclass(frozen=True)
class Spec:
    """A whole places pack. `centre` (lon, lat) and `area_km2` stand for an invented outline, else None."""

    county: str
    seed: int
    opened_on: date
    groups: tuple[Group, ...]
    buildings: Buildings | None
    centre: tuple[float, float] | None
    area_km2: float | None
    divisions: tuple[Division, ...]


def read_spec(node: Mapping[str, Any]) -> Spec:
    """Check a pack's node; raises Invalid `place.pack` naming the key, NotFound for an unknown county."""
    allowed = {"kind", "name", "version", "title", "county", "seed", "opened_on", "outline", "grids", "buildings"}
    _only(node, allowed, "places")
    county = str(_need(node, "county", "places"))
    rows = within(county)
    villages = {row.code: row for row in rows if row.level == "village"}
    named: set[str] = set()
    groups = []
    raw_groups = _need(node, "grids", "places")
    # "rest" is settled last, whatever its position, so that the order of groups does not matter.
    for raw in sorted(raw_groups, key=lambda g: g.get("towns") == "rest"):
        groups.append(_group(raw, villages, named))
    outline = node.get("outline", "shipped")
    centre = area = None
    if outline != "shipped":
        _only(outline, {"centre", "area_km2"}, "outline")
        lon, lat = _need(outline, "centre", "outline")
        centre, area = (float(lon), float(lat)), float(_need(outline, "area_km2", "outline"))
        if not (-180 <= centre[0] <= 180 and -89 <= centre[1] <= 89 and 0 < area < 100_000):
            raise _flaw("outline", _("中心点或面积超出范围"))
    opened = _date(node.get("opened_on"))
    return Spec(
        county=county,
        seed=int(node.get("seed", 0)),
        opened_on=opened,
        groups=tuple(groups),
        buildings=_buildings(node.get("buildings"), villages),
        centre=centre,
        area_km2=area,
        divisions=tuple(rows),
    )


def _group(raw: Mapping[str, Any], villages: Mapping[str, Division], named: set[str]) -> Group:
    _only(raw, {"towns", "villages", "levels", "staff_total"}, "grids")
    towns, codes = raw.get("towns"), raw.get("villages")
    if (towns is None) == (codes is None):
        raise _flaw("grids", _("每组要么写 towns，要么写 villages"))
    if codes is not None:
        chosen = [str(code) for code in codes]
    elif towns == "rest":
        chosen = [code for code in villages if code not in named]
    else:
        wanted = {str(town) for town in towns}
        unknown = wanted - set(shipped())
        if unknown:
            raise _flaw("towns", _("没有代码为 {code} 的乡镇").format(code=min(unknown)))
        chosen = [code for code, row in villages.items() if row.parent in wanted]
    for code in chosen:
        if code not in villages:
            raise _flaw("villages", _("本县没有代码为 {code} 的村（社区）").format(code=code))
        if code in named:
            raise _flaw("villages", _("{code} 出现在两组里").format(code=code))
        named.add(code)
    if not chosen:
        raise _flaw("grids", _("这一组没有村（社区）"))
    levels = tuple(_level(each, GRIDS[i] if i < len(GRIDS) else "") for i, each in enumerate(_need(raw, "levels", "grids")))
    parents = len(chosen)
    for level in levels:
        if level.total is not None and not parents <= level.total <= MOST_GRIDS:
            raise _flaw("total", _("{kind} 的总数不能少于上级的个数").format(kind=level.kind))
        parents = level.total if level.total is not None else parents * level.each[0]
    return Group(tuple(villages[code] for code in chosen), levels, _staff(raw.get("staff_total"), "staff_total"))


def _level(raw: Mapping[str, Any], kind: str) -> Level:
    _only(raw, {"kind", "name", "total", "each", "staff"}, "levels")
    if raw.get("kind") != kind:
        raise _flaw("levels", _("各级要依次是 grid1、grid2、grid3"))
    total, each = raw.get("total"), raw.get("each")
    if (total is None) == (each is None):
        raise _flaw("levels", _("每级要么写 total，要么写 each"))
    name = str(raw.get("name", "第 {n1} 网格"))
    try:
        name.format(n1=1, n2=1, n3=1)
    except (KeyError, IndexError, ValueError):
        raise _flaw("name", _("名称里只能用 n1、n2、n3 三个序号")) from None
    return Level(
        kind, name, None if total is None else int(total), None if each is None else _span(each, "each"), _staff(raw.get("staff"), "staff")
    )


def _buildings(raw: Mapping[str, Any] | None, villages: Mapping[str, Division]) -> Buildings | None:
    if raw is None:
        return None
    _only(raw, {"villages", "each", "units"}, "buildings")
    named = raw.get("villages", "communities")
    if named == "communities":
        chosen = {code for code in villages if int(code[-3:]) in COMMUNITY_CODES}
    else:
        chosen = {str(code) for code in named}
    if chosen - villages.keys():
        raise _flaw("buildings", _("本县没有代码为 {code} 的村（社区）").format(code=min(chosen - villages.keys())))
    return Buildings(frozenset(chosen), _span(_need(raw, "each", "buildings"), "each"), _span(raw.get("units", [1, 3]), "units"))


def _staff(raw: Mapping[str, Any] | None, where: str) -> dict[str, int]:
    staff = {str(post): int(count) for post, count in (raw or {}).items()}
    if any(count < 1 for count in staff.values()):
        raise _flaw(where, _("人数要大于零"))
    return staff


def _span(raw: Any, where: str) -> tuple[int, int]:
    try:
        low, high = (int(value) for value in raw)
    except (TypeError, ValueError):
        raise _flaw(where, _("要写成 [最少, 最多]")) from None
    if not 1 <= low <= high <= 99:
        raise _flaw(where, _("最少和最多要在 1 到 99 之间"))
    return low, high


def _need(node: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in node:
        raise _flaw(where, _("缺少 {key}").format(key=key))
    return node[key]


def _only(node: Any, allowed: set[str], where: str) -> None:
    if not isinstance(node, Mapping):
        raise _flaw(where, _("这里要有若干“键: 值”"))
    unknown = [str(key) for key in node if key not in allowed]
    if unknown:
        raise _flaw(where, _("不认识 {key}").format(key=unknown[0]))


def _flaw(where: str, reason: Any) -> errors.Invalid:
    return errors.Invalid("place.pack", where=where, reason=reason, field_errors={where: reason})


def _date(value: Any) -> date:
    """A YAML date, or the text an installed pack keeps of it."""
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise _flaw("opened_on", _("要写成日期，例如 2024-01-01")) from None
