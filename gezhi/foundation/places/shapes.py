"""Outlines as they are kept: WKB in the row, its sha256 in the event."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

import shapely


def read_shape(kept: Any) -> shapely.Geometry:
    """The outline of a row's `geometry` (bytes, or the memoryview PostgreSQL gives); never for a null."""
    return shapely.from_wkb(bytes(kept))


def shape_hash(kept: Any) -> str:
    """What an event says about an outline: the sha256 of its WKB in hex, "" without one."""
    return "" if kept is None else hashlib.sha256(bytes(kept)).hexdigest()


class Kept(NamedTuple):
    """An outline as it is kept: WKB, its hash in the events, and whether it is invented."""

    wkb: bytes
    hash: str
    sketch: bool


def shapes_on(on: date, ids: Iterable[int] | None = None) -> dict[int, Kept]:
    """The outlines in force on a local date, of all places or of these (two queries); undrawn ones are left out."""
    from .models import Place, PlaceShape

    now, former = Place.objects.filter(geometry__isnull=False), PlaceShape.objects.filter(since__lte=on, until__gt=on)
    if ids is not None:
        wanted = list(ids)
        now, former = now.filter(pk__in=wanted), former.filter(place_id__in=wanted)
    found = {
        id: Kept(bytes(wkb), digest, sketch)
        for id, wkb, digest, sketch in now.values_list("id", "geometry", "shape_hash", "sketch")
        if wkb is not None
    }
    for id, wkb, digest, sketch in former.values_list("place_id", "geometry", "shape_hash", "sketch"):
        if wkb is None:
            found.pop(id, None)
        else:
            found[id] = Kept(bytes(wkb), digest, sketch)
    return found


def square_metres(shape: shapely.Geometry) -> float:
    """The area of a small outline (WGS84): exact enough to be said, not to be paid for."""
    if shape.is_empty:
        return 0.0
    _west, south, _east, north = shape.bounds
    return float(shape.area) * 111_320.0**2 * math.cos(math.radians((south + north) / 2))
