"""Where what lay in a place that closed lies now, along splits and merges; in memory by revision."""

from __future__ import annotations

from datetime import date

from gezhi.foundation import db

from .models import PlaceSuccession
from .snapshot import directory


def successor(place_id: int, *, point: tuple[float, float] | None = None, on: date | None = None) -> int:
    """Where what lay in a place lies now: the place itself while it is open, else along the successions.

    Of several successors the one whose outline holds `point` (lon, lat), without one the main successor. A
    closed place without a successor gives itself.
    """
    known = directory(on)
    heirs = successions(known.on)
    seen: set[int] = set()
    while not known.open(place_id) and place_id in heirs and place_id not in seen:
        seen.add(place_id)
        chosen = heirs[place_id]
        place_id = chosen[0]
        if len(chosen) > 1 and point is not None:
            found = known.locate(*point)
            around = {found, *known.ancestors(found)} if found is not None else set()
            place_id = next((id for id in chosen if id in around), chosen[0])
    return place_id


_kept: tuple[int, date, dict[int, tuple[int, ...]]] | None = None


def successions(on: date) -> dict[int, tuple[int, ...]]:
    """old -> its successors in force, the main one first; kept in memory by revision."""
    global _kept
    revision = db.revisions.current().get("places", 0)
    kept = _kept
    if kept is not None and kept[:2] == (revision, on):
        return kept[2]
    found: dict[int, list[int]] = {}
    rows = PlaceSuccession.objects.filter(since__lte=on).order_by("-main", "id")
    for old, new in rows.values_list("old_id", "new_id"):
        found.setdefault(old, []).append(new)
    heirs = {old: tuple(new) for old, new in found.items()}
    _kept = (revision, on, heirs)
    return heirs
