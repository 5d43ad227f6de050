"""A rhythm and its periods as people say them: 每月月底，前后 2 天; 2026 年 11 月; 第 47 周."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gezhi.engines.duties.rhythms import MONTHS, Period
from gezhi.engines.duties.rules import Rule
from gezhi.foundation.calendar import parse_limit
from gezhi.interfaces.site.words import _weekday


def _every(rule: Rule) -> str:
    rhythm = rule.rhythm
    said = {
        "day": _("每天"), "work_day": _("每个工作日"), "week": _("每周"), "month": _("每月"), "two_months": _("每两个月"),
        "quarter": _("每季度"), "half_year": _("每半年"), "year": _("每年"), "terms": _("每学期"), "lunar": _("农历节日"),
    }[rhythm.every]  # fmt: skip
    if rhythm.times > 1:
        said = ngettext("每 {n} 年", "每 {n} 年", rhythm.times).format(n=rhythm.times)
    if rhythm.slots:
        said = _("{every} {n} 段").format(every=said, n=len(rhythm.slots))
    return said


def _on(rule: Rule) -> str:
    rhythm = rule.rhythm
    if rhythm.every == "lunar":
        return "、".join(_("农历 {m} 月 {d}").format(m=m, d=d) for m, d in rhythm.lunar)
    if rhythm.on is None:
        return ""
    if rhythm.every == "week":
        return _weekday(rhythm.on[0] - 1)
    month, day = rhythm.on
    if day >= 31:
        end = _("月底")
    else:
        end = _("{d} 号").format(d=day)
    return end if MONTHS[rhythm.every] * rhythm.times == 1 else _("第 {m} 个月{end}").format(m=month, end=end)


def rhythm_words(rule: Rule) -> str:
    """多久一次, in one line."""
    if rule.within is not None:
        limit = parse_limit(rule.within[0])
        return limit.words if limit.by is not None else _("{limit}内").format(limit=limit.words)
    rhythm = rule.rhythm
    said = "".join(filter(None, [_every(rule), _on(rule)]))
    if rhythm.before and rhythm.before == rhythm.after:
        said += _("，前后 {n} 天").format(n=rhythm.before)
    elif rhythm.before or rhythm.after:
        said += _("，提前 {a} 天、推后 {b} 天").format(a=rhythm.before, b=rhythm.after)
    if rhythm.hours:
        said += "，" + "—".join(f"{m // 60}:{m % 60:02d}" for m in rhythm.hours)
    return said


def period_words(period: Period) -> str:
    """11 月 28 日—12 月 2 日, or one day."""
    first, last = period.first, period.last
    day = _("{m1} 月 {d1} 日")
    one = day.format(m1=first.month, d1=first.day)
    if "#" in period.key:
        one = _("{day}第 {n} 段").format(day=one, n=period.key.partition("#")[2])
    if first == last or "#" in period.key:
        return one
    return f"{one}—{day.format(m1=last.month, d1=last.day)}"
