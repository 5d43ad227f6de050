"""Reading the actions of a workflow file; `use: stage.action` borrows another's words and form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import reader_holding
from gezhi.engines.workflows import reader_parts as parts
from gezhi.engines.workflows import reader_registers as registering_reader
from gezhi.engines.workflows.schema import COUNTED, EFFECTS, STAMPS, readable
from gezhi.foundation.forms import Form
from gezhi.foundation.packs.reading import Context, plain

ACTION = (
    "title", "by", "main", "key", "says", "form", "public", "set", "assign", "stamp", "counter", "exhausted", "to",
    "open", "close", "sealed", "effect", "within", "before_due", "use", "keep", "counts", "ends_all", "moves_to", "from", "must",
    "reads", "books", "holds", "frees",
)  # fmt: skip


def action(key: str, node: Any, stages: Any, kept: Mapping[str, str], context: Context) -> dict[str, Any]:
    """The body of an action; keys written at a borrowed one come on top."""
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
        "by": parts.words(holder, "by", context),
        "form": Form.from_yaml(merged.get("form") or [], context, types=readable(kept)).body(),
    }
    if "says" in merged:
        body["says"] = context.title(holder, "says")
    for name in ("to", "open", "assign", "counter", "exhausted", "moves_to"):
        if name in merged:
            body[name] = context.text(holder, name, "", max=40)
    for name in ("main", "close", "before_due", "ends_all", "frees"):
        if context.truth(holder, name):
            body[name] = True
    if "key" in merged:
        body["key"] = context.text(holder, "key", "", max=1)
    if "within" in merged:
        body["within"] = parts.limit(holder, "within", context)
    if "effect" in merged:
        body["effect"] = context.one_of(holder, "effect", EFFECTS)
    if merged.get("set"):
        body["set"] = {str(k): str(plain(v)) for k, v in merged["set"].items()}
    if merged.get("keep"):
        body["keep"] = {k: str(plain(v)) for k, v in parts.mapping(holder, "keep", context)}
    if "must" in merged:
        body["must"] = [_must(m, context) for _i, m in context.each(holder, "must")]
    if "from" in merged:
        body["from"] = parts.words(holder, "from", context)
    registering_reader.books(holder, body, context)
    if "holds" in merged and (held := reader_holding.holds(holder["holds"], kept, context)) is not None:
        body["holds"] = held
    _stamps(holder, body, context)
    _counts(holder, body, context)
    _public(holder, body, context)
    return body


def _must(node: Any, context: Context) -> dict[str, Any]:
    if not context.keys(node, required=("that", "field", "says")):
        return {"that": "", "field": "", "says": {"zh": "", "en": ""}}
    return {
        "that": context.text(node, "that", "", max=500),
        "field": context.text(node, "field", "", max=40),
        "says": context.title(node, "says"),
    }


def _stamps(holder: Any, body: dict[str, Any], context: Context) -> None:
    stamps = parts.words(holder, "stamp", context)
    if stamps:
        body["stamp"] = stamps
    for stamp in stamps:
        if stamp not in STAMPS:
            context.problem(holder, "stamp", "action.stamp", _("“{stamp}”不是能记的时刻。"), stamp=stamp)


def _counts(holder: Any, body: dict[str, Any], context: Context) -> None:
    counts = parts.words(holder, "counts", context)
    if counts:
        body["counts"] = counts
    for name in counts:
        if name not in COUNTED:
            context.problem(
                holder,
                "counts",
                "action.counts",
                _("“{name}”不是能计的数，可以写：{known}。"),
                name=name,
                known="、".join(COUNTED),
            )


def _public(holder: Any, body: dict[str, Any], context: Context) -> None:
    if sealed := parts.words(holder, "sealed", context):
        body["sealed"] = sealed
    public = parts.words(holder, "public", context)
    if public:
        body["public"] = public
    asked = {f["id"] for f in body["form"]}
    for name in public:
        if name not in asked:
            context.problem(holder, "public", "action.public", _("要公开的“{name}”不在填写项里。"), name=name)


class _Merged(dict):  # type: ignore[type-arg]
    """A borrowed action with its own keys on top; line numbers come from where the author wrote it."""

    def __init__(self, values: Mapping[str, Any], node: Any) -> None:
        super().__init__(values)
        self.lc = getattr(node, "lc", None)
