"""The statutory schedule shipped with the product (chinesecalendar) and the lunar festivals."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from chinese_calendar.constants import holidays, workdays
from lunar_python import Lunar

from .timeline import FIRST_YEAR

# chinesecalendar names the days in English; the product speaks Chinese first.
_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利七十周年",
}
_FESTIVALS = {
    "元宵节": (1, 15),
    "龙抬头": (2, 2),
    "端午节": (5, 5),
    "七夕节": (7, 7),
    "中元节": (7, 15),
    "中秋节": (8, 15),
    "重阳节": (9, 9),
    "腊八节": (12, 8),
    "小年": (12, 23),
}


class Day(NamedTuple):
    """One date of a schedule: `is_workday` false = free, true = worked although it may be a weekend."""

    date: date
    name: str
    is_workday: bool


@lru_cache(maxsize=1)
def schedule() -> dict[date, Day]:
    """Every shipped date by date (about 770 rows)."""
    rows = {day: Day(day, _NAMES[name], False) for day, name in holidays.items()}
    rows.update({day: Day(day, f"{_NAMES[name]}调休上班", True) for day, name in workdays.items()})
    return {day: row for day, row in rows.items() if day.year >= FIRST_YEAR}


@lru_cache(maxsize=1)
def years() -> frozenset[int]:
    """Years for which a schedule is shipped."""
    return frozenset(day.year for day in schedule())


@lru_cache(maxsize=64)
def lunar_festivals(year: int) -> dict[str, date]:
    """Festivals of the lunar calendar that fall in a solar year: name -> date, in date order.

    春节 is the first day of the lunar year, 除夕 the day before it (it is not always the 30th).
    """
    found: dict[str, date] = {}
    for lunar_year in (year - 1, year):
        for name, (month, day) in _FESTIVALS.items():
            _keep(found, name, Lunar.fromYmd(lunar_year, month, day), year)
    new_year = Lunar.fromYmd(year, 1, 1)
    _keep(found, "春节", new_year, year)
    _keep(found, "除夕", new_year.next(-1), year)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _keep(found: dict[str, date], name: str, lunar: Lunar, year: int) -> None:
    solar = lunar.getSolar()
    day = date(solar.getYear(), solar.getMonth(), solar.getDay())
    if day.year == year:
        found[name] = day
