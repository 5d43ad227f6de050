"""From the YAML of a pack to the body of a workflow, every flaw noted with its line.

Reads shapes and words here; whether the definition is sound is proof.py's question, asked at the end of the
same reading, so that a pack author sees all of it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import proof
from gezhi.engines.workflows.schema import EFFECTS, PHASES, READABLE, STAMPS, Workflow
from gezhi.foundation.calendar import parse_limit
from gezhi.foundation.errors import Refusal
from gezhi.foundation.forms import Form
from gezhi.foundation.packs.reading import Context, plain

TOP = ("about", "promise", "response", "closing", "counters", "anytime", "intake", "consent", "kinds")
STAGE = (
    "phase", "says", "side", "owner", "clock", "ladder", "silence", "branches", "actions", "outcome",
)  # fmt: skip
ACTION = (
    "title", "by", "main", "key", "says", "form", "public", "set", "assign", "stamp", "counter", "exhausted", "to",
    "open", "close", "effect", "within", "before_due", "use",
)  # fmt: skip


def read_workflow(node: Any, context: Context) -> dict[str, Any]:
    """The JSON body of a workflow file. Problems are noted on the context; the caller decides to refuse."""
    if not context.keys(node, required=("workflow", "version", "title", "start", "stages"), optional=TOP):
        return {}
    before = len(context.problems)
    stages_node = node.get("stages") if isinstance(node.get("stages"), Mapping) else {}
    body = {
        "name": context.text(node, "workflow", "", max=40),
        "version": context.whole(node, "version", 1, low=1, high=9999),
        "title": context.title(node),
        "about": context.title(node, "about", required=False),
        "start": context.text(node, "start", "", max=40),
        "promise": _limit(node, "promise", context, words=("category",)) or "category",
        "response": _limit(node, "response", context) or "1 work_day",
        "closing": _limit(node, "closing", context) or "5 work_day",
        "consent": context.truth(node, "consent"),
        "kinds": [str(v) for _i, v in context.each(node, "kinds")],
        "counters": {k: _counter(v, context) for k, v in _mapping(node, "counters", context)},
        "intake": Form.from_yaml(node.get("intake") or [], context).body(),
        "stages": {k: _stage(k, v, stages_node, context) for k, v in _mapping(node, "stages", context)},
        "anytime": {k: _action(k, v, stages_node, context) for k, v in _mapping(node, "anytime", context)},
    }
    if len(context.problems) == before:
        _prove(node, body, context)
    return body


def _prove(node: Any, body: dict[str, Any], context: Context) -> None:
    flow = Workflow.of(body)
    for flaw in proof.prove(flow, posts=context.shared.get("posts", ())):
        holder, key = _find(node, flaw.where)
        context.problem(holder, key, flaw.code, _(flaw.words), trace=flaw.trace, **flaw.facts)


def _find(node: Any, where: tuple[str, ...]) -> tuple[Any, Any]:
    """The deepest existing (node, key) along a path of keys, for its line number."""
    holder: Any = node
    key: Any = None
    current: Any = node
    for step in where:
        if isinstance(current, Mapping) and step in current:
            holder, key, current = current, step, current[step]
        elif isinstance(current, list) and step.isdigit() and int(step) < len(current):
            holder, key, current = current, int(step), current[int(step)]
        else:
            break
    return holder, key


def _mapping(node: Any, key: str, context: Context) -> list[tuple[str, Any]]:
    value = node.get(key)
    if value is None:
        return []
    if not isinstance(value, Mapping):
        context.problem(node, key, "pack.shape", _("这里要写成“名: 值”的形式。"))
        return []
    return [(str(k), v) for k, v in value.items()]


def _limit(node: Any, key: str, context: Context, *, words: tuple[str, ...] = ()) -> str | None:
    value = context.text(node, key)
    if value is None or value in words:
        return value
    try:
        return str(parse_limit(value))
    except Refusal as refusal:
        context.problem(node, key, refusal.code, "{words}", words=refusal.what + refusal.next)
        return None


def _counter(node: Any, context: Context) -> dict[str, Any]:
    context.keys(node, required=("max", "title"))
    return {"max": context.whole(node, "max", 1, low=0, high=99), "title": context.title(node)}


def _stage(key: str, node: Any, stages: Any, context: Context) -> dict[str, Any]:
    if not context.keys(node, required=("kind", "title"), optional=STAGE):
        return {"kind": "task", "title": {"zh": key, "en": key}}
    body: dict[str, Any] = {
        "kind": context.one_of(node, "kind", ("task", "gate", "end"), "task"),
        "title": context.title(node),
    }
    phase = context.one_of(node, "phase", PHASES)
    if phase:
        body["phase"] = phase
    if "says" in node:
        body["says"] = context.title(node, "says")
    if context.truth(node, "side"):
        body["side"] = True
    if "owner" in node:
        body["owner"] = _owner(node["owner"], context)
    if "clock" in node:
        body["clock"] = _clock(node["clock"], context)
    if "ladder" in node:
        body["ladder"] = [_rung(r, context) for _i, r in context.each(node, "ladder")]
    if "silence" in node and context.keys(node["silence"], required=("after", "action")):
        body["silence"] = {
            "after": _limit(node["silence"], "after", context) or "1 work_day",
            "action": context.text(node["silence"], "action", ""),
        }
    if "branches" in node:
        body["branches"] = [_branch(b, context) for _i, b in context.each(node, "branches")]
    if "outcome" in node:
        body["outcome"] = context.text(node, "outcome", "", max=16)
    if "actions" in node:
        body["actions"] = {k: _action(k, v, stages, context) for k, v in _mapping(node, "actions", context)}
    return body


def _owner(node: Any, context: Context) -> dict[str, Any]:
    if not context.keys(node, optional=("post", "case", "unlike")):
        return {}
    if ("post" in node) == ("case" in node):
        context.problem(
            node, None, "owner.which", _("席位写 post（岗位）或 case: handler（指定的承办单位），二者取一。")
        )
    body: dict[str, Any] = {"unlike": [str(v) for _i, v in context.each(node, "unlike")]}
    if "post" in node:
        body["post"] = context.text(node, "post", "")
    if "case" in node:
        body["case"] = context.one_of(node, "case", ("handler",))
    return body


def _clock(node: Any, context: Context) -> dict[str, Any]:
    if not context.keys(node, required=("limit",), optional=("warn",)):
        return {"limit": "promise"}
    warn = node.get("warn", 0.75)
    if isinstance(warn, bool) or not isinstance(warn, int | float):
        context.problem(node, "warn", "clock.warn", _("提醒点要在 0 到 1 之间。"))
        warn = 0.75
    return {"limit": _limit(node, "limit", context, words=("promise",)) or "promise", "warn": str(warn)}


def _rung(node: Any, context: Context) -> dict[str, Any]:
    context.keys(node, required=("after", "do", "post"))
    return {
        "after": _limit(node, "after", context) or "1 work_day",
        "do": context.one_of(node, "do", ("supervise",), "supervise"),
        "post": context.text(node, "post", ""),
    }


def _branch(node: Any, context: Context) -> dict[str, Any]:
    context.keys(node, required=("to",), optional=("when", "else"))
    if ("when" in node) == ("else" in node):
        context.problem(node, None, "gate.branch", _("每条路写 when（条件）或 else: true，二者取一。"))
    to = context.text(node, "to", "")
    return {"else": True, "to": to} if "else" in node else {"when": context.text(node, "when", "", max=500), "to": to}


def _action(key: str, node: Any, stages: Any, context: Context) -> dict[str, Any]:
    """An action; `use: stage.action` takes another's words and form, keys written here come on top."""
    if not isinstance(node, Mapping):
        context.problem(node, None, "pack.shape", _("这里要写成“名: 值”的形式。"))
        return {"title": {"zh": key, "en": key}, "by": []}
    merged = dict(node)
    if "use" in node:
        stage, _dot, name = str(node["use"]).partition(".")
        source = ((stages.get(stage) or {}).get("actions") or {}).get(name) if isinstance(stages, Mapping) else None
        if not isinstance(source, Mapping) or "use" in source:
            context.problem(node, "use", "action.use", _("没有可以借用的操作“{use}”。"), use=node["use"])
            return {"title": {"zh": key, "en": key}, "by": ["owner"]}
        merged = {**source, **{k: v for k, v in node.items() if k != "use"}}
        context.keys(node, required=("use",), optional=ACTION)
    else:
        context.keys(node, required=("title", "by"), optional=ACTION)
    holder = _Merged(merged, node)
    body: dict[str, Any] = {
        "title": context.title(holder),
        "by": [str(v) for _i, v in context.each(holder, "by")],
        "form": Form.from_yaml(merged.get("form") or [], context, types=READABLE).body(),
    }
    if "says" in merged:
        body["says"] = context.title(holder, "says")
    for name in ("to", "open", "assign", "counter", "exhausted"):
        if name in merged:
            body[name] = context.text(holder, name, "", max=40)
    for name in ("main", "close", "before_due"):
        if context.truth(holder, name):
            body[name] = True
    if "key" in merged:
        body["key"] = context.text(holder, "key", "", max=1)
    if "within" in merged:
        body["within"] = _limit(holder, "within", context)
    if "effect" in merged:
        body["effect"] = context.one_of(holder, "effect", EFFECTS)
    if merged.get("set"):
        body["set"] = {str(k): str(plain(v)) for k, v in merged["set"].items()}
    stamps = [str(v) for _i, v in context.each(holder, "stamp")]
    if stamps:
        body["stamp"] = stamps
        for stamp in stamps:
            if stamp not in STAMPS:
                context.problem(holder, "stamp", "action.stamp", _("“{stamp}”不是能记的时刻。"), stamp=stamp)
    public = [str(v) for _i, v in context.each(holder, "public")]
    if public:
        body["public"] = public
        asked = {f["id"] for f in body["form"]}
        for name in public:
            if name not in asked:
                context.problem(holder, "public", "action.public", _("要公开的“{name}”不在填写项里。"), name=name)
    return body


class _Merged(dict):  # type: ignore[type-arg]
    """A borrowed action with its own keys on top; line numbers come from where the author wrote it."""

    def __init__(self, values: Mapping[str, Any], node: Any) -> None:
        super().__init__(values)
        self.lc = getattr(node, "lc", None)
