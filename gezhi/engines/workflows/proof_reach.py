"""Everything can be reached, everything can end, nothing turns for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gezhi.engines.workflows.proof_graph import Graph, Path, Run
from gezhi.engines.workflows.proof_parts import Flaw, Move, _, by_source, openings, told


def reach(graph: Graph) -> Iterator[Flaw]:
    """Unreachable stages, joins that never open, stages after which the matter can no longer end."""
    flow = graph.flow
    opened = openings(flow)
    reached = graph.reachable()
    never = {
        s.id for s in flow.stages.values() if s.kind == "fork" and s.id in graph.paths and graph.crossing(s.id) is None
    }
    for stage in flow.stages.values():
        here = ("stages", stage.id)
        if stage.kind == "watch":
            continue
        if stage.side:
            if stage.id not in opened:
                yield Flaw("flow.unreachable", here, _("没有操作打开旁支“{stage}”"), {"stage": stage.id})
        elif stage.kind == "join" and stage.of in never:
            before = graph.run_to(stage.of or "") or ()
            words = _("汇合“{stage}”要等的路走不到它，永远等不齐")
            yield Flaw("join.never", here, words, {"stage": stage.id}, run=before)
        elif stage.id not in reached:
            yield Flaw("flow.unreachable", here, _("从起点走不到“{stage}”"), {"stage": stage.id})
    if not any(s.kind == "end" for s in flow.stages.values()):
        yield Flaw("flow.no_end", ("stages",), _("没有终点，事情永远办不完"))
    alive = _alive(graph)
    for stage in flow.stages.values():
        if stage.id in graph.paths and stage.id not in alive and stage.kind != "join":
            run = graph.run_to(stage.id)
            if run is not None:
                words = _("走到“{stage}”就再也办不完")
                yield Flaw("flow.dead_end", ("stages", stage.id), words, {"stage": stage.id}, run=run)


def _alive(graph: Graph) -> set[str]:
    """Stages from which their own level can be left: an end from the trunk, the join (or the end of all) from a branch."""
    flow = graph.flow
    alive = {s.id for s in flow.stages.values() if s.kind == "end"}
    enders = {s: graph.enders(s) for s in graph.paths if flow.stages[s].kind == "fork"}
    changed = True
    while changed:
        changed = False
        for stage, path in graph.paths.items():
            if stage in alive:
                continue
            fork = flow.stages[stage]
            if fork.kind == "fork":
                # Through the join and on, or by an action inside that ends everything.
                joins = graph.crossing(stage) is not None and fork.join in alive
                good = joins or bool(enders[stage]) or _ends_all(graph, stage)
            else:
                good = any(_leaves(graph, move, path, alive) for move in graph.leaving.get(stage, ()))
            if good:
                alive.add(stage)
                changed = True
    return alive


def _leaves(graph: Graph, move: Move, path: tuple[tuple[str, str], ...], alive: set[str]) -> bool:
    if move.ends_all:
        return True
    target = graph.flow.stages[move.target]
    if target.kind == "join" and graph.paths.get(move.target) != path:
        return True  # the branch is done; whether the join opens is the fork's question
    return move.target in alive


def _ends_all(graph: Graph, fork: str) -> bool:
    return any(move.ends_all for move in graph.leaving.get(fork, ()))


Onward = Callable[[str], Iterable[tuple[str, Run]]]


def cycles(graph: Graph) -> Iterator[Flaw]:
    """A cycle of uncounted moves could turn for ever: one such run for each knot.

    Looked for at every level of the nesting, a fork with its join taken as one step: so each is a run.
    """
    for path in dict.fromkeys(graph.paths.values()):
        inside = [stage for stage, at in graph.paths.items() if at == path]

        def onward(here: str, path: Path = path) -> Iterable[tuple[str, Run]]:
            return list(graph.steps(here, path, _uncounted))

        for here, loop in _loops(inside, onward):
            before = graph.run_to(loop[0].source)
            yield _endless(here, loop, () if before is None else (*before, *loop))


def loose_cycles(graph: Graph) -> Iterator[Flaw]:
    """The same where the blocks are broken: the moves of a cycle are told, though they may not make a run."""
    leaving = by_source(m for m in graph.moves if not m.counted)
    for here, loop in _loops(graph.flow.stages, lambda s: [(m.target, (m,)) for m in leaving.get(s, ())]):
        yield _endless(here, loop, ())


def _uncounted(move: Move) -> bool:
    return not move.counted


def _endless(here: str, loop: Run, run: Run) -> Flaw:
    said = " → ".join([*(m.source for m in loop if m.kind != "track"), loop[-1].target])
    words = _("“{loop}”可以没完没了地转，要给其中一步加次数和出路")
    return Flaw("flow.endless", ("stages", here), words, {"loop": said}, run=run, notes=() if run else told(loop))


def _loops(stages: Iterable[str], onward: Onward) -> Iterator[tuple[str, Run]]:
    """(the stage that closes it, the loop) for each knot of a graph, depth first."""
    state: dict[str, int] = {}
    for root in stages:
        if state.get(root):
            continue
        stack = [(root, iter(onward(root)))]
        trail: list[tuple[str, Run]] = []
        state[root] = 1
        while stack:
            here, rest = stack[-1]
            step = next(rest, None)
            if step is None:
                stack.pop()
                if trail:
                    trail.pop()
                state[here] = 2
            elif state.get(step[0]) == 1:
                start = next((n for n, (source, _run) in enumerate(trail) if source == step[0]), len(trail))
                yield here, tuple(move for _source, run in [*trail[start:], (here, step[1])] for move in run)
            elif not state.get(step[0]):
                state[step[0]] = 1
                trail.append((here, step[1]))
                stack.append((step[0], iter(onward(step[0]))))


def exits(graph: Graph) -> Iterator[Flaw]:
    """When the number of times is used up a human decides: the way out ends at somebody's desk or at an end."""
    for move in graph.moves:
        if move.kind == "result" and move.label == "void":
            for waiting in _through_gates(graph, move.target):
                if graph.flow.stages[waiting].kind in ("timer", "panel"):
                    facts = {"stage": move.source, "target": waiting}
                    words = _("“{stage}”开不成会以后要交给人来定，不能只是等或再议（“{target}”）")
                    where = ("stages", move.source, "panel", "ways")
                    yield Flaw("panel.no_human", where, words, facts, run=(*(graph.run_to(move.source) or ()), move))
        if move.kind == "exhausted":
            for waiting in _through_gates(graph, move.target):
                if graph.flow.stages[waiting].kind == "timer":
                    facts = {"action": move.action.id if move.action else "", "target": waiting}
                    words = _("“{action}”次数用完以后要交给人来定，不能只是等（“{target}”）")
                    where = ("stages", move.source, "actions", facts["action"])
                    yield Flaw("counter.no_human", where, words, facts, run=(*(graph.run_to(move.source) or ()), move))


def _through_gates(graph: Graph, stage: str) -> list[str]:
    """The stages where somebody (or time) waits, gates and joins looked through."""
    found, seen, queue = [], {stage}, [stage]
    while queue:
        here = queue.pop()
        if graph.flow.stages[here].kind not in ("gate", "join"):
            found.append(here)
            continue
        for move in graph.leaving.get(here, ()):
            if move.target not in seen:
                seen.add(move.target)
                queue.append(move.target)
    return found
