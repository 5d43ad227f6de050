"""The writers of the calendar: imported holidays and working hours. Every change is an event."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import db, errors, events
from gezhi.foundation.events.log import tail

from . import shipped
from .models import Holiday, WorkingHours
from .shipped import Day
from .timeline import FIRST_YEAR, LAST_YEAR, WORK_DAY_ENDS, WORK_DAY_RULES

STREAM = "calendar"
MOST_ROWS = 5000

errors.register(
    "calendar.rows",
    422,
    _("节假日表有 {count} 行读不懂，没有导入。"),
    _("每行要有日期、名称、是否上班；有一行不对，整份都不导入。"),
    _("改好标出的行再导入一次。"),
)
errors.register(
    "calendar.hours",
    422,
    _("工作时段设置不对，没有保存。"),
    _("{reason}。"),
    _("按“08:00-12:00,14:00-18:00”的样子填写。"),
)

Listener = Callable[[frozenset[date], Any], None]
_listeners: list[Listener] = []


def on_change(listener: Listener) -> Listener:
    """Call `listener(dates, actor)` in the transaction of every change; empty dates = working hours changed.

    The engine of cases recomputes its open clocks here.
    """
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def import_holidays(rows: Iterable[Any], *, actor: Any) -> int:
    """Override the schedule date by date and return how many dates changed; 0 = nothing new, no event.

    A row is a Day, a (date, name, is_workday) or a mapping with these keys; dates may be text
    ("2027-02-06"), is_workday may be 1/0, true/false, 上班/休息. All rows or none: raises Invalid
    `calendar.rows` with one field error per bad row (row numbers from 1).
    """
    days = _read_rows(list(rows))
    with db.write():
        # Moving the number first also lets two imports pass one after the other on PostgreSQL.
        db.revisions.bump("calendar")
        before = {h.date: Day(h.date, h.name, h.is_workday) for h in Holiday.objects.filter(date__in=days)}
        shipped_days = shipped.schedule()
        changed = {d: row for d, row in days.items() if before.get(d, shipped_days.get(d)) != row}
        if not changed:
            return 0
        Holiday.objects.bulk_create(
            [Holiday(date=d, name=row.name, is_workday=row.is_workday) for d, row in changed.items()],
            update_conflicts=True,
            unique_fields=["date"],
            update_fields=["name", "is_workday"],
        )
        _tell(
            "calendar.imported",
            {str(d): {"name": row.name, "is_workday": row.is_workday} for d, row in sorted(changed.items())},
            frozenset(changed),
            actor,
        )
    return len(changed)


def judge(rows: Iterable[Any]) -> list[Day]:
    """The days of these rows by date, as `import_holidays` would take them; raises its Invalid, writes nothing."""
    return [day for _date, day in sorted(_read_rows(list(rows)).items())]


def read_csv(text: str) -> list[dict[str, str]]:
    """Rows of a CSV text with the header date,name,is_workday (or 日期,名称,是否上班), for `import_holidays`."""
    names = {"日期": "date", "名称": "name", "是否上班": "is_workday"}
    return [
        {names.get((key or "").strip(), (key or "").strip()): value or "" for key, value in row.items()}
        for row in csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    ]


def set_working_hours(
    slots: str | Sequence[tuple[int, int]], *, actor: Any, since: date, work_day: str = WORK_DAY_ENDS
) -> None:
    """Set the working hours in force from `since`: "08:00-12:00,14:00-18:00" or minutes of the day.

    `work_day` says how limits in work days end: "day_end" or "running" (docs/rules/time.md).
    Raises Invalid `calendar.hours`.
    """
    minutes = _read_slots(slots)
    if work_day not in WORK_DAY_RULES:
        raise errors.Invalid("calendar.hours", reason=_("工作日的算法只有 day_end 和 running"))
    with db.write():
        db.revisions.bump("calendar")
        WorkingHours.objects.update_or_create(since=since, defaults={"slots": minutes, "work_day": work_day})
        _tell("calendar.hours", {f"hours:{since}": {"slots": minutes, "work_day": work_day}}, frozenset(), actor)


def _tell(kind: str, patch: dict, dates: frozenset[date], actor: Any) -> None:
    events.record(STREAM, kind, actor=actor, patch=patch, head=tail(STREAM))
    for listener in _listeners:
        listener(dates, actor)


_YES = {True, "1", "true", "True", "是", "上班", "班"}
_NO = {False, "0", "false", "False", "否", "休息", "休"}


def _read_rows(rows: list[Any]) -> dict[date, Day]:
    wrong: dict[str, Any] = {}
    days: dict[date, Day] = {}
    if not rows or len(rows) > MOST_ROWS:
        raise errors.Invalid("calendar.rows", count=len(rows), field_errors={"rows": _("一次导入 1 到 5000 行")})
    for number, row in enumerate(rows, start=1):
        try:
            day = _read_row(row)
            if day.date in days:
                raise ValueError(_("这个日期在前面已经出现过"))
        except ValueError as error:
            wrong[str(number)] = error.args[0]
        else:
            days[day.date] = day
    if wrong:
        raise errors.Invalid("calendar.rows", count=len(wrong), field_errors=wrong)
    return days


def _read_row(row: Any) -> Day:
    if isinstance(row, Mapping):
        row = (row.get("date"), row.get("name"), row.get("is_workday"))
    try:
        given, name, works = row
    except (TypeError, ValueError):
        raise ValueError(_("要有日期、名称、是否上班三项")) from None
    try:
        day = given if type(given) is date else date.fromisoformat(str(given).strip())
    except ValueError:
        raise ValueError(_("日期要写成 2027-02-06 的样子")) from None
    if not FIRST_YEAR <= day.year < LAST_YEAR:
        raise ValueError(_("年份不在日历范围内"))
    text = str(name or "").strip()
    if not 0 < len(text) <= 40 or not text.isprintable():
        raise ValueError(_("名称要有 1 到 40 个字"))
    word = works.strip() if isinstance(works, str) else works
    if word not in _YES and word not in _NO:
        raise ValueError(_("是否上班要写 1 或 0"))
    return Day(day, text, word in _YES)


def _read_slots(slots: str | Sequence[tuple[int, int]]) -> list[list[int]]:
    try:
        if isinstance(slots, str):
            pairs = [tuple(_minute(end) for end in part.split("-")) for part in slots.split(",")]
        else:
            pairs = [(int(begin), int(end)) for begin, end in slots]
        minutes = [[begin, end] for begin, end in pairs]
    except (TypeError, ValueError):
        raise errors.Invalid("calendar.hours", reason=_("时间读不懂")) from None
    flat = [minute for pair in minutes for minute in pair]
    if not flat or flat[0] < 0 or flat[-1] > 24 * 60 or any(b <= a for a, b in zip(flat, flat[1:], strict=False)):
        raise errors.Invalid("calendar.hours", reason=_("各时段要从早到晚、互不重叠，都在一天之内"))
    return minutes


def _minute(text: str) -> int:
    hour, _colon, minute = text.strip().partition(":")
    value = int(hour) * 60 + int(minute)
    if not 0 <= int(minute) < 60:
        raise ValueError(text)
    return value
