"""The shape of forks, joins and stages with children, each looked at by itself; the graph looks at what is between."""

from __future__ import annotations

from collections.abc import Iterator

from gezhi.engines.workflows.proof_parts import Flaw, _
from gezhi.engines.workflows.schema import Stage, Workflow

MAX_TRACKS = 20


def shapes(flow: Workflow) -> Iterator[Flaw]:
    """Forks with their joins, joins with their forks, children with their way on."""
    for stage in flow.stages.values():
        here = ("stages", stage.id)
        if stage.kind == "fork":
            yield from _fork(flow, stage, here)
        elif stage.kind == "join":
            yield from _join(flow, stage, here)
        elif stage.kind == "children":
            yield from _children(stage, here)
        if stage.join is not None and stage.kind != "fork":
            yield Flaw("fork.join", here, _("“{stage}”不是分头办，不能写 join"), {"stage": stage.id})


def _fork(flow: Workflow, stage: Stage, here: tuple[str, ...]) -> Iterator[Flaw]:
    facts = {"stage": stage.id, "join": stage.join, "max": MAX_TRACKS}
    join = flow.stages.get(stage.join or "")
    if join is None or join.kind != "join":
        yield Flaw("fork.join", here, _("“{stage}”分头以后没有汇合（join）"), facts)
    elif join.of != stage.id:
        yield Flaw("fork.join", here, _("“{stage}”写的汇合“{join}”是别处的汇合"), facts)
    if len(stage.tracks) < 2 and not any(t.each for t in stage.tracks):
        yield Flaw("fork.single", (*here, "branches"), _("“{stage}”只有一路，不用分头"), facts)
    if len(stage.tracks) > MAX_TRACKS:
        yield Flaw("fork.too_many", (*here, "branches"), _("“{stage}”分得太多，最多 {max} 路"), facts)
    seen: set[str] = set()
    for number, track in enumerate(stage.tracks):
        at = (*here, "branches", str(number))
        if track.id in seen or track.id in ("all", "any", "trunk") or not track.id:
            yield Flaw("fork.id", at, _("“{stage}”里的“{id}”重名，或是留给别用的字"), {**facts, "id": track.id})
        seen.add(track.id)
        if track.each is not None:
            yield from _list(flow, track.each, "seats", at, stage.id)


def _join(flow: Workflow, stage: Stage, here: tuple[str, ...]) -> Iterator[Flaw]:
    facts = {"stage": stage.id, "of": stage.of, "needs": stage.needs}
    fork = flow.stages.get(stage.of or "")
    if fork is None or fork.kind != "fork":
        yield Flaw("join.of", here, _("汇合“{stage}”要写是哪个分头的（of），没有“{of}”"), facts)
        return
    if fork.join != stage.id:
        yield Flaw("join.of", here, _("“{of}”并不在“{stage}”汇合"), facts)
    if stage.to is None:
        yield Flaw("join.to", here, _("汇合“{stage}”以后不知道去哪一步（to）"), facts)
    tracks = [t.id for t in fork.tracks]
    if isinstance(stage.needs, int):
        if not 1 <= stage.needs <= len(tracks):
            facts["count"] = len(tracks)
            words = _("汇合“{stage}”要等 {needs} 路，可一共只有 {count} 路")
            yield Flaw("join.needs", (*here, "needs"), words, facts)
    elif stage.needs not in ("all", "any", *tracks):
        words = _("汇合“{stage}”等的“{needs}”不是 all、any、几路，也不是哪一路的名字")
        yield Flaw("join.needs", (*here, "needs"), words, facts)


def _children(stage: Stage, here: tuple[str, ...]) -> Iterator[Flaw]:
    facts = {"stage": stage.id, "needs": stage.needs}
    if not stage.workflow:
        yield Flaw("children.workflow", here, _("“{stage}”要写下开哪种子事项（workflow）"), facts)
    if stage.then is None:
        yield Flaw("children.then", here, _("“{stage}”的子事项都办完了，不知道去哪一步（then）"), facts)
    if stage.each is None:
        yield Flaw("children.each", here, _("“{stage}”要写给哪些地方各开一件（each）"), facts)
    if stage.side:
        yield Flaw("side.kind", here, _("旁支“{stage}”只能是有人办的步骤（task）"), facts)
    if isinstance(stage.needs, str) and stage.needs not in ("all", "any"):
        words = _("“{stage}”等的“{needs}”要写 all、any 或几件")
        yield Flaw("children.needs", (*here, "needs"), words, facts)


def lists(flow: Workflow) -> Iterator[Flaw]:
    """The kept lists and dates that stages read are declared, and of the right type."""
    for stage in flow.stages.values():
        here = ("stages", stage.id)
        if stage.each is not None and stage.each.kept is not None:
            yield from _list(flow, stage.each.kept, "places", (*here, "each"), stage.id)
        if stage.clock is not None and stage.clock.until is not None:
            yield from _list(flow, stage.clock.until, "date", (*here, "clock"), stage.id)
        if stage.clock is not None and stage.clock.part is not None:
            yield from _list(flow, stage.clock.part, "choice", (*here, "clock"), stage.id)


def _list(flow: Workflow, name: str, wanted: str, where: tuple[str, ...], stage: str) -> Iterator[Flaw]:
    facts = {"stage": stage, "name": name, "wants": wanted, "is": flow.kept.get(name)}
    if name not in flow.kept:
        yield Flaw("kept.unknown", where, _("“{stage}”要读的“{name}”没有在 kept 里声明"), facts)
    elif flow.kept[name] != wanted:
        yield Flaw("kept.type", where, _("“{stage}”要读的“{name}”应当是 {wants}，声明的是 {is}"), facts)
