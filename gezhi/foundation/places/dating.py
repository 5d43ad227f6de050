"""A row that says something else from a day on keeps what it said until then: names and outlines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.utils.translation import gettext as _

from gezhi.foundation import errors

from .models import Place, PlaceName, PlaceShape
from .shapes import shape_hash


def rename_row(place: Place, name: str, on: date, patch: Callable[..., None]) -> str:
    """Give a locked row another name from a day on (the caller saves it); returns the old one."""
    was = place.name
    current = PlaceName.objects.filter(place=place, until__isnull=True).first()
    if current is None:
        if place.opened_on < on:
            PlaceName.objects.create(place=place, name=was, since=place.opened_on, until=on)
    elif current.since > on:
        raise errors.Invalid("place.date", reason=_("不能早于 {day}").format(day=current.since))
    else:
        current.until = on
        current.save(update_fields=["until"])
    PlaceName.objects.create(place=place, name=name, since=on)
    place.name = name
    patch(place.pk, "place.renamed", name=name)
    return was


def redraw_row(place: Place, wkb: bytes | None, sketch: bool, on: date) -> None:
    """Give a locked row another outline from a day on, keeping the former one for its time (the caller saves it)."""
    last = PlaceShape.objects.filter(place=place).order_by("-until").first()
    PlaceShape.objects.create(
        place=place,
        geometry=None if place.geometry is None else bytes(place.geometry),
        shape_hash=place.shape_hash,
        sketch=place.sketch,
        since=place.opened_on if last is None else last.until,
        until=on,
    )
    place.geometry, place.shape_hash, place.sketch = wkb, shape_hash(wkb), sketch
