"""The five units a limit can be written in, and the limit itself. docs/rules/time.md"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import errors

LONGEST = {"urgent_hour": 24 * 366, "work_hour": 8 * 366}
LONGEST_DAYS = 3660

errors.register(
    "calendar.limit",
    422,
    _("时限“{given}”读不懂。"),
    _("时限由一个正数和一个单位组成，{reason}。"),
    _(
        "单位写 urgent_hour、urgent_day、work_hour、work_day 或 calendar_day，例如“4 work_hour”；按天的可以写到几点，例如“1 work_day 09:00”。"
    ),
)


class Unit(StrEnum):
    """How time runs. `label` is the Chinese word used in notices and on pages."""

    URGENT_HOUR = "urgent_hour"
    URGENT_DAY = "urgent_day"
    WORK_HOUR = "work_hour"
    WORK_DAY = "work_day"
    CALENDAR_DAY = "calendar_day"

    @property
    def label(self):
        """Lazy translated name, e.g. 工作时."""
        return _LABELS[self]


_LABELS = {
    Unit.URGENT_HOUR: _("紧急工作时"),
    Unit.URGENT_DAY: _("紧急工作日"),
    Unit.WORK_HOUR: _("工作时"),
    Unit.WORK_DAY: _("工作日"),
    Unit.CALENDAR_DAY: _("自然日"),
}
# What city standards write in their tables; "小时" alone means working hours there (standards.md §1.4).
_WORDS = {
    "紧急工作时": Unit.URGENT_HOUR,
    "紧急工作日": Unit.URGENT_DAY,
    "工作时": Unit.WORK_HOUR,
    "工作日": Unit.WORK_DAY,
    "自然日": Unit.CALENDAR_DAY,
    **{unit.value: unit for unit in Unit},
}
_WHOLE = {Unit.WORK_DAY, Unit.CALENDAR_DAY}
_HOUR = re.compile(r"(.*\S)\s+([01]?\d|2[0-4])[:：]([0-5]\d)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Limit:
    """A span to be met: `value` of `unit`. Days of the calendar are whole; only they may end at an hour, `by` minutes
    after local midnight, and only they may be 0: `calendar_day` today, `work_day` (with `by`) the first that is worked."""

    value: Decimal
    unit: Unit
    by: int | None = None

    def __post_init__(self):
        value = self.value if isinstance(self.value, Decimal) else Decimal(str(self.value))
        unit = Unit(self.unit)
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "unit", unit)
        none = unit is Unit.CALENDAR_DAY or (unit is Unit.WORK_DAY and self.by is not None)
        if not value.is_finite() or value < 0 or (value == 0 and not none):
            raise _unreadable(f"{value} {unit.value}", _("数要大于零（自然日可以为 0，即当日）"))
        if value > LONGEST.get(unit.value, LONGEST_DAYS):
            raise _unreadable(f"{value} {unit.value}", _("这个数太大"))
        if unit in _WHOLE and value != value.to_integral_value():
            raise _unreadable(f"{value} {unit.value}", _("工作日和自然日只能是整数，半天请用工作时"))
        if self.by is not None and (unit not in _WHOLE or not 0 < self.by <= 24 * 60):
            raise _unreadable(str(self), _("几点只跟在工作日或自然日后面，从 0:01 到 24:00"))

    def __str__(self) -> str:
        hour = "" if self.by is None else f" {self.by // 60:02d}:{self.by % 60:02d}"
        return f"{self.value.normalize():f} {self.unit.value}{hour}"

    @property
    def words(self) -> str:
        """For people: "4 工作时", "次日 9:00" in the active language."""
        if self.by is None:
            return f"{self.value.normalize():f} {self.unit.label}"
        hour, count, worked = said_hour(self.by), int(self.value), self.unit is Unit.WORK_DAY
        if not count:
            words = (
                _("当天 {hour}（过了点或当天不上班，到下个工作日）") if worked else _("当天 {hour}（过了点，到次日）")
            )
        elif count == 1:
            words = _("下个工作日 {hour}") if worked else _("次日 {hour}")
        else:
            words = _("第 {n} 个工作日 {hour}") if worked else _("第 {n} 天 {hour}")
        return str(words).format(hour=hour, n=count)


def said_hour(minutes: int) -> str:
    """Minutes after midnight as people say them: "9:00", "24:00"."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def _unreadable(given: str, reason) -> errors.Invalid:
    return errors.Invalid("calendar.limit", given=given, reason=reason)


@lru_cache(maxsize=1024)
def parse_limit(source: str) -> Limit:
    """Read "4 work_hour" or "4工作时" (the space is optional), "1 work_day 09:00". Raises Invalid `calendar.limit`."""
    text, by = str(source).strip(), None
    if hour := _HOUR.fullmatch(text):
        text, by = hour[1], int(hour[2]) * 60 + int(hour[3])
    digits = len(text) - len(text.lstrip("0123456789."))
    number, word = text[:digits], text[digits:].strip()
    unit = _WORDS.get(word)
    if unit is None:
        raise _unreadable(text[:40], _("这里的单位不认识"))
    try:
        value = Decimal(number)
    except InvalidOperation:
        raise _unreadable(text[:40], _("这里的数不是数")) from None
    return Limit(value, unit, by)
