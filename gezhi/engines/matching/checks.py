"""What is typed about a session, cleaned and judged before anything is written. Raises Invalid session.invalid at the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from gezhi.engines.matching.schema import ROLES, Activity, course
from gezhi.foundation.calendar import clock, lunar_festivals
from gezhi.foundation.errors import Conflict, Invalid
from gezhi.foundation.forms.cleaning import Refused, clean_text

LONGEST = timedelta(days=31)
AHEAD = timedelta(days=400)
SERIES_MOST = 60


def times(times: Sequence[tuple[datetime, datetime]]) -> None:
    """Starts before it ends, a month at most, from two months ago to a year ahead."""
    now = clock.now()
    if not 1 <= len(times) <= SERIES_MOST:
        raise Invalid("session.invalid", field_errors={"starts": _("一次最多安排 {n} 场。").format(n=SERIES_MOST)})
    for starts, ends in times:
        if starts.tzinfo is None or ends.tzinfo is None or not timedelta() < ends - starts <= LONGEST:
            raise Invalid("session.invalid", field_errors={"ends": _("结束要晚于开始，一场最长一个月。")})
        if not now - timedelta(days=62) <= starts <= now + AHEAD:
            raise Invalid("session.invalid", field_errors={"starts": _("日期只能从两个月前到一年后。")})


def weekday(kind: Activity, times: Sequence[tuple[datetime, datetime]]) -> None:
    """On the weekday its rhythm names."""
    day = (kind.rhythm or {}).get("weekday")
    if day is not None and any(clock.local(starts).isoweekday() != day for starts, _ends in times):
        named = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))[day - 1]
        raise Invalid("session.invalid", field_errors={"day": _("这一类在{weekday}开。").format(weekday=named)})


def festival(kind: Activity, times: Sequence[tuple[datetime, datetime]]) -> None:
    """On the lunar day of its festival and no other."""
    name = str(kind.body.get("festival") or "")
    for starts, _ends in times if name else ():
        day = clock.local(starts).date()
        right = lunar_festivals(day.year).get(name)
        if day != right:
            said = _("{year} 年的{name}是 {month} 月 {day} 日。")
            wrong = said.format(
                year=day.year, name=name, month=right.month if right else "", day=right.day if right else ""
            )
            raise Invalid("session.invalid", field_errors={"day": wrong})


def words(kind: Activity, title: str, room: str) -> dict[str, str]:
    """Title and room, cleaned; the activity's own title when none was given."""
    return {"title": line(title, 80) or str(kind.body["title"]["zh"])[:80], "room": line(room, 80)}


def line(text: str, most: int) -> str:
    """One line of at most so many characters."""
    try:
        return clean_text(str(text or ""), max=most, lines=False)
    except Refused as refused:
        raise Invalid("session.invalid", field_errors={"title": str(refused)}) from None


def reason(text: str) -> str:
    """A reason in words."""
    said = line(text, 200)
    if len(said) < 2:
        raise Invalid("session.invalid", field_errors={"reason": _("这一项要填。")})
    return said


def theme(kind: Activity, theme: str) -> str:
    """One of the declared themes, or a free one where a theme is asked for."""
    theme = line(theme, 40)
    known = [t["id"] for t in kind.themes["of"]]
    if known and theme not in known:
        raise Invalid("session.invalid", field_errors={"theme": _("请从列出的主题里选。")})
    if kind.themes["each"] and not theme:
        raise Invalid("session.invalid", field_errors={"theme": _("这一类要写明主题。")})
    return theme


def seats(kind: Activity, seats: int | None) -> int | None:
    """The seats offered; Conflict session.too_many beyond what a host takes."""
    wanted = seats if seats is not None else kind.sign_up["seats"]
    most = kind.sign_up["most"]
    if wanted is not None and wanted < 1:
        raise Invalid("session.invalid", field_errors={"seats": _("座位至少一个。")})
    if most is not None and wanted is not None and wanted > most:
        raise Conflict("session.too_many", most=most)
    return wanted


def roles(kind: Activity, given: Mapping[str, str]) -> dict[str, str]:
    """Who is named for which role; empty names are left out."""
    unknown = [role for role in given if role not in ROLES]
    if unknown:
        raise Invalid("session.invalid", field_errors={"roles": _("没有这样的角色。")})
    return {role: said for role, name in given.items() if (said := line(name, 60))}


def lessons(name: str, lessons: Sequence[str]) -> None:
    """Every lesson is in the course. Raises Invalid course.lesson."""
    known = {lesson["id"] for lesson in course(name).lessons}
    if any(lesson not in known for lesson in lessons):
        raise Invalid("course.lesson", field_errors={"lesson": _("请从课程表里选。")})


def nth(values: Sequence[str], number: int) -> str:
    """The value for a session of a series; the last one stays."""
    return values[min(number, len(values) - 1)] if values else ""
