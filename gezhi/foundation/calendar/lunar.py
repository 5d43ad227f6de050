"""Dates of the lunar calendar as people write them: 农历二〇二六年十月初一, 阴历2025年闰六月十五, 农历2026年腊月廿三."""

from __future__ import annotations

import re
from datetime import date

from lunar_python import Lunar

_DIGITS = {c: str(i) for i, c in enumerate("〇一二三四五六七八九")} | {"零": "0", "○": "0"}
_MONTHS = {"正": 1, "一": 1, "冬": 11, "腊": 12} | {
    c: i for i, c in enumerate(("二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"), start=2)
}
_DAYS = {f"初{c}": i for i, c in enumerate("一二三四五六七八九十", start=1)}
_DAYS |= {f"十{c}": i for i, c in enumerate("一二三四五六七八九", start=11)} | {"二十": 20, "三十": 30}
_DAYS |= {f"{ten}{c}": i for ten in ("廿", "二十") for i, c in enumerate("一二三四五六七八九", start=21)}
_WRITTEN = re.compile(
    r"(?:农历|阴历|旧历)([\d〇○零一二三四五六七八九]{4})年(闰?)([正冬腊一二三四五六七八九十]{1,2}|\d{1,2})月(.{1,3}?)[日号]?"
)


def read_lunar(written: str) -> date | None:
    """The solar date of a lunar one that says so (农历 or 阴历 in front), or None: no such words, no such day."""
    found = _WRITTEN.fullmatch("".join(written.split()))
    if found is None:
        return None
    year = int("".join(_DIGITS.get(c, c) for c in found[1]))
    month = _MONTHS.get(found[3]) or (int(found[3]) if found[3].isdigit() else 0)
    day = _DAYS.get(found[4]) or (int(found[4]) if found[4].isascii() and found[4].isdigit() else 0)
    if not 1900 <= year <= 2100 or not month or not day:
        return None
    try:
        solar = Lunar.fromYmd(year, -month if found[2] else month, day).getSolar()
        return date(solar.getYear(), solar.getMonth(), solar.getDay())
    except Exception:  # lunar_python raises a bare Exception for a month or day that year does not have
        return None
