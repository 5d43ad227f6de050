"""Side tracks: they close, they change what they may, and they never leave the main line stuck."""

from __future__ import annotations

from collections.abc import Iterator

from gezhi.engines.workflows.proof_graph import Graph
from gezhi.engines.workflows.proof_parts import MOVABLE, Flaw, _, actions, openings, side_targets
from gezhi.engines.workflows.schema import Action, Stage, Workflow


def effects(flow: Workflow) -> Iterator[Flaw]:
    """Preconditions of what an action does beside moving; looked at before the graph is built."""
    asked = openings(flow)
    for where, stage, action in actions(flow):
        facts = {"action": action.id, "stage": stage.id if stage else ""}
        if action.effect == "extend" and (stage is None or not stage.side):
            yield Flaw("effect.extend", where, _("延期要由旁支里的人批"), facts)
        elif action.effect == "extend" and stage is not None:
            openers = [a for _s, a in asked.get(stage.id, ())]
            if not action.counter and not all(a.counter for a in openers):
                words = _("“{action}”可以没完没了地延期，给申请或批准加上次数")
                yield Flaw("effect.unbounded", where, words, facts)
        if action.effect == "move":
            yield from _move(flow, where, stage, action, [s.id for s, _a in asked.get(stage.id, ())] if stage else [])
        elif action.moves_to or action.moves_from:
            words = _("“{action}”写了 moves_to 或 from，就要写 effect: move")
            yield Flaw("effect.move_keys", where, words, facts)


def _move(
    flow: Workflow, where: tuple[str, ...], stage: Stage | None, action: Action, openers: list[str]
) -> Iterator[Flaw]:
    facts = {"action": action.id, "to": action.moves_to or ""}
    if stage is None or not stage.side:
        yield Flaw("effect.move", where, _("“{action}”要把主线挪走，只能由旁支里的人批"), facts)
        return
    target = flow.stages.get(action.moves_to or "")
    if target is None:
        words = _("“{action}”批了以后要去的“{to}”不存在")
        yield Flaw("flow.unknown_stage" if action.moves_to else "effect.move", where, words, facts)
    elif target.side or target.kind == "join":
        yield Flaw("effect.move", where, _("“{action}”批了以后不能去“{to}”"), facts)
    if not action.moves_from:
        yield Flaw("effect.from", where, _("“{action}”要写明主线在哪几步时才能批（from）"), facts)
    for source in action.moves_from:
        facts = {**facts, "source": source}
        known = flow.stages.get(source)
        if known is None or known.side or known.kind not in MOVABLE:
            yield Flaw("effect.from", where, _("“{action}”的 from 里没有“{source}”这样有人办的一步"), facts)
        elif source not in openers:
            words = _("“{action}”的 from 写了“{source}”，可在那一步没有人能提出来")
            yield Flaw("effect.from_never", where, words, facts)


def tracks(graph: Graph) -> Iterator[Flaw]:
    """Every side stage can be closed from wherever it was opened, and its chain does not turn for ever."""
    flow = graph.flow
    asked = openings(flow)
    sides = {s.id: s for s in flow.stages.values() if s.side}
    for stage in sides.values():
        for opener, _action in asked.get(stage.id, ()):
            if not _closes(flow, stage.id, opener.id, frozenset()):
                words = _("旁支“{stage}”没有办法关闭：哪种办法办完它，就在那里写 close: true")
                run = graph.run_to(opener.id) or ()
                yield Flaw("side.open_for_ever", ("stages", stage.id), words, {"stage": stage.id}, run=run)
                break
        yield from _turns(flow, stage)
    for stage in flow.stages.values():
        if stage.parked:
            yield from _parked(graph, stage)


def _closes(flow: Workflow, stage: str, opener: str, passed: frozenset[str]) -> bool:
    """Whether the owner can bring the track to a close while the main line stands at `opener`."""
    for action in flow.stages[stage].actions.values():
        if "owner" not in action.by and "system" not in action.by:
            continue
        if action.effect == "move" and opener not in action.moves_from:
            continue
        if action.close or action.effect == "move":
            return True
        onward = [t for t in side_targets(flow, action) if t not in passed]
        if any(_closes(flow, target, opener, passed | {stage}) for target in onward):
            return True
    return False


def _turns(flow: Workflow, start: Stage) -> Iterator[Flaw]:
    """A side chain that comes back to its beginning without being counted."""
    seen: set[str] = set()
    queue: list[tuple[str, tuple[str, ...]]] = [(start.id, (start.id,))]
    while queue:
        here, way = queue.pop(0)
        for action in flow.stages[here].actions.values():
            for target, counted in ((action.to, action.counter is not None), (action.exhausted, False)):
                if target is None or counted or target not in flow.stages:
                    continue
                if target == start.id:
                    words = _("旁支“{loop}”可以没完没了地转，要给其中一步加次数和出路")
                    loop = " → ".join([*way, target])
                    yield Flaw("side.endless", ("stages", start.id), words, {"loop": loop}, notes=(loop,))
                    return
                if target not in seen:
                    seen.add(target)
                    queue.append((target, (*way, target)))


def _parked(graph: Graph, stage: Stage) -> Iterator[Flaw]:
    """挂账 is approved: by a side track, or by an owner who is not the doer."""
    for move in graph.moves:
        if move.target != stage.id or move.kind == "moved":
            continue
        source = graph.flow.stages[move.source]
        owner = source.owner
        approved = owner is not None and (owner.unlike or owner.above)
        if move.kind in ("act", "exhausted") and not approved:
            words = _("“{stage}”是挂账，要有另一个人批：用旁支批准，或由避开经办人的步骤来定")
            run = (*(graph.run_to(move.source) or ()), move)
            where = ("stages", move.source, "actions", move.action.id if move.action else "")
            yield Flaw("parked.unapproved", where, words, {"stage": stage.id}, run=run)
