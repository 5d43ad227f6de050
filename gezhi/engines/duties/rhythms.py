"""When something falls due: pure arithmetic over dates. docs/rules/duties.md

A rhythm cuts time into cells (weeks, months, festivals ...), each cell gives one period (a day cut into slots: several),
and a period is open during its window. Windows of one rhythm never overlap, so at any instant at most one is open.

Days are local dates (Asia/Shanghai), instants aware; `closes` is the first instant that is too late.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from lunar_python import Lunar

from gezhi.foundation.calendar import clock
from gezhi.foundation.calendar.months import months_later
from gezhi.foundation.calendar.school import SCHOOL as SCHOOL  # packs say "school"
from gezhi.foundation.calendar.school import in_term as _in_term
from gezhi.foundation.calendar.school import spans

DAY = timedelta(days=1)
MONTHS = {"month": 1, "two_months": 2, "quarter": 3, "half_year": 6, "year": 12}
EVERY = ("day", "work_day", "week", *MONTHS)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MARKS = {"two_months": "T", "quarter": "Q", "half_year": "H"}


@dataclass(frozen=True, slots=True)
class Period:
    """One time something is owed. `key` names it for ever ("2026-11", "2026-W47", "2026-11-18#2", "2026L8-15")."""

    key: str
    opens: datetime
    closes: datetime

    @property
    def first(self) -> date:
        """The first local day of the window."""
        return clock.local(self.opens).date()

    @property
    def last(self) -> date:
        """The last local day of the window."""
        return clock.local(self.closes - timedelta(microseconds=1)).date()

    def holds(self, moment: datetime) -> bool:
        """Whether the window is open at this instant."""
        return self.opens <= moment < self.closes


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of whole days, both ends counted, and the day in it that is meant (None: all of them)."""

    key: str
    first: date
    last: date
    due: date | None = None


@dataclass(frozen=True)
class Rhythm:
    """`every` one of EVERY, "lunar", "terms" or "within"; the rest as far as it applies.

    `on`: weekday 1 to 7, or (month of the cell from 1, day) clamped to the month's end. `times` cells of `every` year
    make one (every 3 years). `slots`: (start, length) in minutes of the local day. `lunar`: (month, day) of the lunar
    year, day 30 clamped. `terms`: ((month, day), (month, day)) each; beside another rhythm they keep what falls in them.
    `before`, `after`: days of the window around the day meant; `hours`: (from, to) minutes of that day.
    """

    every: str
    on: tuple[int, ...] | None = None
    times: int = 1
    slots: tuple[tuple[int, int], ...] = ()
    lunar: tuple[tuple[int, int], ...] = ()
    terms: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()
    before: int = 0
    after: int = 0
    hours: tuple[int, int] | None = None

    def periods(self, first: date, last: date, *, works: Callable[[date], bool] | None = None) -> Iterator[Period]:
        """Every period whose window has an instant of the days `first` to `last`, in order of time."""
        reach = timedelta(days=self.before + self.after + 1)  # a slot of the night before reaches into the day
        since, until = clock.midnight(first), clock.midnight(last + DAY)
        for cell in self.cells(first - reach, last + reach):
            if self.every == "work_day" and works is not None and not works(cell.first):
                continue
            if self.terms and self.every != "terms" and not in_terms(cell.due or cell.first, self.terms):
                continue
            for period in self._of(cell):
                if period.opens < until and period.closes > since:
                    yield period

    def _of(self, cell: Cell) -> Iterator[Period]:
        if self.slots:
            for number, (start, length) in enumerate(self.slots, start=1):
                opens = clock.midnight(cell.first) + timedelta(minutes=start)
                yield Period(f"{cell.key}#{number}", opens, opens + timedelta(minutes=length))
            return
        first, last = cell.first, cell.last
        if cell.due is not None:
            first, last = cell.due - self.before * DAY, cell.due + self.after * DAY
        opens, closes = clock.midnight(first), clock.midnight(last + DAY)
        if self.hours is not None:
            opens = clock.midnight(first) + timedelta(minutes=self.hours[0])
            closes = clock.midnight(last) + timedelta(minutes=self.hours[1])
        yield Period(cell.key, opens, closes)

    def cells(self, first: date, last: date) -> Iterator[Cell]:
        """Every cell that has one of these days (or whose day meant is one of them), in order."""
        if self.every == "lunar":
            yield from _festivals(self.lunar, first, last)
        elif self.every == "terms":
            yield from _terms(self.terms, first, last)
        else:
            cell = self.cell(first)
            while cell.first <= last:
                yield cell
                cell = self.cell(cell.last + DAY)

    def cell(self, day: date) -> Cell:
        """The cell of a rhythm that tiles the calendar (day, week, months, years)."""
        if self.every in ("day", "work_day"):
            return Cell(day.isoformat(), day, day)
        if self.every == "week":
            monday = day - timedelta(days=day.weekday())
            year, week, _day = day.isocalendar()
            due = monday + timedelta(days=self.on[0] - 1) if self.on else None
            return Cell(f"{year}-W{week:02d}", monday, monday + 6 * DAY, due)
        return self._months(day)

    def _months(self, day: date) -> Cell:
        length = MONTHS[self.every] * self.times
        index = (day.year * 12 + day.month - 1) // length * length
        year, month = index // 12, index % 12 + 1
        first = date(year, month, 1)
        last = months_later(first, length) - DAY
        number = (month - 1) // MONTHS[self.every] + 1
        if self.every == "month":
            key = f"{year}-{month:02d}"
        elif self.every == "year":
            key = f"{year}" if self.times == 1 else f"{year}+{self.times}"
        else:
            key = f"{year}-{_MARKS[self.every]}{number}"
        due = None
        if self.on is not None:
            nth, wanted = self.on
            start = months_later(first, nth - 1)
            due = start.replace(day=min(wanted, monthrange(start.year, start.month)[1]))
        return Cell(key, first, last, due)


def _festivals(wanted: tuple[tuple[int, int], ...], first: date, last: date) -> Iterator[Cell]:
    found = []
    for year in range(first.year - 1, last.year + 1):
        for month, day in wanted:
            solar = lunar_day(year, month, day)
            if first <= solar <= last:
                found.append(Cell(f"{year}L{month}-{day}", solar, solar, solar))
    yield from sorted(found, key=lambda cell: cell.first)


@lru_cache(maxsize=2048)
def lunar_day(year: int, month: int, day: int) -> date:
    """The solar date of a day of a lunar year; day 30 of a month that has 29 is its last. Never in a leap month."""
    wanted = min(day, _days_of(year, month))
    solar = Lunar.fromYmd(year, month, wanted).getSolar()
    return date(solar.getYear(), solar.getMonth(), solar.getDay())


def _days_of(year: int, month: int) -> int:
    try:
        Lunar.fromYmd(year, month, 30)
    except Exception:  # lunar_python raises a bare Exception for a day that month does not have
        return 29
    return 30


def _terms(terms: tuple[tuple[tuple[int, int], tuple[int, int]], ...], first: date, last: date) -> Iterator[Cell]:
    for start, stop in spans(terms, first, last):
        yield Cell(f"{start:%Y-%m}~", start, stop)


def in_terms(day: date, terms: tuple[tuple[tuple[int, int], tuple[int, int]], ...]) -> bool:
    """Whether the day lies in one of the terms of a year, ends counted."""
    return _in_term(day, terms)


def _on(year: int, at: tuple[int, int]) -> date:
    return date(year, at[0], min(at[1], monthrange(year, at[0])[1]))


def overlapping(periods: list[Period]) -> tuple[Period, Period] | None:
    """The first two neighbours whose windows overlap, or None."""
    for one, other in zip(periods, periods[1:], strict=False):
        if other.opens < one.closes:
            return one, other
    return None


def tiles_a_day(slots: tuple[tuple[int, int], ...]) -> bool:
    """Whether the slots follow each other without gap or overlap and come round after 24 hours."""
    ends = [start + length for start, length in slots]
    starts = [start for start, _length in slots]
    return bool(slots) and ends == [*starts[1:], starts[0] + 24 * 60]
