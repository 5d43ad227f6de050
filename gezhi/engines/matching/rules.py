"""Pure rules of meetings, activities and courses: when they fall due, who gets a place, what still has to be done.

Read aloud with worked examples in docs/rules/activities.md.
"""

from __future__ import annotations

import secrets
from calendar import monthrange
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gezhi.foundation.calendar.months import months_later

EVERY = ("week", "month", "two_months", "quarter", "half_year", "year")
_MONTHS = {"month": 1, "two_months": 2, "quarter": 3, "half_year": 6, "year": 12}
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 10

DONE, OPEN, MISSED, AHEAD = "done", "open", "missed", "ahead"


@dataclass(frozen=True, order=True)
class Slot:
    """One period in which something is due: both days inclusive. `key`: "2026-W47", "2026-11", "2026-Q4", "2026-H2"."""

    first: date
    last: date
    key: str


def new_code() -> str:
    """The code of one sign-up: unguessable (31^10), easy to say."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH))


def tidy_code(written: str) -> str | None:
    """What a person typed as a code; None when it cannot be one."""
    bare = "".join(c for c in written.upper() if c.isalnum())
    return bare if len(bare) == CODE_LENGTH and all(c in _ALPHABET for c in bare) else None


def slot_of(every: str, day: date) -> Slot:
    """The period of a rhythm that holds a day. Periods tile the year and never overlap; weeks are ISO weeks."""
    if every == "week":
        first = day - timedelta(days=day.weekday())
        year, week, _day = first.isocalendar()
        return Slot(first, first + timedelta(days=6), f"{year}-W{week:02d}")
    length = _MONTHS[every]
    number = (day.month - 1) // length
    first = date(day.year, number * length + 1, 1)
    end = number * length + length
    last = date(day.year, end, monthrange(day.year, end)[1])
    key = {
        "month": f"{day.year}-{first.month:02d}",
        "two_months": f"{day.year}-B{number + 1}",
        "quarter": f"{day.year}-Q{number + 1}",
        "half_year": f"{day.year}-H{number + 1}",
        "year": f"{day.year}",
    }[every]
    return Slot(first, last, key)


def slots(every: str, first: date, last: date) -> list[Slot]:
    """Every period that begins on or after `first` and not after `last`, in order, and the one `first` lies in."""
    found = []
    here = slot_of(every, first)
    while here.first <= last:
        found.append(here)
        here = slot_of(every, here.last + timedelta(days=1))
    return found


def state_of_slot(slot: Slot, *, done: int, times: int, today: date) -> str:
    """done when it happened as often as it should; else missed once the period is over, open in it, ahead before."""
    if done >= times:
        return DONE
    if slot.last < today:
        return MISSED
    return OPEN if slot.first <= today else AHEAD


def overlap(starts: object, ends: object, others: Iterable[tuple[object, object]]) -> bool:
    """Whether [starts, ends) meets any of the others; what ends when this begins does not."""
    return any(a < ends and starts < b for a, b in others)  # type: ignore[operator]


def place_for(booked: int, seats: int | None, waiting: bool) -> str:
    """What the next person to sign up gets: "booked", "waiting", or "" (full). `seats` None: without end."""
    if seats is None or booked < seats:
        return "booked"
    return "waiting" if waiting else ""


def to_promote(free: int | None, waiting: Sequence[int], blocked: Collection[int] = ()) -> list[int]:
    """Whose turn it is when `free` places are free (None: any number): the first of the waiting, in their order.

    `blocked` are bound elsewhere at that time; they keep their place in the line and the next one comes up.
    """
    able = [number for number in waiting if number not in blocked]
    return able if free is None else able[: max(0, free)]


def themes_missing(themes: Mapping[str, Collection[str]], due: Iterable[Slot]) -> list[str]:
    """Keys of periods that have no theme or more than one: "every month exactly one theme" holds when it is empty."""
    return [slot.key for slot in due if len(set(themes.get(slot.key, ()))) != 1]


@dataclass(frozen=True)
class Standing:
    """Where somebody stands in a course. `missing`: required lessons not passed; `lacking`: electives still to choose."""

    passed: frozenset[str]
    missing: tuple[str, ...]
    electives: int
    lacking: int
    credits: int
    short: int

    @property
    def complete(self) -> bool:
        return not self.missing and not self.lacking and not self.short


def standing(
    required: Sequence[str],
    elective: Sequence[str],
    choose: int,
    passed: Collection[str],
    *,
    credits: Mapping[str, int] | None = None,
    least: int = 0,
) -> Standing:
    """Complete = all required, at least `choose` of the electives, and `least` credits. A lesson counts once."""
    known = frozenset(passed) & {*required, *elective}
    chosen = len(known & set(elective))
    earned = sum((credits or {}).get(lesson, 1) for lesson in known)
    return Standing(
        known, tuple(lesson for lesson in required if lesson not in known), chosen, max(0, choose - chosen), earned,
        max(0, least - earned),
    )  # fmt: skip


def gap(required: Iterable[str], held: Mapping[str, date | None], today: date) -> list[str]:
    """Competences a post requires that no valid certificate proves. `held`: the last valid day (None: for good)."""
    return [code for code in required if code not in held or not valid(held[code], today)]


def valid(expires: date | None, today: date) -> bool:
    """Whether a certificate is still good on a day; its last day counts."""
    return expires is None or today <= expires


def expiry(issued: date, months: int | None) -> date | None:
    """The last valid day: `months` later, the day before; a month that is too short ends on its last day."""
    if not months:
        return None
    later = months_later(issued, months)
    return later if later.day < issued.day else later - timedelta(days=1)


def free(
    taken: Iterable[tuple[datetime, datetime]],
    opens: datetime,
    closes: datetime,
    least: timedelta = timedelta(minutes=15),
) -> list[tuple[datetime, datetime]]:
    """The stretches of [opens, closes) that nobody has, in order, shorter ones than `least` left out."""
    found, at = [], opens
    for starts, ends in sorted(taken):
        if min(starts, closes) - at >= least:
            found.append((at, min(starts, closes)))
        at = max(at, ends)
    if closes - at >= least:
        found.append((at, closes))
    return found
