"""Outlines of parts against the whole they are cut from: what does not fit, said in words, and made to fit. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
import shapely.ops
from django.utils.translation import gettext as _

from .shapes import square_metres

# Square degrees: about one square metre at 35 degrees north. Outlines are kept to eight decimals.
TOLERANCE = 1e-10
# How much of the whole may be clipped or filled without asking: hand-drawn lines are never exact.
FITS = 0.02

Named = tuple[str, shapely.Geometry]


def area_words(shape: shapely.Geometry) -> str:
    """An area as people say it: 320 平方米, 4.2 公顷, 1.3 平方公里."""
    metres = square_metres(shape)
    if metres < 10_000:
        return _("约 {n} 平方米").format(n=max(1, round(metres)))
    if metres < 1_000_000:
        return _("约 {n} 公顷").format(n=round(metres / 10_000, 1))
    return _("约 {n} 平方公里").format(n=round(metres / 1_000_000, 1))


def flaws(whole: Named, parts: Sequence[Named]) -> list[tuple[str, str]]:
    """Overlaps, what lies outside and what is left out, as (code, words) with names and areas."""
    found: list[tuple[str, str]] = []
    for index, (name, shape) in enumerate(parts):
        for other, beside in parts[index + 1 :]:
            common = shapely.intersection(shape, beside)
            if common.area > TOLERANCE:
                words = _("“{one}”和“{other}”重叠{area}").format(one=name, other=other, area=area_words(common))
                found.append(("overlap", words))
        beyond = shapely.difference(shape, whole[1])
        if beyond.area > TOLERANCE:
            words = _("“{name}”超出“{parent}”{area}").format(name=name, parent=whole[0], area=area_words(beyond))
            found.append(("outside", words))
    left = shapely.difference(whole[1], shapely.union_all([shape for _name, shape in parts]))
    if left.area > TOLERANCE:
        names = "、".join(name for name, _shape in parts)
        words = _("“{whole}”里有{area}不属于{names}").format(whole=whole[0], area=area_words(left), names=names)
        found.append(("gap", words))
    return found


def fit(whole: shapely.Geometry, parts: Sequence[shapely.Geometry]) -> list[shapely.Geometry]:
    """The parts clipped to the whole and to one another in their order; what is left joins the part it touches most."""
    fitted: list[shapely.Geometry] = []
    rest = whole
    for part in parts:
        fitted.append(_surface(shapely.intersection(rest, part)))
        rest = _surface(shapely.difference(rest, part))
    for piece in shapely.get_parts(rest):
        if piece.area <= 0:
            continue
        touch = [shapely.intersection(piece, part).length for part in fitted]
        best = int(np.argmax(touch)) if max(touch) > 0 else int(np.argmin([piece.distance(part) for part in fitted]))
        fitted[best] = _surface(shapely.union(fitted[best], piece))
    return fitted


def changed_share(before: Sequence[shapely.Geometry], after: Sequence[shapely.Geometry]) -> float:
    """How much fitting moved, as a share of the whole."""
    moved = sum(shapely.symmetric_difference(a, b).area for a, b in zip(before, after, strict=True))
    return moved / (sum(part.area for part in after) or 1.0)


def cut_by_line(shape: shapely.Geometry, line: Sequence[tuple[float, float]]) -> list[shapely.Geometry]:
    """A polygon cut along a line that crosses it, from north-west to south-east; one part when it does not.

    The line's ends are drawn out, so that two points roughly on the border are enough.
    """
    first, last = np.array(line[0]), np.array(line[-1])
    ahead, behind = np.array(line[1]) - first, last - np.array(line[-2])
    reach = 2 * float(np.hypot(*(np.array(shape.bounds[2:]) - np.array(shape.bounds[:2]))))
    ends = [
        first - ahead / (np.hypot(*ahead) or 1.0) * reach,
        *(np.array(p) for p in line[1:-1]),
        last + behind / (np.hypot(*behind) or 1.0) * reach,
    ]
    if len(line) > 2:
        ends = [ends[0], first, *ends[1:-1], last, ends[-1]]
    pieces = [p for p in shapely.ops.split(shape, shapely.LineString(ends)).geoms if p.area > TOLERANCE]
    return sorted(pieces, key=lambda p: (-p.centroid.y, p.centroid.x))


def _surface(shape: shapely.Geometry) -> shapely.Geometry:
    """Only the polygons of a result: lines and points where borders touch are dropped."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    kept = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and part.area > 0]
    return shapely.union_all(kept) if kept else shapely.Polygon()
