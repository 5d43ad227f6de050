"""The rule of a panel, and where residents watch, in sentences: who is asked, what is enough, what follows."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from gezhi.engines.workflows.schema import Stage, Workflow
from gezhi.engines.workflows.schema_panels import RESULTS, PanelRule, Share, Voters
from gezhi.foundation import people
from gezhi.foundation.packs.reading import localised
from gezhi.interfaces.site import tallies

from .fields import titled

FORMS = {
    "comment": lambda: _("听意见"), "consent": lambda: _("没人反对就算通过"), "vote": lambda: _("表决"),
    "gradient": lambda: _("分五档表态，没人坚决反对才可能通过"), "score": lambda: _("打分"),
}  # fmt: skip


def panel_lines(flow: Workflow, stage: Stage) -> Iterator[str]:
    """Each thing a panel's rule says, a sentence each; nothing for other stages."""
    rule = stage.panel
    if rule is None:
        return
    yield _("{who}，{form}。").format(who=_voters(flow, rule.voters), form=FORMS[rule.form]())
    if rule.groups:
        yield _("分{groups}各自列出。").format(groups=_("、").join(localised(title) for _id, title in rule.groups))
    if rule.quorum is not None:
        yield _("{share} 参加才算数{area}。").format(
            share=_share(rule.quorum), area=_("，人数和面积都要够") if rule.area else ""
        )
    if rule.passing is not None:
        base = _("被请的里面") if rule.base == "invited" else _("参加的里面")
        yield _("{base}{share} 同意算通过。").format(base=base, share=_share(rule.passing))
    if rule.form == "score":
        yield _scored(rule)
    if rule.secret:
        yield _("不记名。")
    if rule.minutes:
        yield _("附上会议记录才能收票，收了才是决定。")
    if rule.public:
        yield _("各户凭码在手机上也能投。")
    if rule.rounds > 1:
        yield _("人不够再开，一共最多开 {n} 次。").format(n=rule.rounds)
    yield _("；").join(_ways(flow, rule)) + _("。")


def watch_line(flow: Workflow, stage: Stage) -> str:
    """Beside which steps residents watch, and who answers what they flag."""
    row = _("、").join(titled(flow.stages[id].title) for id in stage.beside)
    said = _("在{steps}的时候，居民可以看、可以说。").format(steps=row)
    if stage.flag:
        said += _("提的问题交给“{stage}”。").format(stage=titled(flow.stages[stage.flag].title))
    return said


def _voters(flow: Workflow, who: Voters) -> str:
    if who.roll is not None:
        return _("请名册上的各户，一户一票") if who.roll == "households" else _("请名册上的人，一人一票")
    if who.draw is not None:
        weight = {"lot": _("抽签"), "rotation": _("轮流"), "load": _("手上事少的先")}[who.draw.by]
        return _("从{post}里请 {n} 位（{how}）").format(post=_post(who.draw.post), n=who.draw.count, how=weight)
    if who.same is not None:
        return _("请“{stage}”那一步的同一批").format(stage=titled(flow.stages[who.same].title))
    if who.kept is not None:
        return _("请前面定下的几位")
    return _("请{posts}").format(posts=_("、").join(_post(post) for post in who.posts))


def _post(code: str) -> str:
    post = people.directory().posts.get(code)
    return post.title if post else code


def _share(share: Share) -> str:
    if share.count:
        return _("至少 {n} 位").format(n=share.count)
    return (_("超过 {part}") if share.strict else _("不少于 {part}")).format(part=share.part)


def _scored(rule: PanelRule) -> str:
    said = _("{top} 分制，平均不低于 {mark} 分算合格").format(top=rule.top, mark=rule.mark)
    if rule.trim:
        said += _("（去掉最高和最低各 {n} 个）").format(n=rule.trim)
    return said + _("。")


def _ways(flow: Workflow, rule: PanelRule) -> Iterator[str]:
    for name in (n for n in RESULTS if n in rule.ways):  # a database forgets the order of keys
        to = rule.ways[name]
        yield _("{result}到“{stage}”").format(result=tallies.result(rule, name), stage=titled(flow.stages[to].title))
