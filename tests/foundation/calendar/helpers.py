"""A timeline of the shipped schedule, without a database, and local moments as text."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from gezhi.foundation.calendar import shipped
from gezhi.foundation.calendar.timeline import STANDARD_HOURS, Hours, Timeline

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def timeline(*hours: Hours, missing=lambda year: None) -> Timeline:
    days = {day: row.is_workday for day, row in shipped.schedule().items()}
    return Timeline(days, hours or (STANDARD_HOURS,), shipped.years(), missing)


def running() -> Timeline:
    return timeline(Hours(date(2000, 1, 1), STANDARD_HOURS.slots, "running"))
