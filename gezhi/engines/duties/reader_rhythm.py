"""The rhythm and window of a duty, read and proved: it fires, not all the time, and its windows never overlap.

rhythm: {every: day, slots: ["00:00-08:00", "08:00-16:00", "16:00-24:00"]}   # slots tile the 24 hours
rhythm: {every: work_day}                 window: {from: "11:00", to: "12:30"}
rhythm: {every: week, on: tuesday}
rhythm: {every: month, on: 31}            # clamped to the month's end
rhythm: {every: two_months, on: {month: 2, day: 31}}    # also quarter, half_year, year
rhythm: {every: year, times: 3}           # once in three years
rhythm: {lunar: [正月初一, 八月十五], before: 3, after: 0}    # or names: 春节, 除夕, 端午节 ...
rhythm: {within: 7 calendar_day, of: discharged_on}     # a date field of the register, or `entered`
rhythm: {terms: school}                   # or a list of [["09-01", "01-20"], ...]; beside `every`: only in these times
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.duties.rhythms import EVERY, MONTHS, SCHOOL, WEEKDAYS, overlapping, tiles_a_day
from gezhi.engines.duties.rules import rhythm_of
from gezhi.foundation.calendar import parse_limit
from gezhi.foundation.calendar.lunar import read_lunar
from gezhi.foundation.errors import Refusal
from gezhi.foundation.packs import Context

LEAST_MINUTES = 30
#: How far ahead a rhythm is tried when it is read; leap years and the nineteen years of the moon lie within.
TRIED = (date(2024, 1, 1), date(2043, 12, 31))
TRIED_DAYS = (date(2027, 12, 1), date(2029, 1, 31))
NAMED = {
    "春节": (1, 1), "元宵节": (1, 15), "龙抬头": (2, 2), "端午节": (5, 5), "七夕节": (7, 7), "中元节": (7, 15),
    "中秋节": (8, 15), "重阳节": (9, 9), "腊八节": (12, 8), "小年": (12, 23), "除夕": (12, 30),
}  # fmt: skip
_HOURS = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")
_LUNAR_MONTHS = "正二三四五六七八九十冬腊"


def read_rhythm(node: Any, context: Context) -> dict[str, Any] | None:
    """The body of the rhythm with its window; None when it could not be read."""
    given = node.get("rhythm")
    kinds = ("every", "lunar", "within", "terms")
    optional = (*kinds, "on", "times", "slots", "of", "before", "after")
    if not isinstance(given, Mapping) or not context.keys(given, optional=optional):
        if given is not None and not isinstance(given, Mapping):
            context.problem(node, "rhythm", "pack.shape", _("这里要写成“名: 值”的形式。"))
        return None
    kind = [k for k in kinds if k in given and not (k == "terms" and "every" in given)]
    if len(kind) != 1:
        context.problem(
            node, "rhythm", "duties.rhythm", _("多久一次，写而且只写一样：{kinds}。"), kinds="、".join(kinds)
        )
        return None
    before = len(context.problems)
    body = {"every": _every, "lunar": _lunar, "within": _within, "terms": _only_terms}[kind[0]](given, context)
    if len(context.problems) > before or body is None:
        return None
    _window(node, given, body, context)
    if len(context.problems) == before:
        _prove(node, body, context)
    return body if len(context.problems) == before else None


def _every(given: Any, context: Context) -> dict[str, Any] | None:
    every = str(given.get("every"))
    if every in ("second", "minute", "hour"):
        context.problem(
            given, "every", "duties.too_often", _("“{every}”太密了，最密一天分成几段（slots）。"), every=every
        )
        return None
    if context.one_of(given, "every", EVERY) is None:
        return None
    body: dict[str, Any] = {"every": every}
    times = context.whole(given, "times", 1, low=1, high=10)
    if times != 1 and every != "year":
        context.problem(given, "times", "duties.times", _("只有 every: year 才能写 times（几年一次）。"))
    body["times"] = times
    if "slots" in given:
        body["slots"] = _slots(given, every, context)
    if "on" in given:
        body["on"] = _on(given, every, times, context)
    if "terms" in given:
        body["terms"] = _term_dates(given, context)
    return body


def _slots(given: Any, every: str, context: Context) -> list[list[int]]:
    if every not in ("day", "work_day"):
        context.problem(given, "slots", "duties.slots", _("只有每天的事才能分段（slots）。"))
        return []
    slots: list[list[int]] = []
    for index, raw in context.each(given, "slots"):
        parts = [_minutes(p) for p in str(raw).split("-")]
        if len(parts) != 2 or None in parts:
            context.problem(given["slots"], index, "duties.slot", _("一段写成“08:00-16:00”。"))
            return []
        start, end = parts
        assert start is not None and end is not None
        length = end - start if end > start else end + 24 * 60 - start
        if length < LEAST_MINUTES:
            context.problem(
                given["slots"], index, "duties.too_often", _("一段至少 {least} 分钟。"), least=LEAST_MINUTES
            )
        slots.append([start, length])
    if not tiles_a_day(tuple((a, b) for a, b in slots)):
        context.problem(given, "slots", "duties.slots_gap", _("各段要首尾相接，一天 24 小时不留空也不重叠。"))
    return slots


def _minutes(written: str) -> int | None:
    found = _HOURS.fullmatch(written.strip())
    minutes = int(found[1]) * 60 + int(found[2]) if found else None
    return minutes if minutes is not None and minutes <= 24 * 60 else None


def _on(given: Any, every: str, times: int, context: Context) -> list[int] | None:
    on = given["on"]
    if every == "week":
        if on in WEEKDAYS:
            return [WEEKDAYS.index(on) + 1]
        if isinstance(on, int) and 1 <= on <= 7:
            return [on]
        context.problem(given, "on", "duties.weekday", _("星期几写 {known}。"), known="、".join(WEEKDAYS))
        return None
    if every not in MONTHS:
        context.problem(given, "on", "duties.on", _("每天的事不写 on。"))
        return None
    month, day = (1, on) if MONTHS[every] * times == 1 else (None, None)
    if isinstance(on, Mapping) and context.keys(on, required=("month", "day")):
        month, day = on.get("month"), on.get("day")
    high = MONTHS[every] * times
    if isinstance(month, bool) or isinstance(day, bool) or not isinstance(month, int) or not isinstance(day, int):
        context.problem(given, "on", "duties.on_day", _("写这一期里的第几个月、几号：{month: 2, day: 31}。"))
        return None
    # A year with a 29 February: a day no month ever has is refused, one that some lack is clamped.
    most = max(monthrange(2028, (month - 1) % 12 + 1)[1], 31 if high < 12 else 0)
    if not 1 <= month <= high or not 1 <= day <= most:
        context.problem(
            given,
            "on",
            "duties.never",
            _("第 {month} 个月 {day} 号永远不会到，这项规定永远不用做。"),
            month=month,
            day=day,
        )
        return None
    return [month, day]


def _lunar(given: Any, context: Context) -> dict[str, Any] | None:
    days: list[list[int]] = []
    raw = given.get("lunar")
    listed = list(enumerate(raw)) if isinstance(raw, list | tuple) else [(None, raw)]
    for index, written in listed:
        found = NAMED.get(str(written)) or _lunar_day(str(written))
        holder, key = (given, "lunar") if index is None else (raw, index)
        if found is None:
            context.problem(holder, key, "duties.never", _("农历没有“{day}”这一天，这项规定永远不用做。"), day=written)
        elif list(found) in days:
            context.problem(holder, key, "duties.twice", _("“{day}”写了两次。"), day=written)
        else:
            days.append(list(found))
    if not days:
        return None
    return {
        "every": "lunar",
        "lunar": sorted(days),
        "before": context.whole(given, "before", 0, low=0, high=60),
        "after": context.whole(given, "after", 0, low=0, high=60),
    }


def _lunar_day(written: str) -> tuple[int, int] | None:
    """(month, day) of 正月初一, 腊月三十; None for a day no lunar year has."""
    month, _sep, day = written.partition("月")
    known = dict(zip(_LUNAR_MONTHS, range(1, 13), strict=True)) | {"一": 1, "十一": 11, "十二": 12}
    if month not in known or not day:
        return None
    # Of all years one has it; the thirtieth is every month's last day somewhere.
    for year in range(2024, 2044):
        if read_lunar(f"农历{year}年{month}月{day}") is not None:
            number = next(n for n in range(1, 31) if _says(n) == day or str(n) == day)
            return known[month], number
    return None


def _says(number: int) -> str:
    ones = "一二三四五六七八九十"
    if number <= 10:
        return f"初{ones[number - 1]}"
    if number < 20:
        return f"十{ones[number - 11]}"
    return {20: "二十", 30: "三十"}.get(number) or f"廿{ones[number - 21]}"


def _within(given: Any, context: Context) -> dict[str, Any] | None:
    written = context.text(given, "within", "", max=40)
    try:
        limit = str(parse_limit(written))
    except Refusal as fault:
        context.problem(given, "within", fault.code, fault.what)
        return None
    of = context.text(given, "of", None, max=40)
    if of is None:
        context.problem(given, None, "pack.missing", _("缺“{key}”。"), key="of")
        return None
    return {"every": "within", "within": limit, "of": of}


def _only_terms(given: Any, context: Context) -> dict[str, Any]:
    return {"every": "terms", "terms": _term_dates(given, context)}


def _term_dates(given: Any, context: Context) -> list[Any]:
    if given.get("terms") == "school":
        return [[list(a), list(b)] for a, b in SCHOOL]
    terms: list[Any] = []
    for index, pair in context.each(given, "terms"):
        ends = [_month_day(p) for p in pair] if isinstance(pair, list | tuple) else []
        if len(ends) != 2 or None in ends:
            context.problem(given["terms"], index, "duties.term", _('一个学期写成 ["09-01", "01-20"]。'))
            return []
        terms.append([list(e) for e in ends if e is not None])
    if not terms:
        context.problem(given, "terms", "duties.never", _("一个学期也没有，这项规定永远不用做。"))
    return terms


def _month_day(written: Any) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\d{2})-(\d{2})", str(written))
    if found is None:
        return None
    month, day = int(found[1]), int(found[2])
    return (month, day) if 1 <= month <= 12 and 1 <= day <= monthrange(2028, month)[1] else None


def _window(node: Any, rhythm: Any, body: dict[str, Any], context: Context) -> None:
    given = node.get("window")
    if given is None:
        return
    if not context.keys(given, optional=("opens", "closes", "from", "to")):
        return
    if "from" in given or "to" in given:
        begins, ends = _minutes(str(given.get("from", ""))), _minutes(str(given.get("to", "")))
        if begins is None or ends is None or ends - begins < LEAST_MINUTES or body.get("slots"):
            context.problem(
                node, "window", "duties.hours", _('时段写成 from: "11:00", to: "12:30"，不和 slots 一起写。')
            )
        else:
            body["hours"] = [begins, ends]
    for key, name in (("opens", "before"), ("closes", "after")):
        if key in given:
            body[name] = context.whole(given, key, 0, low=0, high=366)
    if (body.get("before") or body.get("after")) and body["every"] != "lunar" and not body.get("on"):
        context.problem(node, "window", "duties.window", _("前后几天的窗口要有那一天：请写 on。"))


def _prove(node: Any, body: dict[str, Any], context: Context) -> None:
    """Try the rhythm over years to come: it must fire, and no window may reach into the next."""
    if body["every"] == "within":
        return
    first, last = TRIED_DAYS if body["every"] in ("day", "work_day") else TRIED
    periods = list(rhythm_of(body).periods(first, last))
    if not periods:
        context.problem(node, "rhythm", "duties.never", _("这样写，二十年里一次也轮不到。"))
    pair = overlapping(periods)
    if pair is not None:
        context.problem(
            node,
            "window" if "window" in node else "rhythm",
            "duties.windows",
            _("前后两期的窗口叠在一起了，记下的走访分不清算哪一期。"),
            trace=[f"{p.key}: {p.first} – {p.last}" for p in pair],
        )
