"""From the YAML of a pack to the body of a workflow, every flaw noted with its line.

Reads shapes and words here; whether the definition is sound is proof.py's question, asked at the end of the
same reading, so that a pack author sees all of it at once. A key is in the body only when it was written, so that
a file of an earlier schema keeps its hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import lookalikes, proof, proof_children, reader_panels
from gezhi.engines.workflows import reader_parts as parts
from gezhi.engines.workflows.proof_bounds import within_bounds
from gezhi.engines.workflows.reader_actions import action
from gezhi.engines.workflows.schema import KEPT, KINDS, PHASES, Workflow
from gezhi.foundation.packs.reading import Context
from gezhi.foundation.people import POWERS

TOP = (
    "about",
    "promise",
    "response",
    "closing",
    "counters",
    "anytime",
    "intake",
    "form",
    "consent",
    "kinds",
    "kept",
    "services",
    "assigned",
    "talks",
    "blanks",
)
STAGE = (
    "phase", "says", "side", "owner", "clock", "ladder", "silence", "branches", "actions", "outcome", "then", "pauses",
    "parked", "join", "of", "needs", "to", "workflow", "each", "counts", "panel", "beside", "flag",
)  # fmt: skip


def read_workflow(node: Any, context: Context) -> dict[str, Any]:
    """The JSON body of a workflow file. Problems are noted on the context; the caller decides to refuse."""
    if not context.keys(node, required=("workflow", "version", "title", "start", "stages"), optional=TOP):
        return {}
    if not within_bounds(node, context):
        return {}
    lookalikes.check(node, context)
    before = len(context.problems)
    for name in ("intake", "form"):
        if name in node:
            context.problem(node, name, "flow.opening_form", _(
                "“{name}”不能写在开头：报的时候只记原话、谁的事、哪个地方。要填的几样，放进第一步动作的 form 里。"
            ), name=name)  # fmt: skip
    stages_node = node.get("stages") if isinstance(node.get("stages"), Mapping) else {}
    kept = _kept(node, context)
    body = {
        "name": context.text(node, "workflow", "", max=40),
        "version": context.whole(node, "version", 1, low=1, high=9999),
        "title": context.title(node),
        "about": context.title(node, "about", required=False),
        "start": context.text(node, "start", "", max=40),
        "promise": parts.limit(node, "promise", context, words=("category",)) or "category",
        "response": parts.limit(node, "response", context) or "1 work_day",
        "closing": parts.limit(node, "closing", context) or "5 work_day",
        "consent": context.truth(node, "consent"),
        "kinds": parts.words(node, "kinds", context),
        "counters": {k: _counter(v, context) for k, v in parts.mapping(node, "counters", context)},
        "intake": [],  # nobody is asked at the opening; kept in the body, because versions are pinned by its hash
        "stages": {k: _stage(k, v, stages_node, kept, context) for k, v in parts.mapping(node, "stages", context)},
        "anytime": {k: action(k, v, stages_node, kept, context) for k, v in parts.mapping(node, "anytime", context)},
    }
    if kept:
        body["kept"] = kept
    if "blanks" in node:
        body["blanks"] = {k: _blank(v, context) for k, v in parts.mapping(node, "blanks", context)}
    for name in ("services", "assigned", "talks"):
        if context.truth(node, name):
            body[name] = True
    if len(context.problems) == before:
        _prove(node, body, context)
    return body


def _prove(node: Any, body: dict[str, Any], context: Context) -> None:
    flow = Workflow.of(body)
    proof_children.note(flow, node, context)
    steps = {s.id: s.owner.post or "" for s in flow.stages.values() if s.owner is not None and not s.side}
    context.shared["workflow_steps"] = {
        **context.shared.get("workflow_steps", {}),
        flow.name: {"start": flow.start, "steps": steps},
    }
    for flaw in proof.prove(flow, posts=context.shared.get("posts", ()), powers=POWERS):
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


def _kept(node: Any, context: Context) -> dict[str, str]:
    """Names of values that are kept from one step for a later one, with the type of field that fills them."""
    found: dict[str, str] = {}
    holder = node.get("kept")
    for name, _kind in parts.mapping(node, "kept", context):
        if not name.isidentifier() or not name.isascii():
            context.problem(holder, name, "kept.name", _("“{name}”只用字母、数字和下划线。"), name=name)
        found[name] = context.one_of(holder, name, KEPT, "text")
    return found


def _blank(node: Any, context: Context) -> dict[str, Any]:
    """What the method's source names and does not say: `is` holds what the place says it is, once it does."""
    context.keys(node, required=("title",), optional=("is",))
    said = {"is": context.text(node, "is", "", max=200)} if isinstance(node, Mapping) and "is" in node else {}
    return {"title": context.title(node), **said}


def _counter(node: Any, context: Context) -> dict[str, Any]:
    context.keys(node, required=("max", "title"))
    return {"max": context.whole(node, "max", 1, low=0, high=99), "title": context.title(node)}


def _stage(key: str, node: Any, stages: Any, kept: Mapping[str, str], context: Context) -> dict[str, Any]:
    if not context.keys(node, required=("kind", "title"), optional=STAGE):
        return {"kind": "task", "title": {"zh": key, "en": key}}
    body: dict[str, Any] = {
        "kind": context.one_of(node, "kind", KINDS, "task"),
        "title": context.title(node),
    }
    phase = context.one_of(node, "phase", PHASES)
    if phase:
        body["phase"] = phase
    if "says" in node:
        body["says"] = context.title(node, "says")
    for name in ("side", "pauses", "parked"):
        if context.truth(node, name):
            body[name] = True
    if "owner" in node:
        body["owner"] = parts.owner(node["owner"], context)
    if "clock" in node:
        body["clock"] = parts.clock(node["clock"], context)
    if "ladder" in node:
        body["ladder"] = [parts.rung(r, context) for _i, r in context.each(node, "ladder")]
    if "silence" in node and context.keys(node["silence"], required=("after", "action")):
        body["silence"] = {
            "after": parts.limit(node["silence"], "after", context) or "1 work_day",
            "action": context.text(node["silence"], "action", ""),
        }
    if "branches" in node:
        read = parts.track if body["kind"] == "fork" else parts.branch
        body["branches"] = [read(b, context) for _i, b in context.each(node, "branches")]
    if "outcome" in node:
        body["outcome"] = context.text(node, "outcome", "", max=16)
    if "panel" in node:
        body["panel"] = reader_panels.panel(node["panel"], context)
    if "beside" in node:
        body["beside"] = parts.words(node, "beside", context)
    for name in ("then", "join", "of", "to", "workflow", "flag"):
        if name in node:
            body[name] = context.text(node, name, "", max=40)
    if "needs" in node:
        body["needs"] = parts.needs(node, context)
    if "each" in node:
        body["each"] = parts.each(node, context)
    if "counts" in node:
        body["counts"] = parts.words(node, "counts", context)
    if "actions" in node:
        body["actions"] = {k: action(k, v, stages, kept, context) for k, v in parts.mapping(node, "actions", context)}
    return body
