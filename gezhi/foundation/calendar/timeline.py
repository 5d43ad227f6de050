"""Working time as sorted arrays: pure, no database, microsecond integers since 1970 (UTC).

A `Timeline` knows which days are worked and between which hours. It lays working slots out
year by year, on demand, with the working time accumulated so far; every question is then
two bisections. docs/rules/time.md has the rules with worked examples.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from .units import Limit, Unit

MICRO = 1_000_000
HOUR = 3600 * MICRO
DAY = 24 * HOUR
# China has kept UTC+8 without summer time since 1992; deadlines never lie before that.
OFFSET = 8 * HOUR
FIRST_YEAR, LAST_YEAR = 1992, 2200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_ONE = timedelta(microseconds=1)

WORK_DAY_ENDS = "day_end"
WORK_DAY_RUNS = "running"
WORK_DAY_RULES = (WORK_DAY_ENDS, WORK_DAY_RUNS)


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours in force from `since`: `slots` are (from, to) minutes after local midnight.

    `work_day` is how a limit in work days ends: `day_end` (close of business of the nth working
    day after the day of the start) or `running` (n full working days of working time).
    """

    since: date
    slots: tuple[tuple[int, int], ...]
    work_day: str = WORK_DAY_ENDS

    def minutes(self) -> int:
        """Working minutes in one day."""
        return sum(end - begin for begin, end in self.slots)


STANDARD_HOURS = Hours(date(FIRST_YEAR, 1, 1), ((8 * 60, 12 * 60), (14 * 60, 18 * 60)))


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime; ValueError when it is naive."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be placed on the timeline")
    return (moment - _EPOCH) // _ONE


def moment(value: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=value)


class _Slots(NamedTuple):
    """Working slots of the years low <= year < high; `total[i]` is the work before slot i."""

    low: int
    high: int
    begins: list[int]
    ends: list[int]
    total: list[int]  # one longer than begins
    days: list[int]  # working days, counted from 1970
    closes: list[int]  # close of business of each of these days

    def worked(self, value: int) -> int:
        """Working microseconds between the first slot and `value`."""
        index = bisect_right(self.ends, value)
        return self.total[index] + (max(0, value - self.begins[index]) if index < len(self.begins) else 0)


class Timeline:
    """Working slots of many years, laid out when a year is first asked for.

    `days` maps a date to True (worked) or False (free) where it differs from Monday to Friday;
    `known` are the years with an official schedule; `missing(year)` is told once for each year
    that a question reaches without one. Safe to share between threads.
    """

    def __init__(
        self,
        days: Mapping[date, bool],
        hours: Sequence[Hours] = (STANDARD_HOURS,),
        known: frozenset[int] = frozenset(),
        missing: Callable[[int], None] = lambda year: None,
    ):
        self._days = dict(days)
        self._hours = sorted(hours, key=lambda h: h.since) or [STANDARD_HOURS]
        self._since = [h.since for h in self._hours]
        self._settled = set(known)  # years nobody needs to be told about (any more)
        self._missing = missing
        self._lock = threading.Lock()
        self._slots: _Slots | None = None

    # --- questions about days -------------------------------------------------
    def hours_on(self, day: date) -> Hours:
        """The working hours in force on a date (the earliest row also covers what lies before it)."""
        return self._hours[max(0, bisect_right(self._since, day) - 1)]

    def works(self, day: date) -> bool:
        """Is the date a working day?"""
        self._reach(day.year, day.year)
        return self._works(day)

    # --- questions about time -------------------------------------------------
    def deadline(self, start: datetime, limit: Limit) -> datetime:
        """When `limit`, begun at `start` (aware), runs out; aware UTC. ValueError beyond the calendar."""
        begin = micros(start)
        unit = limit.unit
        if limit.by is not None:
            return moment(self._by_hour(begin, limit, limit.by * 60 * MICRO))
        if unit is Unit.URGENT_HOUR:
            return moment(begin + int(limit.value * HOUR))
        if unit is Unit.URGENT_DAY:
            return moment(begin + int(limit.value * DAY))
        if unit is Unit.CALENDAR_DAY:
            midnight = (begin + OFFSET) // DAY * DAY
            return moment(midnight + (int(limit.value) + 1) * DAY - OFFSET)
        if unit is Unit.WORK_HOUR:
            end = self._after(begin, int(limit.value * HOUR))
        else:
            end = self._after_days(begin, int(limit.value))
        self._reach(_year(begin), _year(end))
        return moment(end)

    def work_between(self, start: datetime, end: datetime) -> timedelta:
        """Working time from start to end; negative when end lies before start."""
        begin, finish = micros(start), micros(end)
        years = sorted((_year(begin), _year(finish)))
        slots = self._lay(years[0], years[1] + 1)
        self._reach(*years)
        return timedelta(microseconds=slots.worked(finish) - slots.worked(begin))

    def is_work_time(self, at: datetime) -> bool:
        """Does the moment lie in a working slot (both ends included)?"""
        value = micros(at)
        slots = self._lay(_year(value), _year(value) + 1)
        index = bisect_left(slots.ends, value)
        return index < len(slots.begins) and slots.begins[index] <= value

    def _after(self, start: int, span: int) -> int:
        """The first moment by which `span` > 0 working microseconds have passed since `start`."""
        year, ahead = _year(start), 2
        while True:
            slots = self._lay(year, year + ahead)
            target = slots.worked(start) + span
            if target <= slots.total[-1]:
                # The slot in which the accumulated working time reaches the target.
                found = bisect_left(slots.total, target) - 1
                return slots.begins[found] + target - slots.total[found]
            ahead = self._further(year, ahead)

    def _after_days(self, start: int, count: int) -> int:
        today = (start + OFFSET) // DAY
        hours = self.hours_on(date.fromordinal(_EPOCH_ORDINAL + today))
        if hours.work_day == WORK_DAY_RUNS:
            return self._after(start, count * hours.minutes() * 60 * MICRO)
        return self._work_day_after(start, today, count)[1]

    def _work_day_after(self, start: int, today: int, count: int) -> tuple[int, int]:
        """The `count`th working day after `today`, and its close of business."""
        year, ahead = _year(start), 2
        while True:
            slots = self._lay(year, year + ahead)
            index = bisect_right(slots.days, today) + count - 1
            if index < len(slots.days):
                return slots.days[index], slots.closes[index]
            ahead = self._further(year, ahead)

    def _by_hour(self, begin: int, limit: Limit, by: int) -> int:
        """That hour of the nth day after the day of the start; of 0, the first such hour that is still to come."""
        count = int(limit.value)
        today = (begin + OFFSET) // DAY
        gone = count == 0 and today * DAY - OFFSET + by <= begin
        if limit.unit is Unit.CALENDAR_DAY:
            return (today + (1 if gone else count)) * DAY - OFFSET + by
        if count == 0 and not gone and self.works(date.fromordinal(_EPOCH_ORDINAL + today)):
            return today * DAY - OFFSET + by
        day = self._work_day_after(begin, today, count or 1)[0]
        self._reach(_year(begin), _year(day * DAY))
        return day * DAY - OFFSET + by

    @staticmethod
    def _further(year: int, ahead: int) -> int:
        if year + ahead >= LAST_YEAR:
            raise ValueError("the limit ends beyond the calendar")
        return ahead * 2

    def _reach(self, first: int, last: int) -> None:
        for year in range(first, last + 1):
            if year not in self._settled:
                self._settled.add(year)
                self._missing(year)

    # --- laying out years -----------------------------------------------------
    def _works(self, day: date) -> bool:
        known = self._days.get(day)
        return day.weekday() < 5 if known is None else known

    def _lay(self, low: int, high: int) -> _Slots:
        """Slots covering at least the years low <= year < high."""
        slots = self._slots
        if slots is not None and slots.low <= low and high <= slots.high:
            return slots
        if not FIRST_YEAR <= low < LAST_YEAR:
            raise ValueError(f"year {low} lies outside the calendar")
        high = min(high, LAST_YEAR)
        with self._lock:
            if self._slots is not None:
                low, high = min(low, self._slots.low), max(high, self._slots.high)
            self._slots = self._lay_out(low, high)
            return self._slots

    def _lay_out(self, low: int, high: int) -> _Slots:
        slots = _Slots(low, high, [], [], [0], [], [])
        first = date(low, 1, 1).toordinal()
        for ordinal in range(first, date(high, 1, 1).toordinal()):
            day = date.fromordinal(ordinal)
            if not self._works(day):
                continue
            number = ordinal - _EPOCH_ORDINAL
            midnight = number * DAY - OFFSET
            for begin, end in self.hours_on(day).slots:
                slots.begins.append(midnight + begin * 60 * MICRO)
                slots.ends.append(midnight + end * 60 * MICRO)
                slots.total.append(slots.total[-1] + (end - begin) * 60 * MICRO)
            slots.days.append(number)
            slots.closes.append(slots.ends[-1])
        return slots


def _year(value: int) -> int:
    return date.fromordinal(_EPOCH_ORDINAL + (value + OFFSET) // DAY).year
