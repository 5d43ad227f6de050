"""What a stage relies on has happened on every way to it: kept values, a chosen unit, an earlier step."""

from __future__ import annotations

from collections.abc import Iterator

from gezhi.engines.workflows.proof_facts import Certain, Fact
from gezhi.engines.workflows.proof_parts import Flaw, _
from gezhi.engines.workflows.schema import Stage


def reliance(sure: Certain) -> Iterator[Flaw]:
    """Values read before they are kept, owners named before they are chosen; each with a run that comes without."""
    flow = sure.flow
    for stage in flow.stages.values():
        if stage.id not in sure.at:
            continue
        here = ("stages", stage.id)
        if stage.clock is not None and stage.clock.until in flow.kept:
            words = _("“{stage}”等到“{name}”那一天，可有一条路没有留下它")
            yield from _missing(sure, stage, ("kept", stage.clock.until or ""), (*here, "clock"), words, "kept.missing")
        if stage.each is not None and stage.each.kept in flow.kept:
            words = _("“{stage}”给“{name}”里的地方各开一件，可有一条路没有留下它")
            yield from _missing(sure, stage, ("kept", stage.each.kept or ""), (*here, "each"), words, "kept.missing")
        if stage.panel is not None and stage.panel.voters.kept in flow.kept:
            words = _("“{stage}”要请“{name}”里的席位，可有一条路没有留下它")
            kept = stage.panel.voters.kept or ""
            yield from _missing(sure, stage, ("kept", kept), (*here, "panel", "voters"), words, "kept.missing")
        if stage.panel is not None and stage.panel.voters.same in flow.stages:
            words = _("“{stage}”要请“{name}”那一步的人，可有一条路没有经过它")
            same = stage.panel.voters.same or ""
            yield from _missing(sure, stage, ("done", same), (*here, "panel", "voters"), words, "panel.same")
        for number, track in enumerate(stage.tracks):
            if track.each in flow.kept:
                words = _("“{stage}”给“{name}”里的单位各分一路，可有一条路没有留下它")
                at = (*here, "branches", str(number))
                yield from _missing(sure, stage, ("kept", track.each or ""), at, words, "kept.missing")
        yield from _owner(sure, stage, (*here, "owner"))


def _owner(sure: Certain, stage: Stage, where: tuple[str, ...]) -> Iterator[Flaw]:
    owner = stage.owner
    if owner is None:
        return
    if owner.case == "handler" and not (stage.side and ("chosen", "") in sure.at[stage.id]):
        words = _("“{stage}”由指定的单位办，可有一条路没有指定过")
        yield from _missing(sure, stage, ("chosen", ""), where, words, "owner.unassigned")
    if owner.case == "branch":
        path = sure.graph.paths.get(stage.id, ())
        tracks = [t for fork, id_ in path for t in sure.flow.stages[fork].tracks if t.id == id_]
        if not any(t.each for t in tracks):
            words = _("“{stage}”由这一路的单位办，可它不在“一单位一路”（each）的分支里")
            yield Flaw("owner.branch", where, words, {"stage": stage.id})
    if owner.above in sure.flow.stages and owner.above != stage.id:
        words = _("“{stage}”要找“{name}”的上一级，可有一条路没有经过它")
        yield from _missing(sure, stage, ("done", owner.above or ""), where, words, "owner.above")


def _missing(sure: Certain, stage: Stage, fact: Fact, where: tuple[str, ...], words: str, code: str) -> Iterator[Flaw]:
    if fact in sure.at[stage.id]:
        return
    run = None if stage.side else sure.run_without(stage.id, fact)
    yield Flaw(code, where, words, {"stage": stage.id, "name": fact[1]}, run=run or ())
