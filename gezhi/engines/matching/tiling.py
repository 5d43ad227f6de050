"""Turns that tile a stretch of time: who is on when, with rest between two turns of one person. Pure. docs/rules/rosters.md

A slot is [start, end). The same people give the same roster: whoever has been on least is next, then whoever has rested
longest, ties to the smaller id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

Stretch = tuple[datetime, datetime]
DAY = 24 * 60


@dataclass(frozen=True)
class Turns:
    """`given`: (slot, person) in order of time; `short`: (slot, how many are lacking) where too few could be found."""

    given: tuple[tuple[Stretch, int], ...]
    short: tuple[tuple[Stretch, int], ...] = field(default=())


def minutes(span: str) -> tuple[int, int]:
    """(start, length) in minutes of "20:00-08:00"; what ends at or before its start ends the next day."""
    begins, _dash, ends = span.partition("-")
    first, last = ((int(h) * 60 + int(m)) for h, m in (part.strip().split(":") for part in (begins, ends)))
    return first, last - first if last > first else last - first + DAY


def follow(hours: Sequence[str]) -> bool:
    """Whether the slots of a day come one after the other and none reaches into the next day's first."""
    spans = [minutes(one) for one in hours]
    ends = [start + length for start, length in spans]
    starts = [start for start, _length in spans]
    return all(end <= start for end, start in zip(ends, [*starts[1:], starts[0] + DAY], strict=True)) if spans else True


def around(hours: Sequence[str]) -> bool:
    """Whether they also leave nothing of the 24 hours out."""
    return bool(hours) and follow(hours) and sum(minutes(one)[1] for one in hours) == DAY


def slots(days: Iterable[date], hours: Sequence[str], midnight: Callable[[date], datetime]) -> list[Stretch]:
    """The slots of these days in order."""
    spans = [minutes(one) for one in hours]
    return [
        (start, start + timedelta(minutes=length))
        for day in days
        for begins, length in spans
        for start in (midnight(day) + timedelta(minutes=begins),)
    ]


def clipped(wanted: Iterable[Stretch], since: datetime, until: datetime) -> list[Stretch]:
    """What of the slots lies in [since, until)."""
    return [(max(a, since), min(b, until)) for a, b in wanted if a < until and b > since]


def assign(
    wanted: Sequence[Stretch],
    persons: Sequence[int],
    *,
    crew: int,
    rest: timedelta,
    taken: Mapping[int, Sequence[Stretch]] | None = None,
    busy: Mapping[int, Sequence[Stretch]] | None = None,
) -> Turns:
    """Each slot with its `crew`, different people, each with `rest` before and after their other turns.

    `taken`: turns that stand (rest counts around them); `busy`: when somebody is bound elsewhere. With nobody bound this
    leaves a slot short only when no roster of these people could fill them all: everybody needs the same rest, so that how
    many are free at a moment does not depend on who was chosen.
    """
    own: dict[int, list[Stretch]] = {p: list((taken or {}).get(p, ())) for p in persons}
    given: list[tuple[Stretch, int]] = []
    short: list[tuple[Stretch, int]] = []
    for slot in sorted(wanted):
        able = [p for p in dict.fromkeys(persons) if _free(slot, own[p], rest, (busy or {}).get(p, ()))]
        able.sort(key=lambda p: (_hours(own[p]), max((b for _a, b in own[p] if b <= slot[0]), default=slot[0]), p))
        for person in able[:crew]:
            own[person].append(slot)
            given.append((slot, person))
        if len(able) < crew:
            short.append((slot, crew - len(able)))
    return Turns(tuple(given), tuple(short))


def _hours(own: Iterable[Stretch]) -> timedelta:
    return sum((b - a for a, b in own), timedelta())


def _free(slot: Stretch, own: Iterable[Stretch], rest: timedelta, busy: Iterable[Stretch]) -> bool:
    return all(b + rest <= slot[0] or slot[1] + rest <= a for a, b in own) and all(
        b <= slot[0] or slot[1] <= a for a, b in busy
    )


def lacking(wanted: Sequence[Stretch], turns: Sequence[Stretch], crew: int) -> list[tuple[Stretch, int]]:
    """The slots that fewer than `crew` turns cover whole, with how many are lacking."""
    found = []
    for slot in wanted:
        there = sum(1 for a, b in turns if a <= slot[0] and slot[1] <= b)
        if there < crew:
            found.append((slot, crew - there))
    return found
