"""What is certain at a stage, whichever way the case came: kept values, stages done, the unit chosen.

A must-analysis over the block-structured graph. At a join the certainty of every branch that must have come is
added up; between ways that exclude each other only what is common remains.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gezhi.engines.workflows.proof_graph import Graph, Run
from gezhi.engines.workflows.proof_parts import Move, openings
from gezhi.engines.workflows.schema import Action, Stage

Fact = tuple[str, str]  # ("kept", name) | ("done", stage) | ("chosen", "")
Facts = frozenset[Fact]


def brought(action: Action | None) -> Facts:
    """What is certain once an action has been done: values kept from fields that must be filled, a unit chosen."""
    if action is None:
        return frozenset()
    fields = {f.id: f for f in action.form.fields}
    found: set[Fact] = set()
    for name, source in action.keep.items():
        if source == "+seat":
            found.add(("kept", name))
        if source in fields and fields[source].required and fields[source].when is None:
            found.add(("kept", name))
    if action.books is not None and action.books.keep:
        found.add(("kept", action.books.keep))
    # A unit asked for only in some cases (`when`) is the author's word that the other cases need none.
    if action.assign in fields and fields[action.assign].required:
        found.add(("chosen", ""))
    if action.effect == "accept":
        found.add(("chosen", ""))
    return frozenset(found)


class Certain:
    """Facts that hold on entering each reachable stage (`at`), side stages included."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.flow = graph.flow
        self.asked = openings(graph.flow)
        self.at: dict[str, Facts] = {}
        self._solve()

    def after(self, move: Move) -> Facts | None:
        """What is certain once a move is made; None while nothing is known of where it comes from."""
        known = self.at.get(move.source)
        if known is None or (move.side and move.side not in self.at):
            return None
        return known | self.gained(move)

    def gained(self, move: Move) -> Facts:
        """What a move itself makes certain."""
        found = brought(move.action)
        kind = self.flow.stages[move.source].kind
        if (move.kind in ("act", "exhausted") and kind in ("task", "panel")) or move.kind == "result":
            found |= {("done", move.source)}
        if move.side:
            found |= self.at.get(move.side, frozenset())
        return found

    def run_without(self, stage: str, fact: Fact) -> Run | None:
        """A run to a stage along which nothing makes `fact` certain."""
        return self.graph.run_to(stage, lambda move: fact not in self.gained(move))

    def _solve(self) -> None:
        """Down from "everything" to the greatest solution: a stage is looked at again until nothing is lost."""
        flow, graph = self.flow, self.graph
        coming: dict[str, list[Move]] = {}
        for move in graph.moves:
            if flow.stages[move.target].kind != "join":
                coming.setdefault(move.target, []).append(move)
        changed = True
        while changed:
            changed = False
            for stage in flow.stages.values():
                if stage.side:
                    found = self._side(stage)
                elif stage.kind == "join":
                    found = self._joined(stage)
                else:
                    begins: Facts = frozenset({("chosen", "")} if flow.services or flow.assigned else ())
                    first = [begins] if stage.id == flow.start else []
                    found = common([*first, *(self.after(m) for m in coming.get(stage.id, ()))])
                if found is not None and self.at.get(stage.id) != found:
                    self.at[stage.id] = found
                    changed = True

    def _side(self, stage: Stage) -> Facts | None:
        """A side stage is entered where it is opened (that stage counts as done by its seat) or along its chain."""
        ways: list[Facts | None] = []
        for opener, action in self.asked.get(stage.id, ()):
            if action.open == stage.id:
                known = self.at.get(opener.id)
                ways.append(None if known is None else known | brought(action) | {("done", opener.id)})
        for other in self.flow.stages.values():
            if other.side:
                for action in other.actions.values():
                    if stage.id in (action.to, action.exhausted):
                        known = self.at.get(other.id)
                        ways.append(None if known is None else known | brought(action) | {("done", other.id)})
        return common(ways)

    def _joined(self, join: Stage) -> Facts | None:
        fork = self.flow.stages[join.of or ""]
        known: dict[str, Facts] = {}
        for track, moves in self.graph.arrivals.get(join.id, {}).items():
            found = common(self.after(move) for move in moves)
            if found is None:
                return None  # not known yet stands for "everything": nothing may be lost before it is known
            known[track] = found
        return together(fork, join, known)


def common(ways: Iterable[Facts | None]) -> Facts | None:
    """What holds on every known way; None when no way is known yet."""
    known = [way for way in ways if way is not None]
    return frozenset.intersection(*known) if known else None


def together(fork: Stage, join: Stage, known: dict[str, Facts]) -> Facts | None:
    """What holds once enough branches have come: a fact stands when so many bring it that one of them must be in."""
    if not known:
        return None
    order: Sequence[str] = [t.id for t in fork.tracks]
    if join.needs in order:
        return known.get(str(join.needs))
    least = 1 if join.needs == "any" else len(order) if join.needs == "all" else int(join.needs)
    # With `least` of n branches in, a fact is missed only when n - least branches or fewer bring it.
    every = frozenset().union(*known.values())
    return frozenset(f for f in every if sum(f in facts for facts in known.values()) > len(order) - least)
