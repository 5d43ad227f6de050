"""The block-structured graph of a definition: which branch every stage belongs to, and runs that lead to it.

A definition is block-structured when every stage belongs to one place in the nesting of forks. Its place is a path
`((fork, branch), …)`, empty for the trunk. `Graph.of` walks every move once and reports each that enters or leaves
a block otherwise than by its fork and join; when there is none, a fork and its join can be crossed as one step
(the reduction), and runs are composed of the runs through the branches that the join needs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from gezhi.engines.workflows.proof_parts import Flaw, Move, _, by_source, main_moves
from gezhi.engines.workflows.schema import Stage, Workflow

MAX_NESTING = 8
Path = tuple[tuple[str, str], ...]
Allowed = Callable[[Move], bool]
Run = tuple[Move, ...]
Memo = dict[str, "Run | None"]


def _any_move(_move: Move) -> bool:
    return True


@dataclass
class Graph:
    """`paths`: place of each reachable stage; `arrivals`: join -> branch -> moves that come to it from there."""

    flow: Workflow
    moves: list[Move]
    leaving: dict[str, list[Move]]
    paths: dict[str, Path] = field(default_factory=dict)
    arrivals: dict[str, dict[str, list[Move]]] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    _first: dict[str, Move] = field(default_factory=dict)  # the move a stage was found by
    _crossings: dict[str, Run | None] = field(default_factory=dict)

    @classmethod
    def of(cls, flow: Workflow) -> Graph:
        """The graph, with what breaks its block structure in `flaws`."""
        moves = main_moves(flow)
        graph = cls(flow, moves, by_source(moves))
        graph._walk()
        graph.flaws = [graph._complete(flaw) for flaw in graph.flaws]
        return graph

    # --- where each stage belongs ------------------------------------------------------------------

    def _walk(self) -> None:
        self.paths[self.flow.start] = ()
        queue = [self.flow.start]
        while queue:
            here = queue.pop(0)
            for move in self.leaving.get(here, ()):
                found = self._step(move, self.paths[here])
                if found is None:
                    continue
                target, path = found
                if target not in self.paths:
                    self.paths[target] = path
                    self._first[target] = move
                    queue.append(target)
                elif self.paths[target] != path:
                    self._crossed(move, target)

    def _step(self, move: Move, path: Path) -> tuple[str, Path] | None:
        """(stage, its place) where a move from `path` leads; None when it breaks the structure (noted)."""
        source, target = self.flow.stages[move.source], self.flow.stages[move.target]
        if move.kind == "track":
            if len(path) >= MAX_NESTING:
                self._flaw("block.deep", move, _("分支套得超过 {max} 层"), max=MAX_NESTING)
                return None
            if target.kind in ("join", "end"):
                self._flaw("fork.empty", move, _("“{stage}”的一路“{track}”里没有人办事"), track=move.label)
                return None
            return target.id, (*path, (source.id, move.label))
        if source.kind == "fork" and not (target.kind == "end" and move.ends_all):
            self._flaw("fork.leaves", move, _("“{stage}”分头办着，只能等汇合，或用 ends_all 全部结束"))
            return None
        if target.kind == "join":
            if not path or path[-1][0] != target.of or self.flow.stages[path[-1][0]].join != target.id:
                words = _("“{stage}”的“{label}”走到“{target}”，可那不是这一路的汇合")
                self._flaw("block.wrong_join", move, words, ("join",))
                return None
            self.arrivals.setdefault(target.id, {}).setdefault(path[-1][1], []).append(move)
            return target.id, path[:-1]
        if target.kind == "end":
            if path and not move.ends_all:
                words = _("“{stage}”的“{label}”在分支里就结了案，别的分支还开着；走到汇合，或写 ends_all")
                self._flaw("block.end_inside", move, words)
                return None
            return target.id, ()
        if move.ends_all:
            self._flaw("ends_all.target", move, _("“{label}”写了 ends_all，就要去一个终点，“{target}”不是"))
            return None
        return target.id, path

    def _crossed(self, move: Move, target: str) -> None:
        words = _("“{stage}”的“{label}”从旁边跳进或跳出分支：“{target}”在别的路上")
        self._flaw("block.crossed", move, words, other=" → ".join(m.target for m in self._found_by(target)))

    def _flaw(self, code: str, move: Move, words: str, _hint: tuple[str, ...] = (), **facts: object) -> None:
        where: tuple[str, ...] = ("stages", move.side or move.source)
        if move.action is not None:
            where = (*where, "actions", move.action.id)
        elif move.kind in ("guard", "track"):
            where = (*where, "branches", str(self._number(move)))
        told = {"stage": move.source, "label": move.label, "target": move.target, **facts}
        self.flaws.append(Flaw(code, where, words, told, run=(*self._found_by(move.source), move)))

    def _number(self, move: Move) -> int:
        same = [m for m in self.leaving[move.source] if m.kind == move.kind]
        return same.index(move)

    def _found_by(self, stage: str) -> Run:
        """The moves by which the walk came to a stage: a run, but for branches a join may need besides."""
        run: list[Move] = []
        while stage in self._first:
            run.insert(0, self._first[stage])
            stage = run[0].source
        return tuple(run)

    def _complete(self, flaw: Flaw) -> Flaw:
        """The run of a flaw with what the joins on its way need; none when only another flaw leads there."""
        run = self.run_to(flaw.run[-1].source)
        return replace(flaw, run=() if run is None else (*run, flaw.run[-1]))

    # --- runs, once the structure is sound ---------------------------------------------------------

    def entry(self, path: Path) -> str:
        """The first stage of a branch, or of the trunk."""
        if not path:
            return self.flow.start
        fork, track = path[-1]
        return next(t.to for t in self.flow.stages[fork].tracks if t.id == track)

    def run_to(self, stage: str, allowed: Allowed = _any_move) -> Run | None:
        """A complete run from the start that ends with an item at `stage`, of allowed moves only; None: there is none."""
        return self._descend((), self.flow.start, stage, allowed, {})

    def _descend(self, level: Path, start: str, stage: str, allowed: Allowed, memo: Memo) -> Run | None:
        """From `start`, a stage of `level`, to a stage of the same level or of a branch inside it."""
        path = self.paths.get(stage)
        if path is None:
            return None
        run: Run = ()
        for depth in range(len(level), len(path) + 1):
            goal = path[depth][0] if depth < len(path) else stage
            part = self._within(path[:depth], goal, allowed, memo, start)
            if part is None:
                return None
            run += part
            if depth < len(path):
                opened = next(m for m in self.leaving[goal] if m.kind == "track" and m.label == path[depth][1])
                if not allowed(opened):
                    return None
                run = (*run, opened)
                start = opened.target
        return run

    def crossing(self, fork: str) -> Run | None:
        """A shortest way from an open fork to its join (the join's own move not included); None: it never joins."""
        return self._cross(fork, _any_move, self._crossings)

    def _cross(self, fork: str, allowed: Allowed, memo: Memo) -> Run | None:
        if fork not in memo:
            memo[fork] = None
            stage = self.flow.stages[fork]
            runs: dict[str, Run] = {}
            for track in stage.tracks:
                run = self._through(stage, track.id, allowed, memo)
                if run is not None:
                    runs[track.id] = run
            chosen = needed(stage, self.flow.join_of(fork), runs)
            if chosen is not None:
                memo[fork] = tuple(move for id_ in chosen for move in runs[id_])
        return memo[fork]

    def _through(self, fork: Stage, track: str, allowed: Allowed, memo: Memo) -> Run | None:
        opened = next(m for m in self.leaving[fork.id] if m.kind == "track" and m.label == track)
        path = (*self.paths[fork.id], (fork.id, track))
        best: Run | None = None
        for move in self.arrivals.get(fork.join or "", {}).get(track, ()):
            if allowed(move):
                run = self._within(path, move.source, allowed, memo)
                if run is not None and (best is None or len(run) + 2 < len(best)):
                    best = (opened, *run, move)
        return best if allowed(opened) else None

    def _within(self, path: Path, goal: str, allowed: Allowed, memo: Memo, start: str = "") -> Run | None:
        """From a stage of a level (its entry) to another of the same level, forks on the way crossed."""
        start = start or self.entry(path)
        came: dict[str, tuple[str, Run]] = {start: ("", ())}
        queue = deque([start])
        while queue and goal not in came:
            here = queue.popleft()
            for target, steps in self._level_steps(here, path, allowed, memo):
                if target not in came:
                    came[target] = (here, steps)
                    queue.append(target)
        if goal not in came:
            return None
        parts: list[Run] = []
        while goal:
            goal, steps = came[goal]
            parts.append(steps)
        return tuple(move for steps in reversed(parts) for move in steps)

    def reachable(self) -> set[str]:
        """Every stage some complete run leads to; looked at once for the whole graph."""
        memo: Memo = {}
        found = {self.flow.start}
        queue = deque(found)
        while queue:
            here = queue.popleft()
            path = self.paths[here]
            after = [target for target, _steps in self._level_steps(here, path, _any_move, memo)]
            after += [m.target for m in self.leaving.get(here, ()) if m.kind == "track" and m.target in self.paths]
            for target in after:
                if target not in found and target in self.paths:
                    found.add(target)
                    queue.append(target)
        return found

    def steps(self, here: str, path: Path, allowed: Allowed) -> Iterator[tuple[str, Run]]:
        """Where one step leads on the same level, with the moves it is made of; a fork and its join are one step."""
        return self._level_steps(here, path, allowed, {})

    def _level_steps(self, here: str, path: Path, allowed: Allowed, memo: Memo) -> Iterator[tuple[str, Run]]:
        stage = self.flow.stages[here]
        if stage.kind == "fork":
            crossed = self._cross(here, allowed, memo)
            if crossed is not None:
                yield stage.join or "", crossed
        for move in self.leaving.get(here, ()):
            joins = self.flow.stages[move.target].kind == "join"
            if move.kind != "track" and not joins and self.paths.get(move.target) == path and allowed(move):
                yield move.target, (move,)
        if stage.kind == "fork" and not path:
            for move in self.enders(here):
                run = self._descend(path, here, move.source, allowed, memo) if allowed(move) else None
                if run is not None:
                    yield move.target, (*run, move)

    def enders(self, fork: str) -> list[Move]:
        """The moves inside a fork's branches (or of the fork itself) that end the whole case."""
        level = self.paths[fork]
        return [
            m
            for m in self.moves
            if m.ends_all
            and self.paths.get(m.target) == ()
            and any(step[0] == fork for step in self.paths.get(m.source, ())[len(level) :])
        ]


def needed(fork: Stage, join: Stage, runs: dict[str, Run]) -> list[str] | None:
    """The branches whose coming is enough for the join, the shortest ones; None when too few can come."""
    order = [t.id for t in fork.tracks]
    able = sorted((t for t in order if t in runs), key=lambda t: (len(runs[t]), order.index(t)))
    if join.needs == "all":
        return order if len(able) == len(order) else None
    if join.needs in order:
        return [str(join.needs)] if join.needs in runs else None
    count = 1 if join.needs == "any" else int(join.needs)
    return able[:count] if len(able) >= count else None
