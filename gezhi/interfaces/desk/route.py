"""The course of a workflow: which stages stand in a row, what leads back, what leaves the row.

`course(flow)` reads the typed body (engines.workflows.schema.Workflow) and nothing else, so the picture on the page
is the definition that was proved. Gates are looked through: a person waits at stages, not at gates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gezhi.interfaces.site.fields import said
from gezhi.interfaces.site.tallies import RESULTS


@dataclass(frozen=True)
class Step:
    """A stage in the main row. `owner` a post code or "handler"; `limit` as written; `end` closes the case."""

    id: str
    title: str
    owner: str = ""
    limit: str = ""
    end: bool = False
    phase: str = ""


@dataclass(frozen=True)
class Turn:
    """A way that does not simply go on: back to an earlier step, or ahead over some. Steps by position."""

    source: int
    target: int
    label: str

    @property
    def back(self) -> bool:
        """Whether it leads to an earlier step (or the same one again)."""
        return self.target <= self.source


@dataclass(frozen=True)
class Exit:
    """A way out of the row: a side item or another ending, beside the step it leaves from."""

    source: int
    stage: str
    title: str
    label: str
    side: bool


@dataclass
class Course:
    """The row, its turns and exits. `position(stage)` finds a stage of the row."""

    steps: list[Step] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)

    def position(self, stage: str) -> int | None:
        """Index of a stage in the row, or None when it stands beside it."""
        return next((n for n, step in enumerate(self.steps) if step.id == stage), None)

    @property
    def turns_back(self) -> list[Turn]:
        """Only the ways back."""
        return [turn for turn in self.turns if turn.back]


def course(flow: Any) -> Course:
    """The course of a Workflow: the row follows main actions from the start to an end, the rest is drawn beside it.

    A stage outside the row that belongs to the phase of an earlier step stands for that step: sending a case back to
    the street's desk is drawn as an arrow back to where cases are given out.
    """
    row = _with_watches(flow, _row(flow))
    drawn = Course([_step(flow.stages[id]) for id in row])
    seen: set[tuple[int, int]] = set()
    for number, id in enumerate(row):
        for target, label, side in _ways(flow, id):
            ahead = drawn.position(target)
            between = row[number + 1 : ahead] if ahead is not None and ahead > number else None
            if between is not None and all(flow.stages[s].kind == "watch" for s in between):
                continue
            if ahead is None and not side:
                ahead = _same_phase(flow, drawn, target, before=number)
            if ahead is None:
                if not any(e.source == number and e.stage == target for e in drawn.exits):
                    drawn.exits.append(Exit(number, target, said(flow.stages[target].title), label, side))
            elif (number, ahead) not in seen:
                seen.add((number, ahead))
                drawn.turns.append(Turn(number, ahead, label))
    return drawn


def _with_watches(flow: Any, row: list[str]) -> list[str]:
    """The row with each watch of residents before the last step it runs beside."""
    row = list(row)
    for watch in flow.watches:
        last = max((row.index(s) for s in watch.beside if s in row), default=None)
        if last is not None:
            row.insert(last, watch.id)
    return row


def _same_phase(flow: Any, drawn: Course, stage: str, before: int) -> int | None:
    """An earlier step of the row in the phase of a stage outside it; ends and gates stand for nothing."""
    found = flow.stages[stage]
    if not found.waits or not found.phase:
        return None
    return next((n for n, step in enumerate(drawn.steps[:before]) if step.phase == found.phase), None)


def _row(flow: Any) -> list[str]:
    """The longest way from the start that only takes main actions (any action where a stage has no main one).

    Stages are few (a dozen), so trying every way is cheap; `budget` bounds a definition of many branches.
    """
    best: list[str] = [flow.first.id]
    budget = 20_000

    def walk(way: list[str]) -> None:
        nonlocal best, budget
        budget -= 1
        closed, known = flow.stages[way[-1]].kind == "end", flow.stages[best[-1]].kind == "end"
        if (closed, len(way)) > (known, len(best)):
            best = list(way)
        if budget <= 0 or closed:
            return
        for target in _onward(flow, way[-1]):
            if target not in way:
                walk([*way, target])

    walk([flow.first.id])
    return best


def _onward(flow: Any, id: str) -> list[str]:
    alone = _by_itself(flow, id)
    if alone:
        return list(_through(flow, alone, frozenset()))
    actions = [a for a in flow.stages[id].actions.values() if a.to]
    taken = [a for a in actions if a.main] or actions
    return list(dict.fromkeys(target for a in taken for target in _through(flow, a.to, frozenset())))


def _by_itself(flow: Any, id: str) -> str | None:
    """Where a timer, a fork or a stage with sub-cases goes on when it is over; a fork is one step with its join."""
    stage = flow.stages[id]
    if stage.panel is not None:
        return stage.panel.ways.get("passed")
    return flow.join_of(id).to if stage.kind == "fork" else stage.then


def _ways(flow: Any, id: str) -> Iterator[tuple[str, str, bool]]:
    """(target stage, label, side) for everything that may be done at a stage, gates looked through."""
    alone = _by_itself(flow, id)
    if alone:
        for target in _through(flow, alone, frozenset()):
            yield target, said(flow.stages[id].title), False
    panel = flow.stages[id].panel
    for result, to in (panel.ways if panel is not None else {}).items():
        if result != "passed":
            for target in _through(flow, to, frozenset()):
                yield target, str(RESULTS[result]), False
    for action in flow.stages[id].actions.values():
        if action.id in flow.flags:
            continue
        if action.to:
            for target in _through(flow, action.to, frozenset()):
                yield target, said(action.title), False
        if action.exhausted:
            # What happens when the number of times is used up leaves the row; it is no arrow back.
            for target in _through(flow, action.exhausted, frozenset()):
                yield target, said(action.title), True
        if action.open:
            yield action.open, said(action.title), True


def _through(flow: Any, id: str, passed: frozenset[str]) -> Iterator[str]:
    """The stages a way leads to, gates looked through."""
    stage = flow.stages[id]
    if stage.kind == "join":
        # Inside a branch: the row of the trunk never comes here, its forks go on by themselves.
        return
    if stage.kind != "gate":
        yield id
        return
    for branch in stage.branches:
        if branch.to not in passed:
            yield from _through(flow, branch.to, passed | {id})


def _step(stage: Any) -> Step:
    owner = ""
    if stage.owner is not None:
        owner = stage.owner.post or stage.owner.case or stage.owner.above or ""
    return Step(
        stage.id, said(stage.title), owner, stage.clock.limit if stage.clock else "", stage.kind == "end", stage.phase
    )
