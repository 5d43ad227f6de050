"""The calendar room: the clock, working time, limits and holidays. docs/rules/time.md

clock.now(), clock.today(), clock.travel_to(moment)
deadline(start, parse_limit("4 work_hour")), work_between(start, end)
import_holidays(rows, actor=...), set_working_hours(...)   # in `actions`
"""

from . import clock
from .shipped import lunar_festivals
from .snapshot import day_name, deadline, health, is_work_time, is_workday, special_days, work_between
from .units import Limit, Unit, parse_limit, said_hour

__all__ = [
    "Limit",
    "Unit",
    "clock",
    "day_name",
    "deadline",
    "health",
    "import_holidays",
    "is_work_time",
    "is_workday",
    "lunar_festivals",
    "parse_limit",
    "said_hour",
    "set_working_hours",
    "special_days",
    "work_between",
]


def __getattr__(name: str):
    # The writers need the tables, which exist only once Django has loaded its apps.
    if name in ("import_holidays", "set_working_hours"):
        from . import actions

        return getattr(actions, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
