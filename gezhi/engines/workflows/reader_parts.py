"""Reading the small parts of a workflow file: limits, owners, clocks, rungs, branches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows.reader_holding import hour, spans
from gezhi.engines.workflows.schema import RUNGS
from gezhi.engines.workflows.schema_panels import WEIGHTS
from gezhi.foundation.calendar import parse_limit
from gezhi.foundation.errors import Refusal
from gezhi.foundation.packs.reading import Context


def mapping(node: Any, key: str, context: Context) -> list[tuple[str, Any]]:
    """The pairs of `node[key]`; empty when absent or (noted) not a mapping."""
    value = node.get(key)
    if value is None:
        return []
    if not isinstance(value, Mapping):
        context.problem(node, key, "pack.shape", _("这里要写成“名: 值”的形式。"))
        return []
    return [(str(k), v) for k, v in value.items()]


def words(node: Any, key: str, context: Context) -> list[str]:
    """The list `node[key]` as texts."""
    return [str(v) for _i, v in context.each(node, key)]


def limit(node: Any, key: str, context: Context, *, words: tuple[str, ...] = ()) -> str | None:
    """`node[key]` as a limit in its tidy form, or one of the `words`; None when absent or (noted) wrong."""
    value = context.text(node, key)
    if value is None or value in words:
        return value
    try:
        return str(parse_limit(value))
    except Refusal as refusal:
        context.problem(node, key, refusal.code, "{words}", words=refusal.what + refusal.why + refusal.next)
        return None


def owner(node: Any, context: Context) -> dict[str, Any]:
    """post (and duty), case or above: exactly one."""
    if not context.keys(node, optional=("post", "case", "above", "duty", "unlike", "draw", "without")):
        return {}
    if ("post" in node) + ("case" in node) + ("above" in node) != 1:
        context.problem(
            node,
            None,
            "owner.which",
            _(
                "席位写 post（岗位）、case（handler 指定的承办单位，branch 这一路的单位）或 above（某一步的上一级），"
                "只写一个。由人当场选的席位：选它的动作写 assign: 填写项，这里写 case: handler。"
            ),
        )
    body: dict[str, Any] = {"unlike": words(node, "unlike", context)}
    if "post" in node:
        body["post"] = context.text(node, "post", "")
    if "case" in node:
        body["case"] = context.one_of(node, "case", ("handler", "branch"))
    if "above" in node:
        body["above"] = context.text(node, "above", "", max=40)
    if "draw" in node:
        body["draw"] = context.one_of(node, "draw", WEIGHTS, "lot")
        if "post" not in node:
            context.problem(node, "draw", "owner.draw", _("抽取席位（draw）要写明是哪个岗位（post）。"))
    if "without" in node:
        body["without"] = context.text(node, "without", "", max=40)
    if context.truth(node, "duty"):
        body["duty"] = True
        if "post" not in node:
            context.problem(node, "duty", "owner.duty", _("值班的席位要写明是哪个岗位（post）。"))
    return body


def clock(node: Any, context: Context) -> dict[str, Any]:
    """`limit`, or `until` a kept date with its `max` (and, to end with a part of that day, `part` and `hours`, or, at
    an hour of it or of a day before it, `by` and `before`)."""
    until = isinstance(node, Mapping) and "until" in node
    required = ("until", "max") if until else ("limit",)
    parted = until and ("part" in node or "hours" in node)
    more = ("part", "hours") if parted else ("by",) if until and ("by" in node or "before" in node) else ()
    if not context.keys(node, required=(*required, *more), optional=("warn", *(("before",) if "by" in more else ()))):
        return {"limit": "promise"}
    warn = node.get("warn", 0.75)
    if isinstance(warn, bool) or not isinstance(warn, int | float):
        context.problem(node, "warn", "clock.warn", _("提醒点要在 0 到 1 之间。"))
        warn = 0.75
    if until:
        most = limit(node, "max", context) or "1 work_day"
        body: dict[str, Any] = {"until": context.text(node, "until", "", max=40), "max": most, "warn": str(warn)}
        if parted:
            body |= {"part": context.text(node, "part", "", max=40), "hours": spans(node, "clock.hours", context)}
        if "by" in more:
            body["by"] = context.text(node, "by", "", max=5)
            if hour(body["by"]) is None:
                context.problem(node, "by", "clock.by", _("几点写成“09:00”，从 00:01 到 24:00。"))
                body["by"] = "24:00"
            if before := context.whole(node, "before", 0, low=0, high=60):
                body["before"] = before
        return body
    return {"limit": limit(node, "limit", context, words=("promise",)) or "promise", "warn": str(warn)}


def rung(node: Any, context: Context) -> dict[str, Any]:
    """A step of the ladder: remind needs no post, take_over a post and a new clock."""
    do = node.get("do") if isinstance(node, Mapping) else None
    required = {"remind": ("after", "do"), "take_over": ("after", "do", "post", "clock")}.get(
        str(do), ("after", "do", "post")
    )
    if not context.keys(node, required=required):
        return {"after": "1 work_day", "do": "supervise", "post": ""}
    body = {
        "after": limit(node, "after", context) or "1 work_day",
        "do": context.one_of(node, "do", RUNGS, "supervise"),
    }
    if "post" in node:
        body["post"] = context.text(node, "post", "")
    if "clock" in node:
        body["clock"] = limit(node, "clock", context) or "1 work_day"
    return body


def branch(node: Any, context: Context) -> dict[str, Any]:
    """A way out of a gate."""
    if not context.keys(node, required=("to",), optional=("when", "else")):
        return {"else": True, "to": ""}
    if ("when" in node) == ("else" in node):
        context.problem(node, None, "gate.branch", _("每条路写 when（条件）或 else: true，二者取一。"))
    to = context.text(node, "to", "")
    return {"else": True, "to": to} if "else" in node else {"when": context.text(node, "when", "", max=500), "to": to}


def track(node: Any, context: Context) -> dict[str, Any]:
    """A branch of a fork."""
    if not context.keys(node, required=("id", "to"), optional=("each",)):
        return {"id": "", "to": ""}
    id_ = context.text(node, "id", "", max=20)
    if not id_.isidentifier() or not id_.isascii():
        context.problem(node, "id", "fork.id", _("这一路的名字“{id}”只用字母、数字和下划线。"), id=id_)
    body = {"id": id_, "to": context.text(node, "to", "", max=40)}
    if "each" in node:
        body["each"] = context.text(node, "each", "", max=40)
    return body


def needs(node: Any, context: Context) -> str | int:
    """How many must have come: all, any, a whole number, or (of a fork) the id of one branch."""
    value = node.get("needs", "all")
    if isinstance(value, int) and not isinstance(value, bool):
        return int(context.whole(node, "needs", 1, low=1, high=999))
    return str(context.text(node, "needs", "all", max=20))


def each(node: Any, context: Context) -> str | dict[str, str]:
    """The kept list of places, or {under: kind}."""
    value = node.get("each")
    if isinstance(value, Mapping):
        context.keys(value, required=("under",))
        kinds = ("county", "town", "village", "grid1", "grid2", "grid3", "building")
        return {"under": context.one_of(value, "under", kinds, "village")}
    return str(context.text(node, "each", "", max=40))
