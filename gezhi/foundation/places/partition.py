"""Do the children of every place divide it, on a given date? Read from the tables, not from the directory."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import NamedTuple

import numpy as np
import shapely
from django.db.models import Q
from django.utils.translation import gettext as _

from .kinds import GOVERNANCE, PARENTS, UNIT
from .models import Place, PlaceEdge
from .shapes import read_shape, shape_hash

# Square degrees: about one square metre at 35 degrees north. Outlines are kept to eight decimals.
TOLERANCE = 1e-10


class Finding(NamedTuple):
    """One flaw: `code` no_parent, two_parents, wrong_level, closed_parent, overlap, outside, gap, shape_changed."""

    code: str
    place_id: int
    words: str


def check_partition(on: date, layer: str = GOVERNANCE) -> list[Finding]:
    """Every flaw of a layer on a local date; [] = each child has exactly one parent and outlines divide theirs.

    Outlines are compared between children of one parent and with the parent where both are drawn; buildings
    and divisions that are not drawn are checked by their edges only. Overlaps below a square metre pass.
    """
    standing = Q(opened_on__lte=on) & (Q(closed_on__isnull=True) | Q(closed_on__gt=on))
    places = {id: (kind, name) for id, kind, name in Place.objects.filter(standing).values_list("id", "kind", "name")}
    in_force = Q(since__lte=on) & (Q(until__isnull=True) | Q(until__gt=on))
    parents: dict[int, list[int]] = defaultdict(list)
    others: set[int] = set()
    for child, parent, its_layer in PlaceEdge.objects.filter(in_force).values_list("child_id", "parent_id", "layer"):
        if its_layer == layer:
            parents[child].append(parent)
        else:
            others.add(child)
    findings = _check_edges(places, parents, others, layer)
    return findings + _check_shapes(places, parents)


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


def _check_shapes(places: dict[int, tuple[str, str]], parents: dict[int, list[int]]) -> list[Finding]:
    findings: list[Finding] = []
    shapes: dict[int, shapely.Geometry] = {}
    for id, wkb, digest in Place.objects.filter(geometry__isnull=False).values_list("id", "geometry", "shape_hash"):
        if id not in places:
            continue
        shapes[id] = read_shape(wkb)
        if shape_hash(wkb) != digest:
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
        if shapely.area(shapely.intersection(drawn[a], drawn[b])) > TOLERANCE:
            words = _("“{one}”和“{other}”重叠").format(one=places[children[a]][1], other=places[children[b]][1])
            findings.append(Finding("overlap", children[a], words))
    outline = shapes.get(parent)
    if outline is None:
        return findings
    for child, shape in zip(children, drawn, strict=True):
        if shapely.area(shapely.difference(shape, outline)) > TOLERANCE:
            words = _("“{name}”超出了“{parent}”").format(name=places[child][1], parent=places[parent][1])
            findings.append(Finding("outside", child, words))
    if complete and shapely.area(shapely.difference(outline, shapely.union_all(drawn))) > TOLERANCE:
        findings.append(Finding("gap", parent, _("“{name}”里有地方不属于任何下级").format(name=places[parent][1])))
    return findings
