"""Proof of a workflow: what is refused when a pack loads, and why, in words with a run that shows it.

The argument, for definitions of tasks, gates, timers, panels, forks with their joins, children, ends and side tracks:

1. the definition is block-structured: a branch is left only through its own join, or by an action that ends all;
2. every stage can be reached from the start, from every stage of a branch its join (or the end of all) and from every
   stage of the trunk an end; a join waits only for branches that can come;
3. every counted move can be made a bounded number of times, and what is left when the counted moves are taken away
   (their `exhausted` ways stay, and lead to a human) has no cycle: so every run ends;
4. every gate always has exactly one way on: an `else`, or guards that cover every value of what they read;
5. what a stage relies on has happened on every way to it: dates and lists kept, a unit chosen, a step done;
6. every stage where somebody waits has an owner whose post exists, a clock and a way on; what an owner must avoid
   leaves somebody (a vacant seat falls to an ancestor, the root keeps two people);
7. every result a panel can have has a way, meetings are held again so many times only, and too few is decided by a human;
8. a side track can always be closed, changes only what it may, and is cancelled when the main line moves.

Pure: the typed workflow in, flaws out. docs/rules/proof.md lists every code with an example; proof_children.py looks
at the workflows of a pack together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from gezhi.engines.workflows.proof_blocks import lists, shapes
from gezhi.engines.workflows.proof_facts import Certain
from gezhi.engines.workflows.proof_graph import Graph
from gezhi.engines.workflows.proof_guards import gates, settings
from gezhi.engines.workflows.proof_names import names
from gezhi.engines.workflows.proof_panels import draws, panels, watches
from gezhi.engines.workflows.proof_parts import MAX_ACTIONS, MAX_STAGES, Flaw, Move, _, chain, told
from gezhi.engines.workflows.proof_reach import cycles, exits, loose_cycles, reach
from gezhi.engines.workflows.proof_seats import seats, separation
from gezhi.engines.workflows.proof_sides import effects, tracks
from gezhi.engines.workflows.proof_sure import reliance
from gezhi.engines.workflows.schema import Workflow

__all__ = ["MAX_ACTIONS", "MAX_STAGES", "Flaw", "Graph", "Move", "chain", "prove", "told"]

# Without these the graph is not one yet, and nothing can be said of runs.
BROKEN = frozenset(
    {"flow.unknown_stage", "flow.start", "flow.start_kind", "fork.join", "join.of", "join.needs", "fork.id"}
)


def prove(flow: Workflow, *, posts: Mapping[str, object] | Iterable[str], powers: Collection[str] = ()) -> list[Flaw]:
    """Every flaw of the definition; an empty list is a proof.

    `posts`: the posts that exist, by code, each with its `falls_to` (codes alone: nothing falls anywhere).
    `powers`: what `power:…` may name; empty: not looked at. The work is bounded by the size of the definition:
    more than 400 stages or 2,000 actions are refused unread.
    """
    if len(flow.stages) > MAX_STAGES:
        words = _("步骤太多：{count} 个，最多 {max} 个，请拆成子事项")
        return [Flaw("flow.too_big", ("stages",), words, {"count": len(flow.stages), "max": MAX_STAGES})]
    count = sum(len(s.actions) for s in flow.stages.values())
    if count > MAX_ACTIONS:
        words = _("操作太多：{count} 个，最多 {max} 个，请拆成子事项")
        return [Flaw("flow.too_big", ("stages",), words, {"count": count, "max": MAX_ACTIONS})]
    known = posts if isinstance(posts, Mapping) else dict.fromkeys(posts)
    flaws = [
        *names(flow, known, powers),
        *seats(flow, known),
        *shapes(flow),
        *lists(flow),
        *panels(flow, known),
        *draws(flow),
        *effects(flow),
        *separation(flow, known),
        *settings(flow),
    ]
    if any(f.code in BROKEN for f in flaws):
        return [*flaws, *gates(flow, None)]
    graph = Graph.of(flow)
    if graph.flaws:
        return [*flaws, *graph.flaws, *loose_cycles(graph), *gates(flow, None)]
    sure = Certain(graph)
    return [
        *flaws,
        *reach(graph),
        *cycles(graph),
        *exits(graph),
        *reliance(sure),
        *gates(flow, sure),
        *tracks(graph),
        *watches(graph),
    ]
