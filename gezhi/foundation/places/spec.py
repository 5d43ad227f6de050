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
unit_grids: {towns: ["410883001"], each: [2, 3], name: "{n} 号单元网格"}   # (optional) the second layer, city management's own
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.packs.reading import Context

from .divisions import Division, shipped, within
from .kinds import GRIDS

# Two digits number the grids of a parent; chance must not bring a parent near a hundred.
MOST_PER_PARENT = 50
COMMUNITY_CODES = range(200)  # the last three digits of a residents' committee (standards: 001-199)


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
class UnitGrids:
    """The second layer: unit grids per village, (from, to), cut without regard to the governance grids."""

    villages: tuple[str, ...]
    each: tuple[int, int]
    name: str


@dataclass(frozen=True)
class Spec:
    """A whole places pack. `centre` (lon, lat) and `area_km2` stand for an invented outline, else None."""

    county: str
    seed: int
    opened_on: date
    groups: tuple[Group, ...]
    buildings: Buildings | None
    unit_grids: UnitGrids | None
    centre: tuple[float, float] | None
    area_km2: float | None
    divisions: tuple[Division, ...]


def read_spec(node: Any) -> Spec:
    """A pack's node (YAML or the JSON kept of it) as a Spec. Raises Flawed with every problem found."""
    context = Context("places.yaml")
    spec = check_spec(node, context)
    context.finish()
    assert spec is not None  # without a spec there is a problem, and finish() has raised
    return spec


def check_spec(node: Any, context: Context) -> Spec | None:
    """Read a node, noting every problem with its line; None when there was any in it."""
    before = len(context.problems)
    if not context.keys(
        node,
        required=("county", "opened_on", "grids"),
        optional=("kind", "name", "version", "title", "seed", "outline", "buildings", "unit_grids"),
    ):
        return None
    county = context.text(node, "county", "")
    if county not in shipped() or shipped()[county].level != "county":
        context.problem(node, "county", "places.county", _("随系统带的区划里没有县“{code}”。"), code=county)
        return None
    rows = within(county)
    villages = {row.code: row for row in rows if row.level == "village"}
    named: set[str] = set()
    # "rest" is settled last, whatever its position, so that the order of groups does not matter.
    raw_groups = [raw for _i, raw in context.each(node, "grids") if isinstance(raw, Mapping)]
    raw_groups.sort(key=lambda raw: raw.get("towns") == "rest")
    groups = [_group(raw, villages, named, context) for raw in raw_groups]
    centre, area = _outline(node, context)
    spec = Spec(
        county=county,
        seed=context.whole(node, "seed", 0, high=2**31),
        opened_on=_date(node, context),
        groups=tuple(groups),
        buildings=_buildings(node, villages, context),
        unit_grids=_unit_grids(node, villages, context),
        centre=centre,
        area_km2=area,
        divisions=tuple(rows),
    )
    return spec if len(context.problems) == before else None


def _group(raw: Any, villages: Mapping[str, Division], named: set[str], context: Context) -> Group:
    context.keys(raw, required=("levels",), optional=("towns", "villages", "staff_total"))
    if ("towns" in raw) == ("villages" in raw):
        context.problem(raw, None, "places.group", _("每组要么写 towns，要么写 villages。"))
    chosen: list[str] = []
    if raw.get("towns") == "rest":
        chosen = [code for code in villages if code not in named]
    else:
        towns = {row.parent for row in villages.values()}
        for index, town in context.each(raw, "towns"):
            if str(town) not in towns:
                context.problem(raw["towns"], index, "places.town", _("本县没有代码为 {code} 的乡镇。"), code=town)
            chosen += [code for code, row in villages.items() if row.parent == str(town)]
        for index, village in context.each(raw, "villages"):
            if str(village) not in villages:
                context.problem(
                    raw["villages"], index, "places.village", _("本县没有代码为 {code} 的村（社区）。"), code=village
                )
            else:
                chosen.append(str(village))
    twice = next((code for code in chosen if code in named or chosen.count(code) > 1), None)
    if twice is not None:
        context.problem(raw, None, "places.twice", _("村（社区）{code} 分组时写了两次。"), code=twice)
    if not chosen:
        context.problem(raw, None, "places.empty", _("这一组没有村（社区）。"))
    named.update(chosen)
    levels = []
    parents = max(1, len(chosen))
    for index, item in context.each(raw, "levels"):
        if index < len(GRIDS) and context.keys(item, required=("kind",), optional=("name", "total", "each", "staff")):
            level = _level(item, GRIDS[index], parents, context)
            parents = level.total or parents * (level.each or (1, 1))[0]
            levels.append(level)
        else:
            context.problem(raw["levels"], index, "places.level", _("网格最多三级。"))
    return Group(tuple(villages[c] for c in chosen), tuple(levels), _staff(raw, "staff_total", context))


def _level(item: Any, kind: str, parents: int, context: Context) -> Level:
    if item.get("kind") != kind:
        context.problem(item, "kind", "places.level", _("这一级要写 {kind}。"), kind=kind)
    if ("total" in item) == ("each" in item):
        context.problem(item, None, "places.count", _("每级要么写 total，要么写 each。"))
    total = context.whole(item, "total", None, low=parents, high=parents * MOST_PER_PARENT)
    name = context.text(item, "name", "第 {n1} 网格", max=60)
    try:
        name.format(n1=1, n2=1, n3=1)
    except (KeyError, IndexError, ValueError):
        context.problem(item, "name", "places.name", _("名称里只能用 n1、n2、n3 三个序号。"))
    each = _span(item, "each", context) if "each" in item else None
    return Level(kind, name, total, each, _staff(item, "staff", context))


def _outline(node: Any, context: Context) -> tuple[tuple[float, float] | None, float | None]:
    outline = node.get("outline", "shipped")
    if outline == "shipped" or not context.keys(outline, required=("centre", "area_km2")):
        return None, None
    try:
        # The JSON kept of a pack holds numbers as text, because floats have no one spelling.
        lon, lat = (float(value) for value in outline["centre"])
        area = float(outline["area_km2"])
    except (KeyError, TypeError, ValueError):
        context.problem(node, "outline", "places.outline", _("中心点要写 [经度, 纬度]，面积要写平方公里数。"))
        return None, None
    if not (-180 <= lon <= 180 and -89 <= lat <= 89 and 0 < area < 100_000):
        context.problem(node, "outline", "places.outline", _("中心点或面积超出范围。"))
    return (lon, lat), area


def _buildings(node: Any, villages: Mapping[str, Division], context: Context) -> Buildings | None:
    raw = node.get("buildings")
    if raw is None or not context.keys(raw, required=("each",), optional=("villages", "units")):
        return None
    if raw.get("villages", "communities") == "communities":
        chosen = {code for code in villages if int(code[-3:]) in COMMUNITY_CODES}
    else:
        chosen = set()
        for index, village in context.each(raw, "villages"):
            if str(village) not in villages:
                context.problem(
                    raw["villages"], index, "places.village", _("本县没有代码为 {code} 的村（社区）。"), code=village
                )
            chosen.add(str(village))
    return Buildings(frozenset(chosen), _span(raw, "each", context), _span(raw, "units", context, (1, 3)))


def _unit_grids(node: Any, villages: Mapping[str, Division], context: Context) -> UnitGrids | None:
    raw = node.get("unit_grids")
    if raw is None or not context.keys(raw, required=("towns", "each"), optional=("name",)):
        return None
    towns = {row.parent for row in villages.values()}
    chosen: list[str] = []
    for index, town in context.each(raw, "towns"):
        if str(town) not in towns:
            context.problem(raw["towns"], index, "places.town", _("本县没有代码为 {code} 的乡镇。"), code=town)
        chosen += [code for code, row in villages.items() if row.parent == str(town)]
    name = context.text(raw, "name", "{n} 号单元网格", max=60)
    try:
        name.format(n=1)
    except (KeyError, IndexError, ValueError):
        context.problem(raw, "name", "places.unit_name", _("名称里只能用 n 一个序号。"))
    return UnitGrids(tuple(dict.fromkeys(chosen)), _span(raw, "each", context), name)


def _staff(node: Any, key: str, context: Context) -> dict[str, int]:
    staff = node.get(key)
    if staff is None or not context.keys(staff, optional=tuple(str(post) for post in staff)):
        return {}
    known = context.shared.get("posts")
    for post in staff:
        if known is not None and post not in known:
            context.problem(staff, post, "places.post", _("没有“{post}”这个职务。"), post=post)
    return {str(post): context.whole(staff, post, 1, low=1, high=100_000) for post in staff}


def _span(node: Any, key: str, context: Context, default: tuple[int, int] = (1, 1)) -> tuple[int, int]:
    pair = [value for _i, value in context.each(node, key)]
    if key not in node:
        return default
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in pair)
    if len(pair) != 2 or not whole or not 1 <= pair[0] <= pair[1] <= 99:
        context.problem(node, key, "places.span", _("要写成 [最少, 最多]，在 1 到 99 之间。"))
        return default
    return int(pair[0]), int(pair[1])


def _date(node: Any, context: Context) -> date:
    """A YAML date, or the text an installed pack keeps of it."""
    value = node.get("opened_on")
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        if "opened_on" in node:
            context.problem(node, "opened_on", "places.date", _("要写成日期，例如 2024-01-01。"))
        return date.min
