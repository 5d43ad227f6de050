"""A draft looked at: read and proved as a pack's file would be, every flaw with its line and with its place in the draft."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gezhi.engines.workflows import proof_children
from gezhi.engines.workflows.methods import quick
from gezhi.engines.workflows.reader import read_workflow
from gezhi.engines.workflows.schema import Workflow, definition
from gezhi.foundation import packs
from gezhi.foundation.errors import Refusal
from gezhi.foundation.expressions import ExpressionError
from gezhi.foundation.packs.reading import Context, plain
from gezhi.foundation.subjects.definitions import registers

Path = tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """A flaw of a draft: `path` of keys into it (as deep as is known), `line` and `column` of its YAML (0: not from YAML)."""

    code: str
    words: str
    path: Path = ()
    line: int = 0
    column: int = 0
    trace: tuple[str, ...] = ()

    @property
    def stage(self) -> str:
        """The stage it is about, "" when it is about the whole."""
        return self.path[1] if len(self.path) > 1 and self.path[0] == "stages" else ""


@dataclass(frozen=True)
class Checked:
    """`source`: what was read (None: not even YAML); `flow` and `body` when it can be drawn, sound or not."""

    source: dict[str, Any] | None
    body: dict[str, Any] | None
    flow: Workflow | None
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        return self.body is not None and not self.faults


def check_text(text: str, name: str) -> Checked:
    """A draft as it was typed. `name`: of the method, which its file must keep."""
    context = _Reading(name)
    node = quick.read(text, context)
    if node is None:
        if not context.found:  # an empty document is no mapping either
            context.keys([], required=())
        return Checked(None, None, None, tuple(context.found))
    return _check(node, name, context)


def check(source: Mapping[str, Any], name: str) -> Checked:
    """A draft as data. No line numbers, but the place of every flaw."""
    return _check(source, name, _Reading(name))


def _check(node: Any, name: str, context: _Reading) -> Checked:
    context.learn(node)
    context.shared.update(_around(name))
    body: dict[str, Any] | None = None
    try:
        body = read_workflow(node, context)
        if not context.problems:
            proof_children.check(context)
    except Refusal as refusal:  # e.g. an expression that no reader had looked at
        context.note(1, 0, refusal.code, f"{refusal.what}{refusal.why}")
    source = as_data(node) if isinstance(node, Mapping) else None
    if body and body.get("name") != name:
        context.problem(node, "workflow", "draft.name", _words("draft.name"), name=name)
    flow = _flow(body) if body else None
    return Checked(source, body or None, flow, tuple(context.found))


def _flow(body: dict[str, Any]) -> Workflow | None:
    """The typed view, also of a definition with flaws; None when it is too broken to be drawn."""
    try:
        return Workflow.of(body)
    except (Refusal, ExpressionError, KeyError, ValueError, TypeError, AttributeError):
        return None


def as_data(node: Any) -> Any:
    """A YAML node as plain data, numbers as numbers: what can be stored and read again."""
    if isinstance(node, Mapping):
        return {str(k): as_data(v) for k, v in node.items()}
    if isinstance(node, list | tuple):
        return [as_data(v) for v in node]
    return float(node) if isinstance(node, float) else plain(node)


def _words(code: str) -> Any:
    from gezhi.engines.workflows.methods.refusals import WORDS

    return WORDS[code]


class _Reading(Context):
    """A context that knows where in the document it is, not only in which line."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{packs.OWN}/workflows/{name}.yaml")
        self.found: list[Fault] = []
        self._paths: dict[int, Path] = {}

    def learn(self, node: Any) -> None:
        """Remember the path of every mapping and list of the document; it must live as long as the reading."""
        waiting: list[tuple[Any, Path]] = [(node, ())]
        while waiting:
            here, path = waiting.pop()
            if isinstance(here, Mapping):
                self._paths[id(here)] = path
                waiting += [(value, (*path, str(key))) for key, value in here.items()]
            elif isinstance(here, list | tuple):
                self._paths[id(here)] = path
                waiting += [(value, (*path, str(n))) for n, value in enumerate(here)]

    def within(self, file: str) -> Context:
        return self

    def problem(
        self, node: Any, key: Any, code: str, words: Any, /, *, trace: Iterable[Any] = (), **facts: Any
    ) -> None:
        path = self._paths.get(id(node))
        super().problem(node, key, code, words, trace=trace, **facts)
        last = self.found[-1]
        if path is not None:
            self.found[-1] = Fault(
                last.code, last.words, path if key is None else (*path, str(key)), last.line, last.column, last.trace
            )

    def note(
        self, line: int, column: int, code: str, words: Any, /, *, trace: Iterable[Any] = (), **facts: Any
    ) -> None:
        super().note(line, column, code, words, trace=trace, **facts)
        said = str(self.problems[-1].words)
        path: Path = ("stages", str(facts["stage"])) if "stage" in facts else ()
        self.found.append(Fault(code, re.sub(r"\s+", " ", said), path, line, column, tuple(map(str, trace))))


_known: tuple[Any, dict[str, Any]] | None = None


def _around(name: str) -> dict[str, Any]:
    """What the reader may point to: the posts, categories, forms, competences and other methods that are installed."""
    global _known
    registry = packs.registry()
    if _known is None or _known[0] is not registry:
        others = {n: _told(n) for n in registry.names("workflow")}
        competences = frozenset(
            c["code"] for n in registry.names("competences") for c in registry.body("competences", n)["competences"]
        )
        items = frozenset(f"{kind}/{n}" for kind in ("workflow", "form") for n in registry.names(kind))
        _known = (registry, {
            "posts": registry.posts, "categories": registry.categories, "forms": registry.forms, "items": items,
            "competences": competences,
            proof_children.SHARED: others, "registers": {r.name: {"of": r.of, "form": r.form} for r in registers()},
        })  # fmt: skip
    shared = dict(_known[1])
    shared[proof_children.SHARED] = {n: k for n, k in shared[proof_children.SHARED].items() if n != name}
    return shared


def _told(name: str) -> proof_children.Known:
    flow = definition(name)[0]
    calls = tuple(
        proof_children.Call(s.id, s.workflow, s.counts, "installed/", 1, 0)
        for s in flow.stages.values()
        if s.kind == "children" and s.workflow
    )
    outcomes = frozenset(s.outcome for s in flow.stages.values() if s.kind == "end")
    return proof_children.Known("installed/", outcomes, flow.consent, calls)
