"""Do the children of every place divide it, on a given date? Read from the tables, not from the directory."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import NamedTuple

import numpy as np
import shapely
from django.db.models import Q
from django.utils.translation import gettext as _

from .fitting import TOLERANCE, area_words
from .kinds import GOVERNANCE, PARENTS, UNIT
from .models import Place, PlaceCode, PlaceEdge, PlaceName
from .shapes import read_shape, shape_hash, shapes_on


class Finding(NamedTuple):
    """One flaw: `code` no_parent, two_parents, wrong_level, closed_parent, overlap, outside, gap, shape_changed,
    unit_code."""

    code: str
    place_id: int
    words: str


def check_partition(on: date, layer: str = GOVERNANCE, *, codes: bool = False) -> list[Finding]:
    """Every flaw of a layer on a local date; [] = each child has exactly one parent and outlines divide theirs.

    Outlines are compared between children of one parent and with the parent where both are drawn; buildings
    and divisions that are not drawn are checked by their edges only. Overlaps below a square metre pass. Outlines and names are those of the date.
    `codes`: in the unit layer, also whether each code is that of its community.
    """
    standing = Q(opened_on__lte=on) & (Q(closed_on__isnull=True) | Q(closed_on__gt=on))
    in_force = Q(since__lte=on) & (Q(until__isnull=True) | Q(until__gt=on))
    named = dict(PlaceName.objects.filter(in_force).values_list("place_id", "name"))
    places = {
        id: (kind, named.get(id, name))
        for id, kind, name in Place.objects.filter(standing).values_list("id", "kind", "name")
    }
    parents: dict[int, list[int]] = defaultdict(list)
    others: set[int] = set()
    for child, parent, its_layer in PlaceEdge.objects.filter(in_force).values_list("child_id", "parent_id", "layer"):
        if its_layer == layer:
            parents[child].append(parent)
        else:
            others.add(child)
    findings = _check_edges(places, parents, others, layer)
    if codes and layer == UNIT:
        findings += _check_unit_codes(on, places, parents)
    return findings + _check_shapes(on, places, parents)


def _check_edges(
    places: dict[int, tuple[str, str]], parents: dict[int, list[int]], others: set[int], layer: str
) -> list[Finding]:
    findings = []
    for id, (kind, name) in places.items():
        above = parents.get(id, [])
        # A place belongs to the layer it has an edge in; whoever has none at all is lost.
        expected = bool(PARENTS[kind]) and layer == GOVERNANCE and id not in others
        if not above and expected:
            findings.append(Finding("no_parent", id, _("“{name}”没有上级").format(name=name)))
        if len(above) > 1:
            findings.append(Finding("two_parents", id, _("“{name}”有 {n} 个上级").format(name=name, n=len(above))))
        for parent in above:
            if parent not in places:
                findings.append(Finding("closed_parent", id, _("“{name}”的上级没有启用或已撤销").format(name=name)))
            elif places[parent][0] not in (PARENTS[kind] if layer != UNIT else {"village"}):
                findings.append(Finding("wrong_level", id, _("“{name}”的上级级别不对").format(name=name)))
    return findings


def _check_shapes(on: date, places: dict[int, tuple[str, str]], parents: dict[int, list[int]]) -> list[Finding]:
    findings: list[Finding] = []
    shapes: dict[int, shapely.Geometry] = {}
    for id, kept in shapes_on(on).items():
        if id not in places:
            continue
        shapes[id] = read_shape(kept.wkb)
        if shape_hash(kept.wkb) != kept.hash:
            words = _("“{name}”的边界和记录里的不一样").format(name=places[id][1])
            findings.append(Finding("shape_changed", id, words))
    families: dict[int, list[int]] = defaultdict(list)
    undrawn: set[int] = set()
    for child, above in parents.items():
        if child in shapes:
            families[above[0]].append(child)
        elif child in places and places[child][0] != "building":
            undrawn.add(above[0])
    for parent, children in families.items():
        findings += _check_family(parent, sorted(children), shapes, places, complete=parent not in undrawn)
    return findings


def _check_family(
    parent: int,
    children: list[int],
    shapes: dict[int, shapely.Geometry],
    places: dict[int, tuple[str, str]],
    complete: bool,
) -> list[Finding]:
    findings = []
    drawn = np.array([shapes[child] for child in children], dtype=object)
    left, right = shapely.STRtree(drawn).query(drawn, predicate="intersects")
    pairs = [(a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True) if a < b]
    for a, b in pairs:
        common = shapely.intersection(drawn[a], drawn[b])
        if shapely.area(common) > TOLERANCE:
            one, other = places[children[a]][1], places[children[b]][1]
            words = _("“{one}”和“{other}”重叠{area}").format(one=one, other=other, area=area_words(common))
            findings.append(Finding("overlap", children[a], words))
    outline = shapes.get(parent)
    if outline is None:
        return findings
    name = places[parent][1]
    for child, shape in zip(children, drawn, strict=True):
        beyond = shapely.difference(shape, outline)
        if shapely.area(beyond) > TOLERANCE:
            words = _("“{name}”超出“{parent}”{area}").format(
                name=places[child][1], parent=name, area=area_words(beyond)
            )
            findings.append(Finding("outside", child, words))
    missing = shapely.difference(outline, shapely.union_all(drawn))
    if complete and shapely.area(missing) > TOLERANCE:
        words = _("“{name}”里有{area}不属于任何下级").format(name=name, area=area_words(missing))
        findings.append(Finding("gap", parent, words))
    return findings


def _check_unit_codes(on: date, places: dict[int, tuple[str, str]], parents: dict[int, list[int]]) -> list[Finding]:
    """A unit grid's 15 digits begin with the 12 of the community it lies in: it may not reach into another."""
    in_force = Q(since__lte=on) & (Q(until__isnull=True) | Q(until__gt=on))
    above = {child: up[0] for child, up in parents.items() if child in places and up}
    rows = PlaceCode.objects.filter(in_force, scheme__in=("unit", "stats"))
    codes: dict[str, dict[int, str]] = {"unit": {}, "stats": {}}
    for place, scheme, code in rows.values_list("place_id", "scheme", "code"):
        codes[scheme][place] = code
    findings = []
    for child, up in above.items():
        code, village = codes["unit"].get(child, ""), codes["stats"].get(up, "")
        if not (len(code) == 15 and code.isdigit()) or (village and not code.startswith(village)):
            name = places[child][1]
            parent = places[up][1] if up in places else "?"
            words = _("单元网格“{name}”的编码要有 15 位，前 12 位是“{parent}”的代码").format(name=name, parent=parent)
            findings.append(Finding("unit_code", child, words))
    return findings
