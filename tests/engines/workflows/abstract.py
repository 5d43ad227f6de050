"""A small abstract interpreter of definitions: what is open where, and nothing else (no people, no clocks, no data).

It shares no code with the proof. A *marking* is what stands open: items by (branch path, stage), what has come to each
join, whether the case has ended. Gates stand and wait for a guard to be chosen. Branches with `each` are opened once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from gezhi.engines.workflows.schema import Workflow

Path = tuple[tuple[str, str], ...]
Token = tuple[Path, str]


class Impossible(Exception):
    """The move cannot be made from this marking, or the definition means nothing here."""


class Endless(Impossible):
    """Forks open inside each other without end: this stands still in no marking."""


@dataclass(frozen=True)
class Marking:
    tokens: frozenset[Token] = frozenset()
    arrived: frozenset[tuple[Path, str, str]] = frozenset()  # (path of the fork, join, branch)
    ended: bool = False

    def at(self, stage: str) -> list[Token]:
        return sorted(t for t in self.tokens if t[1] == stage)


class Machine:
    """`start()`, `moves(marking)` and `make(marking, move)`; a move is (token, kind, target, action or None)."""

    def __init__(self, flow: Workflow) -> None:
        self.flow = flow

    def start(self) -> Marking:
        return self.enter(Marking(), (), self.flow.start)

    def enter(self, m: Marking, path: Path, stage_id: str, *, ends_all: bool = False) -> Marking:
        stage = self.flow.stages[stage_id]
        if stage.kind == "end":
            return replace(m, ended=True, tokens=frozenset() if ends_all else m.tokens)
        if stage.kind == "join":
            if not path or path[-1][0] != stage.of:
                raise Impossible(f"{stage_id} is not the join of this branch")
            return self.arrive(m, path, stage_id)
        if len(path) > 20:
            raise Endless(f"{stage_id} opens for ever")
        m = replace(m, tokens=m.tokens | {(path, stage_id)})
        for track in stage.tracks:
            m = self.enter(m, (*path, (stage_id, track.id)), track.to)
        return m

    def arrive(self, m: Marking, path: Path, join_id: str) -> Marking:
        above, join = path[:-1], self.flow.stages[join_id]
        fork = self.flow.stages[join.of]
        m = replace(m, arrived=m.arrived | {(above, join_id, path[-1][1])})
        here = {track for p, j, track in m.arrived if (p, j) == (above, join_id)}
        tracks = [t.id for t in fork.tracks]
        enough = {"all": here == set(tracks), "any": bool(here)}
        if isinstance(join.needs, int):
            done = len(here) >= join.needs
        else:
            done = enough.get(join.needs, join.needs in here)
        if not done:
            return m
        inside = (*above, (fork.id, ""))[:-1]
        keep = frozenset(
            t
            for t in m.tokens
            if not (len(t[0]) > len(inside) and t[0][: len(inside)] == inside and t[0][len(inside)][0] == fork.id)
            and t != (above, fork.id)
        )
        left = frozenset(a for a in m.arrived if not (a[0] == above and a[1] == join_id))
        return self.enter(replace(m, tokens=keep, arrived=left), above, join.to)

    def moves(self, m: Marking):
        """Every (token, kind, target, action) that could be made, counters and guards left open."""
        for token in sorted(m.tokens):
            path, stage_id = token
            stage = self.flow.stages[stage_id]
            for branch in stage.branches:
                yield token, "guard", branch.to, None
            if stage.kind in ("timer", "children") and stage.then:
                yield token, "time" if stage.kind == "timer" else "children", stage.then, None
            for to in stage.panel.ways.values() if stage.panel else ():
                yield token, "result", to, None
            if stage.panel and stage.panel.rounds > 1:
                yield token, "result", stage_id, None
            for action in stage.actions.values():
                if action.to:
                    yield token, "act", action.to, action
                if action.exhausted:
                    yield token, "exhausted", action.exhausted, action
                side = self.flow.stages.get(action.open or "")
                for decision in self.decisions(side) if side else ():
                    if decision.effect == "move" and stage_id in decision.moves_from:
                        yield token, "moved", decision.moves_to, decision

    def decisions(self, side):
        seen, queue = {side.id}, [side.id]
        while queue:
            for action in self.flow.stages[queue.pop()].actions.values():
                yield action
                for target in (action.to, action.exhausted):
                    if target and target not in seen and self.flow.stages[target].side:
                        seen.add(target)
                        queue.append(target)

    def make(self, m: Marking, token: Token, target: str, action) -> Marking:
        if token not in m.tokens:
            raise Impossible(f"nothing is open at {token}")
        m = replace(m, tokens=m.tokens - {token})
        return self.enter(m, token[0], target, ends_all=bool(action and action.ends_all))

    # --- questions ----------------------------------------------------------------------------------

    def replay(self, run) -> list[Marking]:
        """The markings along a run of the proof; Impossible when it is no run of this definition."""
        marking = self.start()
        seen = [marking]
        for move in run:
            if move.kind in ("track", "join"):
                if move.kind == "track" and not any(
                    t[0] and t[0][-1] == (move.source, move.label) for t in marking.at(move.target)
                ):
                    raise Impossible(f"branch {move.label} is not open at {move.target}")
                continue
            offered = [
                x
                for x in self.moves(marking)
                if x[0][1] == move.source
                and x[1] == move.kind
                and x[2] == move.target
                and (x[3].id if x[3] else None) == (move.action.id if move.action else None)
            ]
            if not offered:
                raise Impossible(f"{move.source} —{move.label}→ {move.target} cannot be made")
            marking = self.make(marking, offered[0][0], move.target, move.action)
            seen.append(marking)
        return seen

    def explore(self, marking: Marking, most: int = 4_000):
        """Markings that can be reached, breadth first, at most `most` of them; impossible moves are passed over."""
        seen, queue = {marking}, deque([marking])
        while queue and len(seen) < most:
            here = queue.popleft()
            yield here
            if here.ended:
                continue
            for token, _kind, target, action in self.moves(here):
                try:
                    following = self.make(here, token, target, action)
                except Impossible:
                    continue
                if following not in seen:
                    seen.add(following)
                    queue.append(following)

    def can_end(self, marking: Marking) -> bool:
        return any(m.ended for m in self.explore(marking))
