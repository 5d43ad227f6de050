"""Bring places to what a list says: create the new, change the changed, leave the rest alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gezhi.foundation import db, events
from gezhi.foundation.calendar import clock

from .dating import rename_row
from .models import Place, PlaceCode, PlaceEdge
from .shapes import shape_hash
from .writing import NewPlace, create_many


class Brought(NamedTuple):
    """How many places a list created, renamed, moved, redrew and left as they were; `ids` in the list's order."""

    created: int
    renamed: int
    moved: int
    drawn: int
    same: int
    ids: tuple[int, ...]
    counted: int = 0  # places whose number of households changed

    @property
    def changed(self) -> int:
        return self.created + self.renamed + self.moved + self.drawn + self.counted


def bring(wanted: Sequence[NewPlace], *, actor: Any) -> Brought:
    """Create or update places found by their first code, in the current write. Parents precede children.

    A place keeps an outline it has when the list brings none. Moves take effect today.
    """
    # Moving the number first makes two imports pass one after the other on PostgreSQL as well.
    db.revisions.bump("places")
    known = _known(wanted)
    rows = Place.objects.defer("geometry").in_bulk(sorted(set(known.values())))
    edges = {
        (child, layer): parent
        for child, layer, parent in PlaceEdge.objects.filter(until__isnull=True).values_list(
            "child_id", "layer", "parent_id"
        )
    }
    for place in wanted:
        place.id = known.get(_key(place))
    fresh = [place for place in wanted if place.id is None]
    create_many(fresh, actor=actor)
    created = {place.id for place in fresh}
    counts = {"renamed": 0, "moved": 0, "drawn": 0, "counted": 0, "same": 0}
    for place in wanted:
        if place.id in created:
            continue
        changes = _update(rows[place.number], place, edges.get((place.number, place.layer)), actor)
        for change in changes or ("same",):
            counts[change] += 1
    # And again, because a directory may have been loaded since (by a parent looked up).
    db.revisions.bump("places")
    return Brought(created=len(fresh), ids=tuple(p.number for p in wanted), **counts)


def _key(place: NewPlace) -> tuple[str, str]:
    return next(iter(place.codes.items()))


def _known(wanted: Sequence[NewPlace]) -> dict[tuple[str, str], int]:
    schemes = {_key(place)[0] for place in wanted}
    held = PlaceCode.objects.filter(until__isnull=True, scheme__in=schemes, place__closed_on__isnull=True)
    keys = {_key(place) for place in wanted}
    return {
        (scheme, code): place
        for scheme, code, place in held.values_list("scheme", "code", "place_id")
        if (scheme, code) in keys
    }


def _update(row: Place, place: NewPlace, parent: int | None, actor: Any) -> list[str]:
    changes: list[str] = []
    patch: dict[str, Any] = {}
    fields: list[str] = []
    if row.name != place.name:
        changes.append("renamed")
        rename_row(row, place.name, clock.today(), lambda *_told, **_facts: None)
        patch["name"] = place.name
        fields.append("name")
    wanted_parent = place.parent_number
    if wanted_parent is not None and wanted_parent != parent:
        changes.append("moved")
        today = clock.today()
        PlaceEdge.objects.filter(child=row, layer=place.layer, until__isnull=True).update(until=today)
        PlaceEdge.objects.create(child=row, parent_id=wanted_parent, layer=place.layer, since=today)
        patch["parents"] = {place.layer: wanted_parent}
    if place.geometry is not None and row.shape_hash != shape_hash(place.geometry):
        changes.append("drawn")
        row.geometry, row.shape_hash, row.sketch = place.geometry, shape_hash(place.geometry), place.sketch
        patch.update(shape_hash=row.shape_hash, sketch=row.sketch)
        fields += ["geometry", "shape_hash", "sketch"]
    if place.households is not None and row.households != place.households:
        changes.append("counted")
        row.households = patch["households"] = place.households
        fields.append("households")
    if changes:
        head = events.record(
            f"place:{row.pk}",
            "place.imported",
            actor=actor,
            patch=patch,
            head=events.Head(row.event_seq, bytes(row.event_hash)),
        )
        row.event_seq, row.event_hash = head
        row.save(update_fields=[*fields, "event_seq", "event_hash"])
    return changes
