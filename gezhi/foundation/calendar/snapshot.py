"""The calendar in memory: shipped schedule + imported rows + working hours, one Timeline per revision."""

from __future__ import annotations

import logging
import threading
from datetime import date, datetime, timedelta
from typing import NamedTuple

from gezhi.foundation.db import revisions

from . import clock, shipped
from .timeline import STANDARD_HOURS, Hours, Timeline
from .units import Limit, parse_limit

log = logging.getLogger(__name__)


class Calendar(NamedTuple):
    """What was loaded under one revision: the timeline, every special date and the years that have any."""

    revision: int
    timeline: Timeline
    days: dict[date, shipped.Day]
    years: frozenset[int]


_lock = threading.Lock()
_loaded: Calendar | None = None
_warned: set[int] = set()


def calendar() -> Calendar:
    """The calendar as of now, shared by all threads; reloaded when its revision moved."""
    global _loaded
    revision = revisions.current().get("calendar", 0)
    loaded = _loaded
    if loaded is not None and loaded.revision == revision:
        return loaded
    with _lock:
        if _loaded is None or _loaded.revision != revision:
            _loaded = _load(revision)
        return _loaded


def _load(revision: int) -> Calendar:
    from .models import Holiday, WorkingHours

    days = dict(shipped.schedule())
    for day, name, works in Holiday.objects.values_list("date", "name", "is_workday"):
        days[day] = shipped.Day(day, name, works)
    hours = [
        Hours(since, tuple((begin, end) for begin, end in slots), rule)
        for since, slots, rule in WorkingHours.objects.values_list("since", "slots", "work_day")
    ]
    years = frozenset(day.year for day in days)
    timeline = Timeline({d: row.is_workday for d, row in days.items()}, hours or [STANDARD_HOURS], years, _missing)
    return Calendar(revision, timeline, days, years)


def _missing(year: int) -> None:
    """Said once per process: a deadline reached a year whose holidays nobody has entered."""
    if year not in _warned:
        _warned.add(year)
        log.warning("calendar: no holidays known for %s, weekends only; import the schedule of that year", year)


def deadline(start: datetime, limit: Limit | str) -> datetime:
    """When a limit begun at `start` (aware) runs out, aware UTC. docs/rules/time.md

    `limit` is a Limit or its text ("4 work_hour"; Invalid `calendar.limit` when unreadable).
    """
    if isinstance(limit, str):
        limit = parse_limit(limit)
    return calendar().timeline.deadline(start, limit)


def work_between(start: datetime, end: datetime) -> timedelta:
    """Working time from start to end (both aware); negative when end lies before start."""
    return calendar().timeline.work_between(start, end)


def is_work_time(at: datetime) -> bool:
    """Does an aware moment lie in working hours of a working day?"""
    return calendar().timeline.is_work_time(at)


def is_workday(day: date) -> bool:
    """Is a (local) date a working day, make-up days included?"""
    return calendar().timeline.works(day)


def day_name(day: date) -> str:
    """春节, 国庆节调休上班 ...; empty for an ordinary day."""
    row = calendar().days.get(day)
    return row.name if row else ""


def special_days(year: int) -> list[shipped.Day]:
    """Every date of a year that differs from Monday to Friday, in order; empty when the year is unknown."""
    return sorted(row for row in calendar().days.values() if row.date.year == year)


def health(today: date | None = None) -> list[str]:
    """Notes for the health page: years in reach (this one, and the next from November) without holidays.

    The State Council publishes the next year's schedule in November, hence the month.
    """
    day = today or clock.today()
    reach = {day.year, (day + timedelta(days=61)).year}
    return [f"calendar: no holidays for {year}, weekends only" for year in sorted(reach - calendar().years)]
