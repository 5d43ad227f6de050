"""What a change of divisions or grids would do, before it is done. Nothing here writes. docs/rules/places.md

Every plan carries how it was asked for (`again`), so that `changes.apply` can think it through once more under the
lock. `problems` forbid it, `notes` are to be read first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import shapely
from django.utils.translation import gettext as _

from gezhi.foundation.calendar import clock

from .fitting import FITS, TOLERANCE, changed_share, fit, flaws
from .kinds import GOVERNANCE, GRIDS, LABELS, LAYERS, PARENTS, UNIT
from .shapes import read_shape, shapes_on
from .snapshot import Directory, directory

REGROUPED = frozenset({"town", "village", *GRIDS, "building"})


@dataclass(frozen=True, eq=False)
class Part:
    """A place that is to be: a new one, or (`existing`) a neighbour that stays and takes in.

    `geometry` Shapely, WGS84; `members`: places inside that go here, said one by one; `codes` scheme -> code.
    """

    name: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    geometry: shapely.Geometry | None = None
    members: frozenset[int] = frozenset()
    existing: int | None = None


@dataclass(frozen=True, eq=False)
class Plan:
    """`kind` split merge redraw absorb move rename recode close; the change holds from `on`.

    `olds` close (move, rename, recode: they stay); `parts` take their ground; `heirs` old -> numbers of parts, the main
    one first; `children` place inside -> number of its part; `shapes`: outlines of standing places from that day
    on; `parent`: where parts lie, or where moved places go; `codes` place -> {scheme: code}; `name` of a rename.
    """

    kind: str
    on: date
    olds: tuple[int, ...]
    layer: str = GOVERNANCE
    parent: int | None = None
    parts: tuple[Part, ...] = ()
    heirs: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    children: Mapping[int, int] = field(default_factory=dict)
    shapes: Mapping[int, shapely.Geometry] = field(default_factory=dict)
    codes: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    name: str = ""
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    again: Callable[[], Plan] | None = None

    @property
    def fine(self) -> bool:
        """Whether it may be done."""
        return not self.problems

    @property
    def main_heirs(self) -> dict[int, int]:
        """Old place -> number of the part that gets what cannot be told apart."""
        return {old: parts[0] for old, parts in self.heirs.items() if parts}


def split(place_id: int, parts: Sequence[Part], *, on: date | None = None) -> Plan:
    """Divide one place into several new ones."""
    return regroup("split", [place_id], parts, on=on)


def merge(places: Sequence[int], part: Part, *, on: date | None = None) -> Plan:
    """Join places of one level under one parent into a new one (合村并居)."""
    return regroup("merge", places, [part], on=on)


def absorb(places: Sequence[int], into: int, *, on: date | None = None) -> Plan:
    """Places close and a neighbour that stays takes them in."""
    return regroup("absorb", places, [Part(existing=into)], on=on)


def regroup(kind: str, olds: Sequence[int], parts: Sequence[Part], *, on: date | None = None) -> Plan:
    """Close places and let new ones have their ground: one to several, several to one, several to several."""
    day, known = on or clock.today(), directory(on)
    asked = tuple(dict.fromkeys(olds))
    plan = Plan(kind, day, asked, parts=tuple(parts), again=lambda: regroup(kind, olds, parts, on=day))
    problems = _check_olds(kind, asked, parts, known)
    if problems:
        return replace(plan, problems=tuple(problems))
    layer = UNIT if known.parent(asked[0], UNIT) is not None else GOVERNANCE
    shapes = _shapes(known, [*asked, *(p.existing for p in parts if p.existing is not None)])
    drawn, problems, notes = _draw(asked, parts, shapes, known)
    problems += _check_names(asked, drawn, known, layer)
    children, unplaced = _children(asked, drawn, known, layer)
    notes += _alike(children, drawn, known)
    return replace(
        plan, layer=layer, parent=known.parent(asked[0], layer), parts=tuple(drawn), children=children,
        heirs=_heirs(asked, drawn, children, shapes, known),
        shapes={p.existing: p.geometry for p in drawn if p.existing is not None and p.geometry is not None},
        problems=(*problems, *unplaced), notes=tuple(notes),
    )  # fmt: skip


def move(places: Sequence[int], parent: int, *, on: date | None = None, layer: str = GOVERNANCE) -> Plan:
    """Put places under another parent of the same level; the outlines above follow."""
    day, known = on or clock.today(), directory(on)
    moved = tuple(dict.fromkeys(places))
    plan = Plan("move", day, moved, layer, parent, again=lambda: move(places, parent, on=day, layer=layer))
    problems = _closed(known, [*moved, parent])
    if problems or not moved:
        return replace(plan, problems=tuple(problems or [_("没有选地方")]))
    above = known.place(parent)
    for id in moved:
        info = known.place(id)
        allowed = frozenset({"village"}) if layer == UNIT else PARENTS[info.kind]
        if above.kind not in allowed:
            problems.append(_("“{name}”不能放到{kind}下面").format(name=info.name, kind=LABELS[above.kind]))
        if parent == id or id in known.ancestors(parent, layer):
            problems.append(_("“{name}”不能放到自己下面").format(name=info.name))
        if known.parent(id, layer) == parent:
            problems.append(_("“{name}”已经在“{parent}”下面").format(name=info.name, parent=above.name))
        problems += _same_name([info.name], parent, {id}, known, layer)
    shapes = {} if problems else _moved_shapes(moved, parent, known, layer)
    return replace(plan, problems=tuple(problems), shapes=shapes)


def rename(place_id: int, name: str, *, on: date | None = None) -> Plan:
    """Another name from a day on; before it the place keeps the old one."""
    day, known = on or clock.today(), directory(on)
    plan = Plan("rename", day, (place_id,), name=name.strip(), again=lambda: rename(place_id, name, on=day))
    problems = _closed(known, [place_id])
    if not problems:
        parent = known.parent(place_id) or known.parent(place_id, UNIT)
        layer = GOVERNANCE if known.parent(place_id) is not None else UNIT
        problems += _bad_names([plan.name]) + _same_name([plan.name], parent, {place_id}, known, layer)
        if known.place(place_id).name == plan.name:
            problems.append(_("它已经叫“{name}”").format(name=plan.name))
    return replace(plan, problems=tuple(problems))


def recode(codes: Mapping[int, Mapping[str, str]], *, on: date | None = None, inside: bool = True) -> Plan:
    """Other codes from a day on, also swapped ones. `inside`: grids whose code begins with it follow."""
    day, known = on or clock.today(), directory(on)
    every = {id: dict(new) for id, new in codes.items()}
    problems = _closed(known, list(codes))
    if not problems and inside:
        for id, new in codes.items():
            old, fresh = known.place(id).code, new.get("stats", "")
            if fresh and old and fresh != old:
                for layer, scheme in ((GOVERNANCE, "grid"), (UNIT, "unit")):
                    for grid in known.descendants(id, layer):
                        if known.place(grid).kind in GRIDS and known.place(grid).code.startswith(old):
                            code = fresh + known.place(grid).code[len(old) :]
                            every.setdefault(grid, {}).setdefault(scheme, code)
    twice = [code for code, n in Counter((s, c) for new in every.values() for s, c in new.items()).items() if n > 1]
    problems += [_("代码 {code} 给了两个地方").format(code=code) for _scheme, code in twice]
    for id, new in every.items():
        for code in new.values():
            holder = known.by_code(code)
            if holder is not None and known.place(holder).code == code and holder not in every and holder != id:
                problems.append(_("代码 {code} 已经是“{name}”的").format(code=code, name=known.place(holder).name))
    if not any(known.place(id).code != code for id, new in every.items() if id in known for code in new.values()):
        problems.append(_("代码没有变"))
    return Plan(
        "recode", day, tuple(codes), codes=every, problems=tuple(problems),
        again=lambda: recode(codes, on=day, inside=inside),
    )  # fmt: skip


def close(place_id: int, *, on: date | None = None) -> Plan:
    """Close a place that holds no other; what is open there goes to the place above it."""
    day, known = on or clock.today(), directory(on)
    plan = Plan("close", day, (place_id,), again=lambda: close(place_id, on=day))
    problems = _closed(known, [place_id])
    if problems:
        return replace(plan, problems=tuple(problems))
    layer = UNIT if known.parent(place_id, UNIT) is not None else GOVERNANCE
    info, up = known.place(place_id), known.parent(place_id, layer)
    if up is None or info.kind not in REGROUPED:
        problems.append(_("“{name}”不能在这里撤销").format(name=info.name))
    inside = [c for each in LAYERS for c in known.children(place_id, each)]
    if inside:
        words = _("“{name}”下面还有 {n} 个地方，请先并到别处").format(name=info.name, n=len(inside))
        problems.append(words)
    notes = []
    if place_id in _shapes(known, [place_id]):
        notes.append(_("它的地界从那天起不属于任何网格；有人接管的，请用“并入”"))
    return replace(
        plan, layer=layer, parent=up, parts=(Part(existing=up),), heirs={place_id: (0,)}, problems=tuple(problems),
        notes=tuple(notes),
    )  # fmt: skip


# --- looking ----------------------------------------------------------------------
def _closed(known: Directory, ids: Iterable[int]) -> list[str]:
    """Places that are not there or are not open on the day, in words."""
    problems = []
    for id in ids:
        info = known.get(id)
        if info is None:
            problems.append(_("没有编号 {id} 的地方").format(id=id))
        elif info.closed:
            problems.append(_("“{name}”那天已经撤销或还没有设立").format(name=info.name))
    return problems


def _check_olds(kind: str, olds: tuple[int, ...], parts: Sequence[Part], known: Directory) -> list[str]:
    standing = [p.existing for p in parts if p.existing is not None]
    problems = _closed(known, [*olds, *standing])
    if problems or not olds:
        return problems or [_("没有选地方")]
    if set(standing) & set(olds) or len(set(standing)) != len(standing):
        return [_("接收的地方不能同时被撤销")]
    kinds = {known.place(id).kind for id in (*olds, *standing)}
    if len(kinds) > 1 or not kinds <= REGROUPED:
        return [_("只有同一级的乡镇、村（社区）、网格或楼栋可以拆分合并")]
    homes = {(known.parent(id), known.parent(id, UNIT)) for id in (*olds, *standing)}
    if len(homes) > 1:
        return [_("这些地方不在同一个上级下面；先换上级，再合并")]
    if kind == "split" and len(parts) < 2:
        return [_("拆分至少要有两块")]
    if kind == "merge" and len(olds) < 2:
        return [_("合并至少要选两个地方")]
    return [] if parts else [_("没有写拆合以后的地方")]


def _shapes(known: Directory, ids: Iterable[int]) -> dict[int, shapely.Geometry]:
    return {id: read_shape(kept.wkb) for id, kept in shapes_on(known.on, ids).items()}


def _draw(
    olds: tuple[int, ...], parts: Sequence[Part], shapes: Mapping[int, shapely.Geometry], known: Directory
) -> tuple[list[Part], list[str], list[str]]:
    """The parts with outlines that divide the old ground exactly; problems and notes about them."""
    given = [part for part in parts if part.geometry is not None]
    if not all(old in shapes for old in olds):
        return list(parts), [], []
    ground = [shapes[p.existing] for p in parts if p.existing is not None and p.existing in shapes]
    whole = shapely.union_all([*(shapes[old] for old in olds), *ground])
    if len(parts) == 1:
        return [replace(parts[0], geometry=whole)], [], []
    if not given:
        return list(parts), [], [_("没有画分界，只按清单划分；地图上新地方暂时没有边界")]
    if len(given) < len(parts):
        return list(parts), [_("有的块画了边界，有的没有；要么都画，要么都不画")], []
    drawn = [part.geometry for part in parts]
    assert all(shape is not None for shape in drawn)
    name = "、".join(known.place(old).name for old in olds)
    names = [part.name or known.place(part.existing or olds[0]).name for part in parts]
    found = flaws((name, whole), list(zip(names, drawn, strict=True)))
    if not found:
        return list(parts), [], []
    fitted = fit(whole, drawn)
    if changed_share(drawn, fitted) > FITS or any(shape.area <= TOLERANCE for shape in fitted):
        return list(parts), [words for _code, words in found], []
    note = _("画的线和原边界差一点，已经贴合：{words}").format(words="；".join(w for _c, w in found[:3]))
    return [replace(p, geometry=shape) for p, shape in zip(parts, fitted, strict=True)], [], [note]


def _bad_names(names: Iterable[str]) -> list[str]:
    return [
        _("名称“{name}”不能用，要有 1 到 80 个字").format(name=name[:20])
        for name in names
        if not 0 < len(name) <= 80 or not name.isprintable()
    ]


def _same_name(names: Iterable[str], parent: int | None, but: set[int], known: Directory, layer: str) -> list[str]:
    if parent is None:
        return []
    beside = {known.place(id).name for id in known.children(parent, layer) if id not in but}
    up = known.place(parent).name
    return [_("“{parent}”里已经有“{name}”").format(parent=up, name=name) for name in names if name in beside]


def _check_names(olds: tuple[int, ...], parts: Sequence[Part], known: Directory, layer: str) -> list[str]:
    names = [part.name for part in parts if part.existing is None]
    problems = _bad_names(names)
    problems += [_("“{name}”写了两次").format(name=name) for name, n in Counter(names).items() if n > 1]
    problems += _same_name(names, known.parent(olds[0], layer), set(olds), known, layer)
    codes = Counter((scheme, code) for part in parts for scheme, code in part.codes.items())
    problems += [_("代码 {code} 给了两个地方").format(code=key[1]) for key, n in codes.items() if n > 1]
    for _scheme, code in codes:
        holder = known.by_code(code)
        if holder is not None and holder not in olds and known.place(holder).code == code:
            problems.append(_("代码 {code} 已经是“{name}”的").format(code=code, name=known.place(holder).name))
    return problems


def _alike(children: Mapping[int, int], parts: Sequence[Part], known: Directory) -> list[str]:
    """A note for each name that two grids of one part would have: whoever dispatches could not tell them apart."""
    found: dict[tuple[int, str], list[int]] = {}
    for number, part in enumerate(parts):
        own = known.children(part.existing) if part.existing is not None else ()
        for child in dict.fromkeys((*own, *(c for c, n in children.items() if n == number))):
            if known.place(child).kind.startswith("grid"):
                found.setdefault((number, known.place(child).name), []).append(child)
    return [
        _("会有 {n} 个“{name}”（{which}），做完以后请改名，派件才分得清").format(
            n=len(alike), name=name, which="、".join(known.label(id) for id in alike)
        )
        for (_number, name), alike in found.items()
        if len(alike) > 1
    ][:10]


def _children(
    olds: tuple[int, ...], parts: Sequence[Part], known: Directory, layer: str
) -> tuple[dict[int, int], list[str]]:
    """Which part each place inside goes to, by the list, else by its outline or point; and what nobody can say."""
    layers = (layer,) if known.place(olds[0]).kind != "village" else LAYERS
    inside = list(dict.fromkeys(c for old in olds for each in layers for c in known.children(old, each)))
    placed: dict[int, int] = {}
    problems: list[str] = []
    said = {member: number for number, part in enumerate(parts) for member in part.members}
    strange = [m for m in said if m not in inside]
    problems += [_("清单里有不在这里的地方：{name}").format(name=_name(known, m)) for m in strange[:5]]
    twice = [m for m, n in Counter(m for p in parts for m in p.members).items() if n > 1]
    problems += [_("“{name}”写进了两块").format(name=_name(known, m)) for m in twice[:5]]
    shapes = _shapes(known, inside) if len(parts) > 1 else {}
    lost: list[str] = []
    for child in inside:
        if len(parts) == 1:
            placed[child] = 0
        elif child in said:
            placed[child] = said[child]
        elif child in shapes:
            shares = [
                0.0 if p.geometry is None else shapely.intersection(shapes[child], p.geometry).area for p in parts
            ]
            best = max(range(len(parts)), key=lambda n: (shares[n], -n))
            if shares[best] <= 0:
                lost.append(known.place(child).name)
            elif shapes[child].area - shares[best] > FITS * shapes[child].area:
                problems.append(_("“{name}”跨在两块之间，请先拆它，或者改分界").format(name=known.place(child).name))
            else:
                placed[child] = best
        else:
            point = known.place(child).point
            hits = [
                n for n, p in enumerate(parts) if point and p.geometry is not None
                and p.geometry.intersects(shapely.Point(point))
            ]  # fmt: skip
            if hits:
                placed[child] = hits[0]
            else:
                lost.append(known.place(child).name)
    if lost:
        words = _("还有 {n} 个地方没说归哪一块：{names}").format(n=len(lost), names="、".join(lost[:8]))
        problems.append(words)
    return placed, problems


def _name(known: Directory, id: int) -> str:
    info = known.get(id)
    return info.name if info is not None else str(id)


def _heirs(
    olds: tuple[int, ...],
    parts: Sequence[Part],
    children: Mapping[int, int],
    shapes: Mapping[int, shapely.Geometry],
    known: Directory,
) -> dict[int, tuple[int, ...]]:
    """For each old place the parts that got something of it, by area where drawn, else by what lay inside."""
    heirs: dict[int, tuple[int, ...]] = {}
    for old in olds:
        if len(parts) == 1:
            heirs[old] = (0,)
            continue
        weight = dict.fromkeys(range(len(parts)), 0.0)
        if old in shapes and all(part.geometry is not None for part in parts):
            for number, part in enumerate(parts):
                assert part.geometry is not None
                weight[number] = float(shapely.intersection(shapes[old], part.geometry).area)
            least = TOLERANCE
        else:
            for child, number in children.items():
                if old in (known.parent(child), known.parent(child, UNIT)):
                    weight[number] += 1
            least = 0.0
        chosen = [n for n, share in weight.items() if share > least]
        if not chosen or (len(olds) == 1 and least == 0.0):
            chosen = list(weight)
        heirs[old] = tuple(sorted(chosen, key=lambda n: (-weight[n], n)))
    return heirs


def _moved_shapes(moved: tuple[int, ...], parent: int, known: Directory, layer: str) -> dict[int, shapely.Geometry]:
    """The outlines above, with the moved ground taken off on one side and added on the other."""
    shapes = _shapes(known, moved)
    ground = [shapes[id] for id in moved if id in shapes]
    if not ground:
        return {}
    to = {parent, *known.ancestors(parent, layer)}
    plus, changed = shapely.union_all(ground), {}
    frm: set[int] = set()
    for id in moved:
        frm |= set(known.ancestors(id, layer))
    above = _shapes(known, frm | to)
    for id in frm - to:
        if id in above:
            lost = [shapes[m] for m in moved if m in shapes and id in known.ancestors(m, layer)]
            changed[id] = shapely.difference(above[id], shapely.union_all(lost))
    for id in to - frm:
        if id in above:
            changed[id] = shapely.union(above[id], plus)
    return {id: shape for id, shape in changed.items() if not shape.is_empty}


def describe(plan: Plan) -> dict[str, Any]:
    """The plan in names, for pages and the command: olds, parts with what goes there, and where."""
    known = directory(plan.on)
    inside: dict[int, list[int]] = {}
    for child, number in plan.children.items():
        inside.setdefault(number, []).append(child)
    return {
        "olds": [known.label(id) for id in plan.olds if id in known],
        "parts": [
            {
                "name": part.name or (_name(known, part.existing) if part.existing is not None else ""),
                "codes": "、".join(part.codes.values()),
                "new": part.existing is None,
                "drawn": part.geometry is not None,
                "inside": [known.place(c).name for c in sorted(inside.get(number, ()))],
                "grids": sum(1 for c in inside.get(number, ()) if known.place(c).kind in GRIDS),
                "buildings": sum(1 for c in inside.get(number, ()) if known.place(c).kind == "building"),
                "from": [known.place(old).name for old, heirs in plan.heirs.items() if number in heirs],
            }
            for number, part in enumerate(plan.parts)
        ],
    }
