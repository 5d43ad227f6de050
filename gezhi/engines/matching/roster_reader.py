"""From `rosters/*.yaml` and `stores/*.yaml` to their bodies; slots that overlap and levels nobody set are refused with their line.

roster: dyke_patrol                               store: tool_lending
title: {zh: 防汛巡堤}                              title: {zh: 应急工具出借}
who: {register: patroller, states: []}            things: {register: tool, amount: 1}   # or a number field
plan: [village_secretary]                         lend: [village_secretary]
days: {every: day}          # day | work_day;     days: 7             # the longest loan
                            # terms: school       used: false         # true: what does not come back was used up
hours: ["08:00-20:00", "20:00-08:00"]
around: true                # they tile the 24 hours
crew: 2
rest: 12                    # hours between two turns of one person
levels: [{id: red, title: {zh: 红色}, hours: […], crew: 4, rest: 8}]   # what a level does not say is as above
"""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.matching import tiling
from gezhi.engines.matching.reader import posts
from gezhi.foundation import expressions as ex
from gezhi.foundation.calendar.school import SCHOOL
from gezhi.foundation.packs.reading import Context

EVERY = ("day", "work_day")
_SPAN = re.compile(r"([01]?\d|2[0-3]):[0-5]\d-([01]?\d|2[0-3]):[0-5]\d")
_DATE = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


def read_roster(node: Any, context: Context) -> dict[str, Any] | None:
    """The JSON body of a roster. Problems are noted on the context."""
    required, optional = ("roster", "title", "who", "plan", "hours"), ("version", "about", "days", "around", "crew", "rest", "levels")  # fmt: skip
    if not context.keys(node, required=required, optional=optional):
        return None
    body = {
        "title": context.title(node),
        "about": context.title(node, "about", required=False),
        "who": side(node, "who", context),
        "plan": posts(node, "plan", context),
        "days": _days(node, context),
        "levels": [],
        **_rule(node, {"hours": [], "around": False, "crew": 1, "rest": 0}, context),
    }
    if not body["plan"]:
        context.problem(node, "plan", "roster.plan", _("要写明由哪个岗位排班（plan）。"))
    for _index, item in context.each(node, "levels"):
        if not context.keys(item, required=("id", "title"), optional=("hours", "around", "crew", "rest")):
            continue
        id = context.text(item, "id", "", max=40)
        if any(level["id"] == id for level in body["levels"]):
            context.problem(item, "id", "activity.twice", _("“{id}”写了两次。"), id=id)
        body["levels"].append({"id": id, "title": context.title(item), **_rule(item, body, context)})
    return body


def _rule(node: Any, above: Any, context: Context) -> dict[str, Any]:
    hours = [str(one) for _i, one in context.each(node, "hours")] if "hours" in node else above["hours"]
    around = context.truth(node, "around", bool(above["around"]))
    wrong = [one for one in hours if not _SPAN.fullmatch(one)]
    if wrong:
        context.problem(node, "hours", "roster.hours", _("一班写成“20:00-08:00”。"))
        hours = []
    elif not tiling.follow(hours):
        context.problem(node, "hours", "roster.overlap", _("班次要一班接一班往后写，不能重叠。"))
    elif around and hours and not tiling.around(hours):
        context.problem(node, "hours", "roster.gap", _("要昼夜不断（around），这些班次合起来不是 24 小时。"))
    return {
        "hours": hours, "around": around,
        "crew": context.whole(node, "crew", above["crew"], low=1, high=50),
        "rest": context.whole(node, "rest", above["rest"], low=0, high=72),
    }  # fmt: skip


def _days(node: Any, context: Context) -> dict[str, Any]:
    given = node.get("days")
    if given is None or not context.keys(given, optional=("every", "terms")):
        return {"every": "day", "terms": []}
    terms: list[Any] = []
    if given.get("terms") == "school":
        terms = [[list(a), list(b)] for a, b in SCHOOL]
    for index, pair in context.each(given, "terms") if given.get("terms") != "school" else ():
        if not isinstance(pair, list) or len(pair) != 2 or not all(_DATE.fullmatch(str(one)) for one in pair):
            context.problem(given["terms"], index, "duties.term", _('一个学期写成 ["09-01", "01-20"]。'))
            continue
        terms.append([[int(part) for part in str(one).split("-")] for one in pair])
    return {"every": context.one_of(given, "every", EVERY, "day"), "terms": terms}


def side(node: Any, key: str, context: Context, *, amount: bool = False) -> dict[str, Any]:
    """{"register", "states"[, "amount"]}: live lines of a register, of these states (all when empty)."""
    given = node.get(key)
    if not context.keys(given, required=("register",), optional=("states", *(("amount",) if amount else ()))):
        return {"register": "", "states": []}
    name = context.text(given, "register", "", max=40)
    known = context.shared.get("registers", {}).get(name)
    if known is None:
        context.problem(given, "register", "match.register", _("没有“{value}”这本册。"), value=name)
    states = [str(state) for _i, state in context.each(given, "states")]
    for index, state in enumerate(states):
        if known is not None and state not in known["states"]:
            words = _("册“{register}”没有“{value}”这种状态。")
            context.problem(given["states"], index, "activity.partners", words, register=name, value=state)
    body: dict[str, Any] = {"register": name, "states": states}
    if amount:
        body["amount"] = _amount(given, known, name, context)
    return body


def _amount(given: Any, known: Any, register: str, context: Context) -> int | str:
    value = given.get("amount", 1)
    if not isinstance(value, str):
        return int(context.whole(given, "amount", 1, low=1, high=1_000_000))
    field = (known or {}).get("aliases", {}).get(value, value)
    if known is not None and known["types"].get(field) != ex.Number:
        words = _("册“{register}”里没有数“{field}”。")
        context.problem(given, "amount", "match.number", words, register=register, field=field)
    return str(field)


def read_store(node: Any, context: Context) -> dict[str, Any] | None:
    """The JSON body of a store. Problems are noted on the context."""
    if not context.keys(
        node, required=("store", "title", "things", "lend", "days"), optional=("version", "about", "used", "unit")
    ):
        return None
    body = {
        "title": context.title(node),
        "about": context.title(node, "about", required=False),
        "unit": context.title(node, "unit", required=False),
        "things": side(node, "things", context, amount=True),
        "lend": posts(node, "lend", context),
        "days": context.whole(node, "days", 7, low=1, high=365),
        "used": context.truth(node, "used"),
    }
    if not body["lend"]:
        context.problem(node, "lend", "store.lend", _("要写明由哪个岗位出借（lend）。"))
    return body
