"""Days, weeks, months and quarters of the official calendar (Asia/Shanghai), as half-open ranges of UTC instants."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.foundation import errors
from gezhi.foundation.calendar import clock

SHANGHAI = ZoneInfo("Asia/Shanghai")

errors.register(
    "measures.period",
    404,
    gettext_lazy("没有这一期。"),
    gettext_lazy("“{given}”不是一个周、月或季度的期号。"),
    gettext_lazy("周写作 2026-W46，月写作 2026-11，季度写作 2026-Q4。"),
)


@dataclass(frozen=True)
class Period:
    """`kind` day|week|month|quarter, `first` and `last` inclusive local dates."""

    kind: str
    first: date
    last: date

    @property
    def since(self) -> datetime:
        """First instant, UTC."""
        return clock.midnight(self.first).astimezone(UTC)

    @property
    def until(self) -> datetime:
        """First instant after the period, UTC."""
        return clock.midnight(self.last + timedelta(days=1)).astimezone(UTC)

    @property
    def name(self) -> str:
        """`2026-11-18`, `2026-W46`, `2026-11` or `2026-Q4`: what stands in a URL."""
        if self.kind == "day":
            return self.first.isoformat()
        if self.kind == "week":
            year, week, _day = self.first.isocalendar()
            return f"{year}-W{week:02d}"
        if self.kind == "quarter":
            return f"{self.first.year}-Q{self.number}"
        return f"{self.first:%Y-%m}"

    @property
    def number(self) -> int:
        """Week, month or quarter of the year; the day of the month for a day."""
        if self.kind == "week":
            return self.first.isocalendar()[1]
        if self.kind == "quarter":
            return (self.first.month + 2) // 3
        return self.first.day if self.kind == "day" else self.first.month

    @property
    def year(self) -> int:
        """The year the number counts in (ISO year for weeks)."""
        return self.first.isocalendar()[0] if self.kind == "week" else self.first.year

    @property
    def words(self) -> str:
        """`2026 年第 46 周`, `2026 年 11 月`, `2026 年第 4 季度`, in the reader's language."""
        if self.kind == "week":
            return _("{y} 年第 {n} 周").format(y=self.year, n=self.number)
        if self.kind == "quarter":
            return _("{y} 年第 {n} 季度").format(y=self.year, n=self.number)
        if self.kind == "day":
            return _("{m1} 月 {d1} 日").format(m1=self.first.month, d1=self.first.day)
        return _("{y} 年 {n} 月").format(y=self.year, n=self.number)

    @property
    def dates(self) -> str:
        """`11 月 9 日至 15 日`, in the reader's language."""
        values = {"m1": self.first.month, "d1": self.first.day, "m2": self.last.month, "d2": self.last.day}
        if self.first.month == self.last.month:
            return _("{m1} 月 {d1} 日至 {d2} 日").format(**values)
        return _("{m1} 月 {d1} 日至 {m2} 月 {d2} 日").format(**values)

    def back(self, steps: int = 1) -> Period:
        """The period `steps` before this one (negative: after)."""
        if self.kind == "day":
            return day_of(self.first - timedelta(days=steps))
        if self.kind == "week":
            return week_of(self.first - timedelta(weeks=steps))
        each = 3 if self.kind == "quarter" else 1
        months = self.first.year * 12 + self.first.month - 1 - steps * each
        made = quarter_of if self.kind == "quarter" else month_of
        return made(date(months // 12, months % 12 + 1, 1))

    def year_before(self) -> Period | None:
        """The same period of the year before; None for a day and for a 53rd week that year did not have."""
        if self.kind == "day":
            return None
        if self.kind == "week":
            try:
                return week_of(date.fromisocalendar(self.year - 1, self.number, 1))
            except ValueError:
                return None
        return self.back(12 if self.kind == "month" else 4)

    def days(self) -> list[Period]:
        """Every day of the period, in order: together they are exactly the period."""
        return [day_of(self.first + timedelta(days=n)) for n in range((self.last - self.first).days + 1)]

    def run(self, count: int) -> list[Period]:
        """The last `count` periods ending with this one, oldest first."""
        return [self.back(step) for step in range(count - 1, -1, -1)]


def week_of(day: date) -> Period:
    """The Monday-to-Sunday week that holds `day`."""
    monday = day - timedelta(days=day.weekday())
    return Period("week", monday, monday + timedelta(days=6))


def month_of(day: date) -> Period:
    """The calendar month that holds `day`."""
    first = day.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return Period("month", first, after - timedelta(days=1))


def day_of(day: date) -> Period:
    """One calendar day."""
    return Period("day", day, day)


def quarter_of(day: date) -> Period:
    """The calendar quarter that holds `day`."""
    first = date(day.year, day.month - (day.month - 1) % 3, 1)
    return Period("quarter", first, month_of(date(day.year, first.month + 2, 1)).last)


def parse_period(name: str) -> Period:
    """`2026-W46`, `2026-11` or `2026-Q4` as a Period; anything else is refused (measures.period, 404)."""
    week = re.fullmatch(r"(\d{4})-W(\d{2})", name)
    month = re.fullmatch(r"(\d{4})-(\d{2})", name)
    quarter = re.fullmatch(r"(\d{4})-Q([1-4])", name)
    try:
        if week:
            return week_of(date.fromisocalendar(int(week[1]), int(week[2]), 1))
        if month:
            return month_of(date(int(month[1]), int(month[2]), 1))
        if quarter:
            return quarter_of(date(int(quarter[1]), 3 * int(quarter[2]), 1))
    except ValueError as wrong:
        raise errors.NotFound("measures.period", given=name) from wrong
    raise errors.NotFound("measures.period", given=name)
