"""Panels that always come to a result, watches that run where somebody works, draws that can be made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gezhi.engines.workflows.proof_graph import Graph
from gezhi.engines.workflows.proof_parts import Flaw, _, chain
from gezhi.engines.workflows.schema import Stage, Workflow
from gezhi.engines.workflows.schema_panels import RESULTS, PanelRule, Share


def panels(flow: Workflow, posts: Mapping[str, object]) -> Iterator[Flaw]:
    """Flaws of each panel by itself: who is asked, what is enough, a way for every result."""
    for stage in flow.stages.values():
        here = ("stages", stage.id)
        facts: dict[str, object] = {"stage": stage.id}
        if (stage.kind == "panel") != (stage.panel is not None):
            yield Flaw("panel.missing", here, _("“{stage}”：议事的一步要写 panel，别的步骤不能写"), facts)
        if stage.kind != "panel" or stage.panel is None:
            continue
        yield from _voters(flow, stage, stage.panel, posts, (*here, "panel", "voters"))
        yield from _rule(stage, stage.panel, (*here, "panel"))


def _voters(
    flow: Workflow, stage: Stage, rule: PanelRule, posts: Mapping[str, object], where: tuple[str, ...]
) -> Iterator[Flaw]:
    who = rule.voters
    facts: dict[str, object] = {"stage": stage.id}
    named = [*who.posts, *([who.draw.post] if who.draw else [])]
    if not (who.roll or named or who.kept or who.same):
        yield Flaw("panel.voters", where, _("“{stage}”没有写请谁来议"), facts)
    for post in named:
        if post not in posts:
            yield Flaw("panel.voters", where, _("“{stage}”要请的岗位“{post}”不在岗位表里"), {**facts, "post": post})
    if who.kept is not None and flow.kept.get(who.kept) != "seats":
        words = _("“{stage}”要请的“{name}”不是 kept 里声明的席位名单（seats）")
        yield Flaw("panel.voters", where, words, {**facts, "name": who.kept})
    if who.same is not None:
        other = flow.stages.get(who.same)
        if other is None or other.panel is None or other.id == stage.id or other.panel.voters.same:
            words = _("“{stage}”要请“{name}”那一步的人，可那不是一步自己请人的议事")
            yield Flaw("panel.same", where, words, {**facts, "name": who.same})
    ids = [id for id, _title in rule.groups]
    if len(set(ids)) != len(ids) or "" in ids:
        yield Flaw("panel.groups", where, _("“{stage}”的组别重名，或没有名字"), facts)
    by_list = who.roll is not None or (who.same is not None and (s := flow.stages.get(who.same)) is not None
                                       and s.panel is not None and s.panel.voters.roll is not None)  # fmt: skip
    if not by_list and (rule.groups or rule.area):
        yield Flaw("panel.groups", where, _("“{stage}”按组别或面积算，就要有名册（roll）"), facts)
    if rule.public and not by_list:
        yield Flaw("panel.public", where, _("“{stage}”对居民开放，就要有名册（roll）：一户一票，凭本户的码"), facts)
    if who.draw is not None and rule.quorum is not None and rule.quorum.count > who.draw.count:
        facts |= {"needs": rule.quorum.count, "count": who.draw.count}
        yield Flaw("panel.quorum", where, _("“{stage}”要到 {needs} 个人，可一共只抽 {count} 个"), facts)


def _rule(stage: Stage, rule: PanelRule, where: tuple[str, ...]) -> Iterator[Flaw]:
    facts: dict[str, object] = {"stage": stage.id}
    for name in RESULTS:
        if not rule.ways.get(name) and not (name == "failed" and rule.form == "comment"):
            words = _("“{stage}”的结果“{result}”没有去处（ways）")
            yield Flaw("panel.ways", (*where, "ways"), words, {**facts, "result": name})
    if rule.form == "comment" and rule.ways.get("failed"):
        yield Flaw("panel.ways", (*where, "ways"), _("“{stage}”只听意见，没有不通过（failed）"), facts)
    if rule.ways.get("void") == stage.id or any(to == stage.id for to in rule.ways.values()):
        yield Flaw("panel.again", (*where, "ways"), _("“{stage}”再开一次会用 rounds 写次数，不能指回自己"), facts)
    for name, share in (("quorum", rule.quorum), ("passing", rule.passing)):
        if share is not None and not _reachable(share):
            yield Flaw(
                "panel.quorum", (*where, name), _("“{stage}”的“{key}”永远达不到，或等于没有"), {**facts, "key": name}
            )
    if rule.form in ("vote", "gradient") and rule.passing is None:
        yield Flaw("panel.passing", where, _("“{stage}”要表决，就要写多少人同意算通过（passing）"), facts)
    if rule.form in ("comment", "score") and rule.passing is not None:
        yield Flaw("panel.passing", where, _("“{stage}”不是表决，不能写 passing"), facts)
    if rule.form == "score" and not 1 <= rule.mark <= rule.top:
        facts |= {"mark": str(rule.mark), "top": rule.top}
        yield Flaw("panel.mark", where, _("“{stage}”的合格分 {mark} 不在 1 到 {top} 之间"), facts)
    if rule.secret and rule.area:
        words = _("“{stage}”不记名又按面积算：每户面积不同，谁怎么投一算就知道，只能选一样")
        yield Flaw("panel.secret_area", where, words, facts)


def _reachable(share: Share) -> bool:
    if share.count:
        return True
    return 0 <= share.part < 1 if share.strict else 0 < share.part <= 1


def watches(graph: Graph) -> Iterator[Flaw]:
    """A watch runs beside steps of the trunk where somebody works; what it flags is only answered."""
    flow = graph.flow
    for watch in flow.watches:
        here = ("stages", watch.id)
        facts: dict[str, object] = {"stage": watch.id}
        if not watch.beside:
            yield Flaw("watch.beside", here, _("“{stage}”没有写伴着哪几步（beside）"), facts)
        for name in watch.beside:
            stage = flow.stages.get(name)
            if stage is None or not stage.waits or stage.side or graph.paths.get(name) != ():
                words = _("“{stage}”要伴着的“{name}”不是主线上有人办的一步")
                yield Flaw("watch.beside", (*here, "beside"), words, {**facts, "name": name})
        if watch.owner or watch.clock or watch.actions or watch.branches:
            yield Flaw("watch.keys", here, _("“{stage}”是居民监督，只写 beside 和 flag"), facts)
        if watch.flag is None:
            continue
        side = flow.stages.get(watch.flag)
        if side is None or not side.side:
            words = _("“{stage}”里提的问题要交给一步旁支来答，没有“{flag}”")
            yield Flaw("watch.flag", (*here, "flag"), words, {**facts, "flag": watch.flag})
            continue
        wrong = [a.id for s in chain(flow, watch.flag) for a in flow.stages[s].actions.values() if a.effect]
        if wrong:
            words = _("“{stage}”里提的问题只能答复，“{action}”不能改主线")
            yield Flaw("watch.flag", (*here, "flag"), words, {**facts, "action": wrong[0]})
    for stage in flow.stages.values():
        if stage.kind != "watch" and (stage.beside or stage.flag):
            words = _("“{stage}”不是居民监督，不能写 beside 或 flag")
            yield Flaw("watch.keys", ("stages", stage.id), words, {"stage": stage.id})


def draws(flow: Workflow) -> Iterator[Flaw]:
    """A seat is drawn among those of a post, and not from a roster."""
    for stage in flow.stages.values():
        if stage.owner is not None and stage.owner.draw and (not stage.owner.post or stage.owner.duty):
            words = _("“{stage}”要从一个岗位的几个席位里抽，不能同时按值班表")
            yield Flaw("owner.draw", ("stages", stage.id, "owner"), words, {"stage": stage.id})
