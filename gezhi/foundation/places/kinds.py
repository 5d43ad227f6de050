"""Kinds of places, from the province down to a building, and what may lie in what."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

KINDS = ("province", "city", "county", "town", "village", "grid1", "grid2", "grid3", "building")
RANK = {kind: rank for rank, kind in enumerate(KINDS)}
GRIDS = ("grid1", "grid2", "grid3")
LAYERS = ("governance", "unit")
GOVERNANCE, UNIT = LAYERS

LABELS = {
    "province": _("省"),
    "city": _("市"),
    "county": _("县（市、区）"),
    "town": _("乡镇（街道）"),
    "village": _("村（社区）"),
    "grid1": _("一级网格"),
    "grid2": _("二级网格"),
    "grid3": _("三级网格"),
    "building": _("楼栋"),
}

# The kinds a place of each kind may lie in. A village without finer grids holds buildings itself.
PARENTS: dict[str, frozenset[str]] = {
    "province": frozenset(),
    "city": frozenset({"province"}),
    "county": frozenset({"city"}),
    "town": frozenset({"county"}),
    "village": frozenset({"town"}),
    "grid1": frozenset({"village"}),
    "grid2": frozenset({"grid1"}),
    "grid3": frozenset({"grid2"}),
    "building": frozenset({"village", *GRIDS}),
}
