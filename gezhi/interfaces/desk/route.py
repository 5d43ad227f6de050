"""The course of a workflow: which stages stand in a row, what leads back, what leaves the row.

`course(flow)` reads the typed body (engines.workflows.schema.Workflow) and nothing else, so the picture on the page
is the definition that was proved. Gates are looked through: a person waits at stages, not at gates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gezhi.interfaces.site.fields import said


@dataclass(frozen=True)
class Step:
    """A stage in the main row. `owner` a post code or "handler"; `limit` as written; `end` closes the case."""

    id: str
    title: str
    owner: str = ""
    limit: str = ""
    end: bool = False


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
    """The course of a Workflow. The row follows main actions (else the longest way) from start to an end."""
    row = _row(flow)
    drawn = Course([_step(flow.stages[id]) for id in row])
    seen: set[tuple[int, str]] = set()
    for number, id in enumerate(row):
        for target, label, side in _ways(flow, id):
            ahead = drawn.position(target)
            if ahead == number + 1 or (number, target) in seen:
                continue
            seen.add((number, target))
            if ahead is None:
                drawn.exits.append(Exit(number, target, said(flow.stages[target].title), label, side))
            else:
                drawn.turns.append(Turn(number, ahead, label))
    _through_exits(flow, drawn, seen)
    return drawn


def _through_exits(flow: Any, drawn: Course, seen: set[tuple[int, str]]) -> None:
    """A stage beside the row may itself lead back into it (a dispute is decided and sent on)."""
    for exit in list(drawn.exits):
        for target, label, _side in _ways(flow, exit.stage):
            back = drawn.position(target)
            if back is not None and back <= exit.source and (exit.source, target) not in seen:
                seen.add((exit.source, target))
                drawn.turns.append(Turn(exit.source, back, label))


def _row(flow: Any) -> list[str]:
    """The longest simple way from the start to an end over human stages; main actions win among equals.

    Stages are few (a dozen), so trying every way is cheap; `budget` bounds a definition of many branches.
    """
    best: list[str] = [flow.start]
    budget = 20_000

    def better(way: list[str]) -> bool:
        closed, known = flow.stages[way[-1]].kind == "end", flow.stages[best[-1]].kind == "end"
        return (closed, _mains(flow, way), len(way)) > (known, _mains(flow, best), len(best))

    def walk(way: list[str]) -> None:
        nonlocal best, budget
        budget -= 1
        if better(way):
            best = list(way)
        if budget <= 0 or flow.stages[way[-1]].kind == "end":
            return
        for target, _label, side in _ways(flow, way[-1]):
            if not side and target not in way:
                walk([*way, target])

    walk([flow.start])
    return best


def _mains(flow: Any, way: list[str]) -> int:
    """How many steps of the way are taken by the main action of their stage."""
    count = 0
    for here, there in zip(way, way[1:], strict=False):
        main = next((a for a in flow.stages[here].actions.values() if a.main), None)
        count += bool(main and main.to and there in dict(_through(flow, main.to, frozenset())))
    return count


def _ways(flow: Any, id: str) -> Iterator[tuple[str, str, bool]]:
    """(target stage, label, side) for everything that may be done at a stage, gates looked through."""
    for action in flow.stages[id].actions.values():
        if action.to:
            for target, when in _through(flow, action.to, frozenset()):
                yield target, said(action.title) if not when else said(action.title), False
        if action.exhausted:
            for target, _when in _through(flow, action.exhausted, frozenset()):
                yield target, said(action.title), False
        if action.open:
            yield action.open, said(action.title), True


def _through(flow: Any, id: str, passed: frozenset[str]) -> Iterator[tuple[str, str]]:
    stage = flow.stages[id]
    if stage.kind != "gate":
        yield id, ""
        return
    for branch in stage.branches:
        if branch.to not in passed:
            for target, _inner in _through(flow, branch.to, passed | {id}):
                yield target, branch.when or ""


def _step(stage: Any) -> Step:
    owner = ""
    if stage.owner is not None:
        owner = stage.owner.post or stage.owner.case or ""
    return Step(stage.id, said(stage.title), owner, stage.clock.limit if stage.clock else "", stage.kind == "end")


def limit_words(limit: str, titles: Mapping[str, str]) -> str:
    """`4 work_hour` -> 4 个工作时; `promise` and `category` -> the sentence in `titles`."""
    if limit in titles:
        return titles[limit]
    value, _space, unit = limit.partition(" ")
    return titles.get(unit, unit).replace("N", value) if unit else limit
