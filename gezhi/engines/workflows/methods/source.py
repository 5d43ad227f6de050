"""A pinned body as somebody would write it: the YAML form, without what goes without saying.

`of_body(body)` and the reader are inverse: reading what it gives makes the same body again (the version aside, which is
given at publication). Stages stand in the order in which a case comes to them, because a database may have forgotten
the order of the file.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from gezhi.engines.workflows.proof_parts import by_source, main_moves
from gezhi.engines.workflows.schema import Workflow

Source = dict[str, Any]
TOP = (
    "workflow", "version", "title", "about", "start", "promise", "response", "closing", "consent", "services", "kinds",
    "kept", "counters", "intake", "stages", "anytime",
)  # fmt: skip
_EMPTY = ("about", "kinds", "counters", "intake", "anytime", "consent", "response", "closing")
_USUAL = {"response": "1 work_day", "closing": "5 work_day", "consent": False}


def of_body(body: Mapping[str, Any]) -> Source:
    """The document as written, from a body that `read_workflow` made."""
    flow = Workflow.of(body)
    made: Source = {**body, "workflow": body["name"], "version": 1}
    del made["name"]
    made["title"], made["about"] = _title(body["title"]), _title(body["about"])
    made["counters"] = {k: {"max": v["max"], "title": _title(v["title"])} for k, v in body["counters"].items()}
    made["intake"] = [_field(f) for f in body["intake"]]
    made["stages"] = {name: _stage(body["stages"][name]) for name in ordered(flow)}
    made["anytime"] = {name: _action(a) for name, a in body["anytime"].items()}
    for name in _EMPTY:
        if made.get(name) in ("", [], {}, None, False) or made.get(name) == _USUAL.get(name, object()):
            made.pop(name, None)
    known = {name: made[name] for name in TOP if name in made}
    return json.loads(json.dumps({**known, **{k: v for k, v in made.items() if k not in known}}))  # type: ignore[no-any-return]


def as_yaml(source: Mapping[str, Any]) -> str:
    """The document as YAML, two spaces deep; short parts on one line."""
    out = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = None
    writer.allow_unicode = True
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.width = 4_000  # a sentence stays on its line
    writer.dump(dict(source), out)
    return out.getvalue()


def ordered(flow: Workflow) -> list[str]:
    """Every stage, each after one that leads to it, the side ones after those that ask; ends last."""
    leaving = by_source(main_moves(flow))
    found: dict[str, None] = {}
    queue = [flow.start]
    while queue:
        here = queue.pop(0)
        if here in found or here not in flow.stages:
            continue
        found[here] = None
        stage = flow.stages[here]
        asked = [a.open for a in stage.actions.values() if a.open]
        asked += [a.to for a in stage.actions.values() if stage.side and a.to]
        queue = [*asked, *queue, *(m.target for m in leaving.get(here, ()))]
    found |= dict.fromkeys(flow.stages)
    return sorted(found, key=lambda name: flow.stages[name].kind == "end")


def _title(title: Mapping[str, str]) -> Any:
    return dict(title) if title.get("en") else title.get("zh", "")


def _stage(body: Mapping[str, Any]) -> Source:
    made: Source = {**body, "title": _title(body["title"])}
    if "says" in body:
        made["says"] = _title(body["says"])
    if "owner" in body:
        made["owner"] = {k: v for k, v in sorted(body["owner"].items(), reverse=True) if v}
    if "clock" in body:
        made["clock"] = {**body["clock"], "warn": _number(body["clock"]["warn"])}
        if made["clock"]["warn"] == 0.75:
            del made["clock"]["warn"]
    if "panel" in body:
        made["panel"] = {k: _share(v) if k in ("quorum", "passing") else v for k, v in body["panel"].items()}
    if "actions" in body:
        made["actions"] = {name: _action(a) for name, a in body["actions"].items()}
    return made


def _share(body: Mapping[str, Any]) -> Source:
    """A part of a whole as it is written: all of it is kept as "1" and written "1/1"."""
    return {k: v if k == "count" or "/" in v else f"{v}/1" for k, v in body.items()}


def _action(body: Mapping[str, Any]) -> Source:
    made: Source = {**body, "title": _title(body["title"])}
    if "says" in body:
        made["says"] = _title(body["says"])
    made["form"] = [_field(f) for f in body.get("form", ())]
    if not made["form"]:
        del made["form"]
    if "reads" in body:
        made["reads"] = {name: ".".join(source) for name, source in body["reads"].items()}
    if "books" in body:
        books = dict(body["books"])
        made["books"] = {"register": books.pop("register"), books.pop("what"): books.pop("source"), **books}
    if "must" in body:
        made["must"] = [{**m, "says": _title(m["says"])} for m in body["must"]]
    return made


def _field(body: Mapping[str, Any]) -> Source:
    made: Source = {**body, "title": _title(body["title"])}
    if "required_when" in body:
        made["required"] = made.pop("required_when")
    if "hint" in body:
        made["hint"] = _title(body["hint"])
    if "choices" in body:
        pairs = {o["value"]: _title(o["title"]) for o in body["choices"]}
        # Values that YAML would read as something else (yes, 1) stand in a list, as texts.
        made["choices"] = [{"value": v, "title": t} for v, t in pairs.items()]
    return made


def _number(text: Any) -> float | int:
    value = float(text)
    return int(value) if value == int(value) else value
