"""How pages say times: as people do, with the exact instant beside it.

All functions take aware datetimes and return plain text in the active language. Civil time is Asia/Shanghai.
Nothing here reads the clock: `now` is a parameter.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gezhi.foundation.calendar import clock as civil

CHINA = ZoneInfo("Asia/Shanghai")


def _weekday(day: int) -> str:
    # Literal calls, so that the words are collected for translation.
    return (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))[day]


def _month(number: int) -> str:
    return (
        _("1 月"), _("2 月"), _("3 月"), _("4 月"), _("5 月"), _("6 月"),
        _("7 月"), _("8 月"), _("9 月"), _("10 月"), _("11 月"), _("12 月"),
    )[number - 1]  # fmt: skip


def full_date(moment: datetime, now: datetime, weekday: bool = False) -> str:
    """11 月 18 日 (周三), with the year when it is another one."""
    here = moment.astimezone(CHINA).date()
    facts = {"year": here.year, "month": _month(here.month), "day": here.day}
    same_year = here.year == now.astimezone(CHINA).year
    words = (_("%(month)s %(day)d 日") if same_year else _("%(year)d 年 %(month)s %(day)d 日")) % facts
    return _("%(date)s %(weekday)s") % {"date": words, "weekday": _weekday(here.weekday())} if weekday else words


def date(moment: datetime, now: datetime) -> str:
    """今天, 明天, 昨天, 后天, else 11 月 18 日."""
    distance = (moment.astimezone(CHINA).date() - now.astimezone(CHINA).date()).days
    near = {0: _("今天"), 1: _("明天"), 2: _("后天"), -1: _("昨天")}.get(distance)
    return near if near is not None else full_date(moment, now)


def when(moment: datetime, now: datetime) -> str:
    """今天 15:00; 11 月 18 日 09:30."""
    clock = moment.astimezone(CHINA).strftime("%H:%M")
    return _("%(date)s %(clock)s") % {"date": date(moment, now), "clock": clock}


def before(moment: datetime, now: datetime) -> str:
    """A promise: 明天 18:00 前. A limit that ends at midnight is named by the day that it closes: 11 月 19 日之内."""
    local = moment.astimezone(CHINA)
    if local.time() == time(0):
        return _("%(date)s之内") % {"date": date(moment - timedelta(seconds=1), now)}
    return _("%(when)s 前") % {"when": when(moment, now)}


def _of_its_day(moment: datetime) -> datetime:
    """A moment of the day that an end at `moment` closes: midnight belongs to the day before."""
    return moment - timedelta(seconds=1) if moment.astimezone(CHINA).time() == time(0) else moment


def until(moment: datetime, now: datetime) -> str:
    """When something ends: 今天 15:00; 今天 24:00 where `when` would say 明天 00:00."""
    _day, clock = civil.ending(moment)
    return _("%(date)s %(clock)s") % {"date": date(_of_its_day(moment), now), "clock": clock}


def dated(moment: datetime, now: datetime) -> str:
    """For paper, where 今天 means nothing a week later: 11 月 18 日 09:30."""
    clock = moment.astimezone(CHINA).strftime("%H:%M")
    return _("%(date)s %(clock)s") % {"date": full_date(moment, now), "clock": clock}


def before_dated(moment: datetime, now: datetime) -> str:
    """A promise on paper: 11 月 19 日 18:00 前."""
    if moment.astimezone(CHINA).time() == time(0):
        return _("%(date)s之内") % {"date": full_date(moment - timedelta(seconds=1), now)}
    return _("%(when)s 前") % {"when": dated(moment, now)}


def before_short(moment: datetime, now: datetime) -> tuple[str, str]:
    """The two lines of a narrow list: (day, hour). ("今天", "15:00"), ("周三", "18:00"), ("12 月 3 日", "")."""
    shown = _of_its_day(moment)
    local, today = shown.astimezone(CHINA), now.astimezone(CHINA).date()
    distance = (local.date() - today).days
    if 2 < distance < 7:
        return _weekday(local.weekday()), local.strftime("%H:%M") if shown is moment else ""
    if distance >= 7 or distance < -1:
        return date(shown, now), ""
    return date(shown, now), local.strftime("%H:%M") if shown is moment else "24:00"


def span(length: timedelta, fine: bool = True) -> str:
    """2 天 3 小时; 2 小时 40 分; 5 分钟. With `fine=False` only the largest unit: 2 天."""
    minutes = int(abs(length).total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        words = ngettext("%(n)d 天", "%(n)d 天", days) % {"n": days}
        if fine and hours and days < 10:
            words = _("%(a)s %(b)s") % {"a": words, "b": ngettext("%(n)d 小时", "%(n)d 小时", hours) % {"n": hours}}
        return words
    if hours:
        if fine and rest and hours < 6:
            return _("%(h)d 小时 %(m)d 分") % {"h": hours, "m": rest}
        return ngettext("%(n)d 小时", "%(n)d 小时", hours) % {"n": hours}
    if not minutes:
        return _("不到 1 分钟")
    return ngettext("%(n)d 分钟", "%(n)d 分钟", minutes) % {"n": minutes}


def left(due: datetime, now: datetime, fine: bool = True) -> str:
    """还剩 3 小时, or 超时 2 天 3 小时 once `now` is past `due`."""
    words = span(due - now, fine)
    return (_("超时 %(span)s") if now > due else _("还剩 %(span)s")) % {"span": words}


def ago(moment: datetime, now: datetime) -> str:
    """刚刚, 20 分钟前, 3 小时前, 昨天 10:20, 11 月 16 日 20:05."""
    passed = now - moment
    if timedelta(0) <= passed < timedelta(minutes=1):
        return _("刚刚")
    if timedelta(0) <= passed < timedelta(hours=12):
        return _("%(span)s前") % {"span": span(passed, fine=False)}
    return when(moment, now)


def midnight(now: datetime) -> datetime:
    """The end of the local day that `now` is in."""
    return now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def exact_end(moment: datetime) -> str:
    """2026-11-18 24:00, for the title of a limit."""
    return civil.said_ending(moment)


def exact(moment: datetime) -> str:
    """2026-11-18 15:00, for the title of a <time>."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
