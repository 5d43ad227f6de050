"""What the proof speaks of: flaws, and the moves that a run is made of.

A *run* is a sequence of moves from the start of a definition. Moves of the kinds "track" and "join" are no deeds:
they say that a branch is open, or that enough branches have come together; all others happen one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gezhi.engines.workflows.schema import Action, Stage, Workflow

MAX_STAGES = 400
MAX_ACTIONS = 2_000
MOVABLE = ("task", "timer", "children", "panel")  # what an approval may take the case away from


def _(words: str) -> str:
    """Marks a sentence for the translators; this room is pure and does not translate."""
    return words


@dataclass(frozen=True)
class Move:
    """One way from a stage to another. `side`: the side stage whose approval moves the case (kind "moved").

    kinds: act · exhausted · guard · time (a timer's `then`) · children · moved · track (fork to the first stage of a
    branch, labelled with the branch) · join (to what follows) · result (of a panel; "again" is another meeting).
    """

    source: str
    target: str
    label: str
    kind: str
    counted: bool = False
    action: Action | None = None
    ends_all: bool = False
    side: str = ""


@dataclass(frozen=True)
class Flaw:
    """What is wrong, where (a path of keys into the YAML), and a run that shows it.

    `words` is the Chinese sentence with `facts` to be filled in; the reader says it in the active language. `run` can
    be replayed; `notes` are further lines, as the values that a gate has no way for.
    """

    code: str
    where: tuple[str, ...]
    words: str
    facts: Mapping[str, object] = field(default_factory=dict)
    run: tuple[Move, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def trace(self) -> tuple[str, ...]:
        """The run in lines, the first names where it begins; then the notes."""
        return (*told(self.run), *self.notes)


def told(run: Sequence[Move]) -> tuple[str, ...]:
    """A run as lines: "triage", "—dispatch→ handle", and "other —done→ joined" where another branch goes on."""
    lines: list[str] = []
    here = ""
    for move in run:
        if not lines:
            lines.append(move.source)
        start = "" if move.source == here or len(lines) == 1 else f"{move.source} "
        lines.append(f"{start}—{move.label}→ {move.target}")
        here = move.target
    return tuple(lines)


def actions(flow: Workflow) -> Iterator[tuple[tuple[str, ...], Stage | None, Action]]:
    """Every action with its path into the YAML and its stage (None: anytime)."""
    for stage in flow.stages.values():
        for action in stage.actions.values():
            yield ("stages", stage.id, "actions", action.id), stage, action
    for action in flow.anytime.values():
        yield ("anytime", action.id), None, action


def main_moves(flow: Workflow) -> list[Move]:
    """All moves of items that are not on the side, in the order of the file. Targets are stages that exist."""
    found: list[Move] = []
    asked = openings(flow)
    for stage in flow.stages.values():
        found += [Move(stage.id, b.to, b.when or "else", "guard") for b in stage.branches]
        found += [Move(stage.id, t.to, t.id, "track") for t in stage.tracks]
        if stage.kind == "join" and stage.to:
            found.append(Move(stage.id, stage.to, "join", "join"))
        if stage.kind == "timer" and stage.then:
            found.append(Move(stage.id, stage.then, "then", "time"))
        if stage.panel is not None:
            found += _results(stage)
        if stage.kind == "children" and stage.then:
            found.append(Move(stage.id, stage.then, "then", "children"))
        for action in stage.actions.values():
            found += _action_moves(stage, action, asked)
    return [move for move in found if move.source in flow.stages and move.target in flow.stages]


def _results(stage: Stage) -> Iterator[Move]:
    """Where a panel goes by its result; a meeting that too few attended is held again so many times."""
    assert stage.panel is not None
    for result, target in stage.panel.ways.items():
        yield Move(stage.id, target, result, "result")
    if stage.panel.rounds > 1:
        yield Move(stage.id, stage.id, "again", "result", counted=True)


def _action_moves(stage: Stage, action: Action, asked: Mapping[str, list[tuple[Stage, Action]]]) -> Iterator[Move]:
    if stage.side:
        if action.effect == "move" and action.moves_to:
            # The asking is counted, or the granting: either bounds how often the case can be moved so.
            counted = action.counter is not None or all(a.counter for _s, a in asked.get(stage.id, ()))
            openers = {s.id for s, _a in asked.get(stage.id, ()) if s.kind in MOVABLE}
            for source in [name for name in action.moves_from if name in openers]:
                label = f"{stage.id}.{action.id}"
                yield Move(source, action.moves_to, label, "moved", counted, action, action.ends_all, stage.id)
        return
    if action.to:
        yield Move(stage.id, action.to, action.id, "act", action.counter is not None, action, action.ends_all)
    if action.exhausted:
        yield Move(stage.id, action.exhausted, f"{action.id} (exhausted)", "exhausted", False, action, action.ends_all)


def openings(flow: Workflow) -> dict[str, list[tuple[Stage, Action]]]:
    """For each side stage, the (main stage, action) that open a track which can come to it."""
    found: dict[str, list[tuple[Stage, Action]]] = {}
    for stage in flow.stages.values():
        for action in stage.actions.values():
            if action.open and action.open in flow.stages:
                for side in chain(flow, action.open):
                    found.setdefault(side, []).append((stage, action))
    return found


def chain(flow: Workflow, head: str) -> list[str]:
    """The side stages of the track that begins with `head`, in the order they are found."""
    found, queue = [head], [head]
    while queue:
        for action in flow.stages[queue.pop(0)].actions.values():
            for target in side_targets(flow, action):
                if target not in found:
                    found.append(target)
                    queue.append(target)
    return found


def side_targets(flow: Workflow, action: Action) -> list[str]:
    """The side stages an action of a side stage leads to."""
    return [t for t in (action.to, action.exhausted) if t is not None and t in flow.stages and flow.stages[t].side]


def by_source(moves: Iterable[Move]) -> dict[str, list[Move]]:
    """Moves by the stage they leave."""
    found: dict[str, list[Move]] = {}
    for move in moves:
        found.setdefault(move.source, []).append(move)
    return found
