"""The only clock of the product. In a demo home it may run ahead of real time, never behind.

The lead over real time is the revision `clock.offset`, in seconds, so every process of the
home agrees one request later and no process keeps a clock of its own.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import db, errors
from gezhi.foundation.db import revisions

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFSET = "clock.offset"

errors.register(
    "clock.backward",
    422,
    _("时钟不能往回拨。"),
    _("系统现在是 {now}，您给的是 {given}；已经记下的事不能变成将来的事。"),
    _("请给一个更晚的时间。"),
)
errors.register(
    "clock.real",
    409,
    _("这里的时钟不能拨。"),
    _("只有装着演示数据的系统可以快进时间，正式系统一律用真实时间。"),
    _("如需试用，请另开一个演示环境。"),
)


def offset() -> timedelta:
    """How far this home runs ahead of real time (zero unless a demo was moved on)."""
    return timedelta(seconds=revisions.current().get(OFFSET, 0))


def now() -> datetime:
    """The moment, aware UTC."""
    return datetime.now(UTC) + offset()


def today() -> date:
    """The date in Shanghai."""
    return local(now()).date()


def local(at: datetime) -> datetime:
    """An aware moment on the wall clock of Shanghai."""
    return at.astimezone(SHANGHAI)


def ending(at: datetime) -> tuple[date, str]:
    """The day and hour, in Shanghai, of a moment at which something ends: midnight is 24:00 of the day that it closes.

    People and papers say 11 月 19 日 24:00 前; "11 月 20 日 00:00 前" is read as a day more.
    """
    here = local(at)
    if here.time() == time():
        return here.date() - timedelta(days=1), "24:00"
    return here.date(), f"{here:%H:%M}"


def said_ending(at: datetime) -> str:
    """2026-11-19 24:00, for a refusal that names when something closed or closes."""
    day, hour = ending(at)
    return f"{day.isoformat()} {hour}"


def midnight(day: date) -> datetime:
    """The first moment of a local day, aware, on the wall clock of Shanghai."""
    return datetime.combine(day, time(), SHANGHAI)


def travel_to(moment: datetime) -> datetime:
    """Move a demo home forward to `moment` (aware) and return the new now.

    Raises Conflict `clock.real` without demo people, Invalid `clock.backward` for a moment in
    the past. The lead is rounded up to a whole second.
    """
    from gezhi.foundation import people

    if not people.demo_people_exist():
        raise errors.Conflict("clock.real")
    with db.write():
        current = now()
        if moment < current:
            raise errors.Invalid(
                "clock.backward", now=f"{local(current):%Y-%m-%d %H:%M}", given=f"{local(moment):%Y-%m-%d %H:%M}"
            )
        revisions.assign(OFFSET, ceil((moment - datetime.now(UTC)).total_seconds()))
    return now()
