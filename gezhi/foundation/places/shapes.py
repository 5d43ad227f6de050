"""Outlines as they are kept: WKB in the row, its sha256 in the event."""

from __future__ import annotations

import hashlib
from typing import Any

import shapely


def read_shape(kept: Any) -> shapely.Geometry:
    """The outline of a row's `geometry` (bytes, or the memoryview PostgreSQL gives); never for a null."""
    return shapely.from_wkb(bytes(kept))


def shape_hash(kept: Any) -> str:
    """What an event says about an outline: the sha256 of its WKB in hex, "" without one."""
    return "" if kept is None else hashlib.sha256(bytes(kept)).hexdigest()
