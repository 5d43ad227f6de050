"""Bulk creation of places: ids reserved first, so that events, rows, codes and edges are one pass each."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gezhi.foundation import events
from gezhi.foundation.db.inserting import new_ids

from .kinds import GOVERNANCE
from .models import Place, PlaceCode, PlaceEdge
from .shapes import shape_hash

# Letters and digits that cannot be mistaken for one another when read from a door plate.
TOKEN_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
TOKEN_LENGTH = 10
# 500 rows of 16 columns stay below SQLite's limit of 32,766 parameters.
BATCH = 500


@dataclass(eq=False)
class NewPlace:
    """A place to be created. `parent` is an existing id or a NewPlace earlier in the same list.

    `geometry` is WKB (WGS84, lon lat); `lon`, `lat` degrees; `codes` scheme -> code. `id` is set on creation.
    """

    kind: str
    name: str
    opened_on: date
    parent: int | NewPlace | None = None
    layer: str = GOVERNANCE
    codes: dict[str, str] = field(default_factory=dict)
    lon: float | None = None
    lat: float | None = None
    geometry: bytes | None = None
    sketch: bool = False
    units: int | None = None
    households: int | None = None
    qr: str | None = None
    id: int | None = None

    @property
    def number(self) -> int:
        """The id, once created or found; using it earlier is a programming error."""
        assert self.id is not None
        return self.id

    @property
    def parent_number(self) -> int | None:
        """The id of the parent, None at the top."""
        return self.parent.number if isinstance(self.parent, NewPlace) else self.parent


def new_token() -> str:
    """A token for a door plate: 10 letters and digits, about 49 bits; not a secret, only not enumerable."""
    return "".join(secrets.choice(TOKEN_LETTERS) for _ in range(TOKEN_LENGTH))


def create_many(new: Sequence[NewPlace], *, actor: Any) -> list[int]:
    """Create places in the current write, with one `place.opened` event each; returns their ids in order.

    No check is made beyond the database's constraints: callers have made theirs, and have bumped "places".
    """
    if not new:
        return []
    for place, id in zip(new, new_ids(Place, len(new)), strict=True):
        place.id = id
    drafts = [events.Draft(f"place:{p.id}", "place.opened", _opened(p), events.GENESIS) for p in new]
    heads = events.record_many(drafts, actor=actor)
    Place.objects.bulk_create(
        [
            Place(
                id=p.id,
                kind=p.kind,
                name=p.name,
                lon=p.lon,
                lat=p.lat,
                geometry=p.geometry,
                shape_hash=shape_hash(p.geometry),
                sketch=p.sketch,
                units=p.units,
                households=p.households,
                qr=p.qr,
                opened_on=p.opened_on,
                event_seq=head.seq,
                event_hash=head.hash,
            )
            for p, head in zip(new, heads, strict=True)
        ],
        batch_size=BATCH,
    )
    PlaceCode.objects.bulk_create(
        [
            PlaceCode(place_id=p.number, scheme=scheme, code=code, since=p.opened_on)
            for p in new
            for scheme, code in p.codes.items()
        ],
        batch_size=BATCH,
    )
    PlaceEdge.objects.bulk_create(
        [
            PlaceEdge(child_id=p.number, parent_id=parent, layer=p.layer, since=p.opened_on)
            for p in new
            if (parent := p.parent_number) is not None
        ],
        batch_size=BATCH,
    )
    return [p.number for p in new]


def _opened(place: NewPlace) -> dict[str, Any]:
    patch: dict[str, Any] = {"kind": place.kind, "name": place.name, "opened_on": place.opened_on}
    optional = {
        "lon": place.lon,
        "lat": place.lat,
        "shape_hash": shape_hash(place.geometry) or None,
        "sketch": place.sketch or None,
        "units": place.units,
        "households": place.households,
        "qr": place.qr,
        "parents": {place.layer: place.parent_number} if place.parent is not None else None,
        "codes": place.codes or None,
    }
    patch.update({key: value for key, value in optional.items() if value is not None})
    return patch
