"""Workflows that open cases of other workflows, looked at together: they exist, they end as counted, no circle.

`note` remembers what a file says while a pack is read (in `context.shared`, so that packs that build on it know);
`check` runs when all workflows of a pack are read. A name belongs to one pack and packs do not build on each other in
a circle, so no circle can come together from packs that were checked one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy

from gezhi.engines.workflows.proof_parts import _
from gezhi.engines.workflows.schema import Workflow
from gezhi.foundation.packs.reading import Context, position

SHARED = "workflow_children"


@dataclass(frozen=True)
class Call:
    """A children stage: where it is written, what it opens, which outcomes count."""

    stage: str
    workflow: str
    counts: tuple[str, ...]
    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Known:
    """What others must know of a workflow."""

    file: str
    outcomes: frozenset[str]
    consent: bool
    calls: tuple[Call, ...]


def note(flow: Workflow, node: Any, context: Context) -> None:
    """Remember a workflow of the pack that is being read."""
    stages = node.get("stages") or {}
    calls = []
    for stage in flow.stages.values():
        if stage.kind == "children" and stage.workflow:
            line, column = position(stages.get(stage.id), "workflow")
            calls.append(Call(stage.id, stage.workflow, stage.counts, context.file, line, column))
    outcomes = frozenset(s.outcome for s in flow.stages.values() if s.kind == "end")
    known = Known(context.file, outcomes, flow.consent, tuple(calls))
    # A new mapping: the old one may be the one of a pack that this one builds on.
    context.shared[SHARED] = {**context.shared.get(SHARED, {}), flow.name: known}


def check(context: Context) -> None:
    """Note what is wrong between the workflows of this pack and those it builds on."""
    every: Mapping[str, Known] = context.shared.get(SHARED, {})
    pack = context.file.partition("/")[0]
    for name, known in every.items():
        if known.file.partition("/")[0] != pack:
            continue  # another pack's, said when that one was read
        for call in known.calls:
            inner = context.within(call.file)
            for code, words, facts, trace in _wrong(name, call, every):
                inner.note(call.line, call.column, code, gettext_lazy(words), trace=trace, **facts)


def _wrong(
    name: str, call: Call, every: Mapping[str, Known]
) -> Iterator[tuple[str, str, dict[str, object], tuple[str, ...]]]:
    facts: dict[str, object] = {"stage": call.stage, "workflow": call.workflow}
    child = every.get(call.workflow)
    if child is None:
        yield "children.unknown", _("“{stage}”要开的“{workflow}”不在这个包和它用的包里"), facts, ()
        return
    for outcome in call.counts:
        if outcome not in child.outcomes:
            told = {**facts, "outcome": outcome, "known": "、".join(sorted(child.outcomes))}
            yield "children.counts", _("“{workflow}”没有“{outcome}”这种结果，有的是：{known}"), told, ()
    if child.consent:
        yield "children.consent", _("“{workflow}”要本人同意才能开，“{stage}”不能替人同意"), facts, ()
    way = circle(name, {n: [c.workflow for c in k.calls] for n, k in every.items()}, first=call.workflow)
    if way is not None:
        facts["way"] = " → ".join(way)
        yield "children.circle", _("子事项开来开去又开回自己：{way}"), facts, (" → ".join(way),)


def circle(name: str, opens: Mapping[str, Iterable[str]], *, first: str | None = None) -> list[str] | None:
    """A way from a workflow through the children it opens back to itself; `first` fixes its first step."""
    queue = [[name, child] for child in ([first] if first is not None else opens.get(name, ()))]
    seen: set[str] = set()
    while queue:
        way = queue.pop(0)
        if way[-1] == name:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            queue += [[*way, child] for child in opens.get(way[-1], ())]
    return None
