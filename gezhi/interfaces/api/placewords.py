"""What a caller may write for a place: a number, an official code, a door-plate token, a name, a point."""

from __future__ import annotations

from gezhi.foundation import places
from gezhi.interfaces.api import refusals


def find(word: str | None, lon: float | None, lat: float | None) -> int:
    """The place a matter belongs to; the county when nothing is given.

    A word wins over a point: the resident chose it. A point is checked all the same, and when it lies inside
    the chosen place the finer of the two counts. Raises the refusals of `refusals` and of places.find_place.
    """
    directory = places.directory()
    if (lon is None) != (lat is None):
        missing = "lat" if lat is None else "lon"
        raise refusals.PointHalf(field_errors={missing: refusals.PointHalf().what})
    point = places.find_place(lon, lat) if lon is not None else None
    if not word:
        return point if point is not None else directory.of_kind("county")[0]
    chosen = by_word(word)
    if point is not None and directory.is_within(point, chosen):
        return point
    return chosen


def by_word(word: str) -> int:
    """The open place meant by a word. Raises PlaceUnknown, PlaceClosed, PlaceAmbiguous (field `place`)."""
    directory = places.directory()
    word = word.strip()
    shown = word[:40]
    found: int | None = None
    # Ids of this product are far shorter than official codes, which begin at two digits for a province:
    # a code is tried first only when it is long enough to be one.
    if word.isascii() and word.isdigit():
        number = int(word[:18])
        found = directory.by_code(word) if len(word) >= 6 else None
        if found is None and directory.get(number) is not None:
            found = number
    if found is None:
        found = directory.by_qr(word)
    if found is None and not word.isdigit():
        found = directory.by_code(word)
    if found is None:
        named = directory.by_name(word)
        if len(named) > 1:
            names = "、".join(directory.label(id) for id in named[:5])
            refusal = refusals.PlaceAmbiguous(given=shown, count=len(named), names=names)
            raise _at_place(refusal)
        found = named[0] if named else None
    if found is None:
        raise _at_place(refusals.PlaceUnknown(given=shown))
    if not directory.open(found):
        raise _at_place(refusals.PlaceClosed(given=shown))
    return found


def _at_place(refusal: refusals.errors.Invalid) -> refusals.errors.Invalid:
    refusal.field_errors["place"] = refusal.what
    return refusal
