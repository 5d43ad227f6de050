"""Weeks and months of the official calendar (Asia/Shanghai), as half-open ranges of aware UTC instants."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.foundation import errors

SHANGHAI = ZoneInfo("Asia/Shanghai")

errors.register(
    "measures.period",
    404,
    gettext_lazy("没有这一期。"),
    gettext_lazy("“{given}”不是一个周或月的期号。"),
    gettext_lazy("周写作 2026-W46，月写作 2026-11。"),
)


@dataclass(frozen=True)
class Period:
    """`kind` week|month, `first` and `last` inclusive local dates."""

    kind: str
    first: date
    last: date

    @property
    def since(self) -> datetime:
        """First instant, UTC."""
        return _midnight(self.first)

    @property
    def until(self) -> datetime:
        """First instant after the period, UTC."""
        return _midnight(self.last + timedelta(days=1))

    @property
    def name(self) -> str:
        """`2026-W46` or `2026-11`: what stands in a URL."""
        if self.kind == "week":
            year, week, _day = self.first.isocalendar()
            return f"{year}-W{week:02d}"
        return f"{self.first:%Y-%m}"

    @property
    def number(self) -> int:
        """Week of the year or month of the year."""
        return self.first.isocalendar()[1] if self.kind == "week" else self.first.month

    @property
    def year(self) -> int:
        """The year the number counts in (ISO year for weeks)."""
        return self.first.isocalendar()[0] if self.kind == "week" else self.first.year

    @property
    def dates(self) -> str:
        """`11 月 9 日至 15 日`, in the reader's language."""
        values = {"m1": self.first.month, "d1": self.first.day, "m2": self.last.month, "d2": self.last.day}
        if self.first.month == self.last.month:
            return _("{m1} 月 {d1} 日至 {d2} 日").format(**values)
        return _("{m1} 月 {d1} 日至 {m2} 月 {d2} 日").format(**values)

    def back(self, steps: int = 1) -> Period:
        """The period `steps` before this one (negative: after)."""
        if self.kind == "week":
            return week_of(self.first - timedelta(weeks=steps))
        months = self.first.year * 12 + self.first.month - 1 - steps
        return month_of(date(months // 12, months % 12 + 1, 1))

    def run(self, count: int) -> list[Period]:
        """The last `count` periods ending with this one, oldest first."""
        return [self.back(step) for step in range(count - 1, -1, -1)]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), SHANGHAI).astimezone(UTC)


def week_of(day: date) -> Period:
    """The Monday-to-Sunday week that holds `day`."""
    monday = day - timedelta(days=day.weekday())
    return Period("week", monday, monday + timedelta(days=6))


def month_of(day: date) -> Period:
    """The calendar month that holds `day`."""
    first = day.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return Period("month", first, after - timedelta(days=1))


def parse_period(name: str) -> Period:
    """`2026-W46` or `2026-11` as a Period; anything else is refused (measures.period, 404)."""
    week = re.fullmatch(r"(\d{4})-W(\d{2})", name)
    month = re.fullmatch(r"(\d{4})-(\d{2})", name)
    try:
        if week:
            return week_of(date.fromisocalendar(int(week[1]), int(week[2]), 1))
        if month:
            return month_of(date(int(month[1]), int(month[2]), 1))
    except ValueError as wrong:
        raise errors.NotFound("measures.period", given=name) from wrong
    raise errors.NotFound("measures.period", given=name)
