"""Duty slots and their rotation. Pure: dates, times and person ids in, slots out. docs/rules/duty.md

A day runs from its first boundary to the first boundary of the next day, so slots tile: every instant from
the first to the end of the last day lies in exactly one slot, also where a working day meets a day off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
DAY, NIGHT, REST = "day", "night", "rest"


@dataclass(frozen=True)
class Pattern:
    """When shifts change, local time, in order: on working days (the first slot is the day's, the others are
    nights) and on days off (all of them "rest")."""

    workday: tuple[time, ...] = (time(8, 30), time(17, 30))
    restday: tuple[time, ...] = (time(8, 30),)

    def sound(self) -> bool:
        """Whether each list has one to six boundaries in rising order."""
        return all(
            1 <= len(times) <= 6 and all(a < b for a, b in zip(times, times[1:], strict=False))
            for times in (self.workday, self.restday)
        )


class Slot(NamedTuple):
    """One shift to fill: from `since` up to `until` (aware UTC), of kind day, night or rest, of the local `on`."""

    since: datetime
    until: datetime
    kind: str
    on: date


def slots(first: date, last: date, pattern: Pattern, is_workday: Callable[[date], bool]) -> Iterator[Slot]:
    """The slots of the days `first` to `last`, both included, in order and without gap or overlap."""
    day = first
    while day <= last:
        works = is_workday(day)
        times = pattern.workday if works else pattern.restday
        after = day + timedelta(days=1)
        ends = [_instant(day, moment) for moment in times[1:]]
        ends.append(_instant(after, (pattern.workday if is_workday(after) else pattern.restday)[0]))
        for index, (start, end) in enumerate(zip(times, ends, strict=True)):
            kind = REST if not works else DAY if index == 0 else NIGHT
            yield Slot(_instant(day, start), end, kind, day)
        day = after


def rotate(
    wanted: Iterable[Slot],
    persons: Sequence[int],
    last: Mapping[str, int] | None = None,
    before: int | None = None,
) -> list[tuple[Slot, int]]:
    """Each slot with its person. Every kind of slot goes round by itself, so that nights and days off are shared; nobody has two slots running while there is anybody else.

    `last`: who had the last slot of a kind before; that kind goes on after them. `before`: who is on just before.
    """
    queues: dict[str, deque[int]] = {}
    result: list[tuple[Slot, int]] = []
    for slot in wanted:
        queue = queues.get(slot.kind)
        if queue is None:
            queue = queues[slot.kind] = deque(dict.fromkeys(persons))
            if (had := (last or {}).get(slot.kind)) in queue:
                queue.rotate(-queue.index(had) - 1)  # type: ignore[arg-type]  # it is in the queue, so not None
        # Whoever is passed over because they have just been on duty stays first in line.
        person = next((one for one in queue if one != before), queue[0])
        queue.remove(person)
        queue.append(person)
        result.append((slot, person))
        before = person
    return result


def holes(
    taken: Iterable[tuple[datetime, datetime]], since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """The stretches of [since, until) that no taken stretch covers."""
    found, reached = [], since
    for start, end in sorted(taken):
        if end <= reached:
            continue
        if start >= until:
            break
        if start > reached:
            found.append((reached, start))
        reached = end
    if reached < until:
        found.append((reached, until))
    return found


def _instant(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, CHINA).astimezone(UTC)
