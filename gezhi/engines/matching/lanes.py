"""What cannot be in two places at once: venues, persons, teachers. A lane's row is the lock, its holds the calendar."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from gezhi.engines.matching import refusals as _refusals  # noqa: F401  (registers the codes)
from gezhi.engines.matching.models import Hold, Lane
from gezhi.foundation.errors import Conflict


def venue(venue_id: int) -> str:
    """The lane of a venue."""
    return f"venue:{venue_id}"


def person(who: str) -> str:
    """The lane of somebody, by the mark their bookings carry."""
    return f"who:{who}"


def of_case(case_id: int) -> int:
    """Under which number a case holds lanes: sessions are above nothing, cases below."""
    return -case_id


def lock(keys: Collection[str]) -> None:
    """Inside a write: nobody else looks at or takes these lanes until it ends. Always in the same order."""
    wanted = sorted(set(keys))
    Lane.objects.bulk_create([Lane(key=key) for key in wanted], ignore_conflicts=True)
    list(Lane.objects.select_for_update().filter(key__in=wanted).order_by("key"))


def taken(keys: Collection[str], starts: datetime, ends: datetime, *, besides: int | None = None) -> set[str]:
    """Which of the lanes are taken at some moment of [starts, ends) by another session than `besides`."""
    met = Hold.objects.filter(lane__in=list(keys), starts__lt=ends, ends__gt=starts)
    if besides is not None:
        met = met.exclude(session_id=besides)
    return set(met.values_list("lane", flat=True))


def hold(keys: Sequence[str], starts: datetime, ends: datetime, *, session_id: int, code: str) -> None:
    """Take the lanes, all or none. Raises Conflict `code` when one of them is taken."""
    lock(keys)
    if taken(keys, starts, ends, besides=session_id):
        raise Conflict(code)
    book(keys, starts, ends, session_id=session_id)


def book(keys: Iterable[str], starts: datetime, ends: datetime, *, session_id: int) -> None:
    """Write the holds of lanes already locked and found free."""
    Hold.objects.bulk_create(
        [Hold(lane=key, session_id=session_id, starts=starts, ends=ends) for key in dict.fromkeys(keys)],
        ignore_conflicts=True,
    )


def release(session_id: int, keys: Collection[str] | None = None) -> None:
    """Give lanes of a session free: these, or all it holds."""
    held = Hold.objects.filter(session_id=session_id)
    (held if keys is None else held.filter(lane__in=list(keys))).delete()
