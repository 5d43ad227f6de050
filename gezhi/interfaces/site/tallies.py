"""What came of a panel, in words: how many took part, what was needed, what was reached, how each group answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.engines.workflows.schema_panels import PanelRule
from gezhi.foundation.packs.reading import localised

CHOICES = {
    "yes": gettext_lazy("同意"), "no": gettext_lazy("不同意"), "abstain": gettext_lazy("弃权"),
    "object": gettext_lazy("反对"), "heard": gettext_lazy("说了意见"), "support": gettext_lazy("很支持"),
    "agree": gettext_lazy("赞成"), "live_with": gettext_lazy("可以接受"), "reserve": gettext_lazy("有保留"),
    "block": gettext_lazy("坚决反对"),
}  # fmt: skip
RESULTS = {"passed": gettext_lazy("通过"), "failed": gettext_lazy("没有通过"), "void": gettext_lazy("参加的人不够")}
SCORED = {"passed": gettext_lazy("合格"), "failed": gettext_lazy("评得低"), "void": gettext_lazy("评的人不够")}
WAYS = {"online": gettext_lazy("线上"), "paper": gettext_lazy("纸票"), "meeting": gettext_lazy("会上")}
GROUNDS = {
    "kin": gettext_lazy("是亲属"), "interest": gettext_lazy("有利害关系"), "acted": gettext_lazy("经手过这件事"),
    "asked": gettext_lazy("本人要求不参加"),
}  # fmt: skip
TAKEN_DOWN = {
    "abuse": gettext_lazy("骂人"), "privacy": gettext_lazy("说出了别人的信息"), "untrue": gettext_lazy("不属实"),
    "advert": gettext_lazy("广告"), "law": gettext_lazy("法律不许公开"),
}  # fmt: skip
VOICES = {"comment": gettext_lazy("意见"), "note": gettext_lazy("看到的"), "flag": gettext_lazy("提的问题")}
STATES = {
    "invited": gettext_lazy("还没投"), "voted": gettext_lazy("投了"), "recused": gettext_lazy("回避"),
    "waiting": gettext_lazy("等看过再公开"), "shown": gettext_lazy("已公开"), "removed": gettext_lazy("没有公开"),
}  # fmt: skip


def choice(name: str) -> str:
    """The word for an answer; a score says itself."""
    return str(CHOICES.get(name) or _("{n} 分").format(n=name))


def choices(rule: PanelRule) -> list[tuple[str, str]]:
    """What may be answered, best first for scores."""
    names = reversed(rule.choices) if rule.form == "score" else rule.choices
    return [(name, choice(name)) for name in names]


def result(rule: PanelRule, name: str) -> str:
    """The result in a word."""
    return str((SCORED if rule.form == "score" else RESULTS).get(name, ""))


def because(rule: PanelRule, tally: Mapping[str, Any]) -> list[str]:
    """The result explained, a sentence for each thing that was looked at."""
    return list(_because(rule, tally))


def _because(rule: PanelRule, tally: Mapping[str, Any]) -> Iterator[str]:
    if not tally:
        return
    words = _("请了 {invited} 户（人），参加 {voted} 户（人）。")
    if tally.get("recused"):
        words = _("请了 {invited} 户（人），另有 {recused} 户（人）回避；参加 {voted} 户（人）。")
    yield words.format(**{k: tally.get(k, 0) for k in ("invited", "recused", "voted")})
    for look in tally.get("because", ()):
        if look["what"] == "quorum" and look["needs"] == "1" and not look.get("strict"):
            continue
        if look["what"] in ("quorum", "pass"):
            what = _("参加的") if look["what"] == "quorum" else _("同意的")
            by = _("面积 {have} 平方米") if look["by"] == "area" else _("{have} 户（人）")
            needs = _("超过 {part}") if look["strict"] else _("不少于 {part}")
            end = _("够了。") if look["met"] else _("不够。")
            share = _("，占 {share}%").format(share=look["share"]) if look["share"] else ""
            yield _("{what}{by}{share}，要{needs}，{end}").format(
                what=what,
                by=by.format(have=look["have"]) if look["by"] == "area" else " " + by.format(have=look["have"]),
                share=share,
                needs=needs.format(part=look["needs"]),
                end=end,
            )
        elif look["what"] == "mean":
            end = _("够了。") if look["met"] else _("不够。")
            yield _("平均 {have} 分，要不低于 {needs} 分，{end}").format(
                have=look["have"] or "0", needs=look["needs"], end=end
            )
        elif look["what"] == "stop" and not look["met"]:
            yield _("有 {have} 户（人）{choice}，就不算通过。").format(have=look["have"], choice=choice(look["choice"]))


def lines(rule: PanelRule, tally: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """(answer, how many, share of those who took part in whole percents) in the order of the answers."""
    counted = tally.get("choices", {})
    whole = sum(counted.values()) or 1
    return [(said, counted.get(name, 0), counted.get(name, 0) * 100 // whole) for name, said in choices(rule)]


def groups(rule: PanelRule, tally: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, int]]]]:
    """How each declared group answered: (group, [(answer, how many)])."""
    told = tally.get("groups", {})
    return [
        (localised(title), [(said, told[id].get(name, 0)) for name, said in choices(rule) if told[id].get(name)])
        for id, title in rule.groups
        if told.get(id)
    ]


def group(title: Mapping[str, str] | str | None) -> str:
    """The name of a declared group."""
    return localised(title) if isinstance(title, Mapping) else ""
