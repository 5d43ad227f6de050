"""From `matches/*.yaml` to the body of a match; what reads a lost field or never gives anything is refused with its line.

match: village_cover
title: {zh: 包乡联村, en: Villages and their cadres}
needs: {register: covered_village, amount: 需要几人}  # amount: a number field; one when left out
offers: {register: cover_cadre, most: 2, least: 1}   # most: a number, or a number field
by: cover                                            # cover | stable | rotate | site | draw | choose (no offers, but `quota`)
must: [{that: need_trade = offer_trade, says: {zh: 工种不对, en: Another trade}}]
weight: need_urgency                                 # heavier needs first
likes: {need: "…", offer: "…"}                       # for stable: numbers, the greater the better
relation: covered_by                                 # what is written when it is adopted
adopt: [county_director]                             # who decides
case: {workflow: job_offer}                          # each pair becomes a case that must be answered
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.matching.reader import posts
from gezhi.foundation import expressions as ex
from gezhi.foundation.packs.reading import Context

METHODS = ("cover", "stable", "choose", "rotate", "site", "draw")
REQUIRED = ("match", "title", "needs", "by", "adopt")
OPTIONAL = (
    "version",
    "about",
    "offers",
    "must",
    "weight",
    "likes",
    "quota",
    "relation",
    "case",
    "unit",
    "wish",
    "share",
)
PLACE_TYPES: dict[str, ex.Type] = {"same_village": ex.Truth, "same_town": ex.Truth}
PLACE_ALIASES = {"同村": "same_village", "同镇": "same_town"}
MOST = 1_000_000


def read_match(node: Any, context: Context) -> dict[str, Any] | None:
    """The JSON body of a match. Problems are noted on the context."""
    if not context.keys(node, required=REQUIRED, optional=OPTIONAL):
        return None
    by = context.one_of(node, "by", METHODS, "cover")
    needs = _side(node, "needs", ("register", "amount"), context)
    offers = _side(node, "offers", ("register", "most", "least"), context) if "offers" in node else None
    if (by == "choose") != (offers is None):
        context.problem(node, "by", "match.offers", _("choose 不写 offers，别的要写。"))
    if (by in ("choose", "site")) != ("quota" in node):
        context.problem(node, "by", "match.quota", _("choose 和 site 要写名额 quota，别的不写。"))
    types, aliases = scope(needs, offers, context.shared.get("registers", {}))
    body = _read_more(node, by, needs, offers, context)
    return body | {
        "title": context.title(node),
        "about": context.title(node, "about", required=False),
        "unit": context.title(node, "unit", required=False),
        "by": by,
        "needs": needs or {},
        "offers": offers,
        "must": _must(node, types, aliases, context),
        "weight": _expression(node, "weight", node.get("weight"), ex.Number, types, aliases, context),
        "likes": _likes(node, by or "", types, aliases, context),
        "quota": context.whole(node, "quota", None, low=1, high=10_000),
        "relation": _relation(node, needs, offers, context),
        "adopt": posts(node, "adopt", context),
        "case": _case(node, context),
    }


def _read_more(node: Any, by: Any, needs: Any, offers: Any, context: Context) -> dict[str, Any]:
    """`wish` and `share`, left out where nothing is said, so that the pinned bodies of earlier matches stay as they are."""
    body: dict[str, Any] = {}
    if (by == "rotate") != ("wish" in node and "relation" in node):
        context.problem(
            node, "by", "match.wish", _("rotate 要写勾选的关系 wish 和配上的关系 relation，别的不写 wish。")
        )
    if by == "draw" and not ("relation" in node and "case" in node):
        context.problem(node, "by", "match.draw", _("draw 要写抽到的关系 relation 和每张卡怎么走完 case。"))
    if "wish" in node and context.keys(node["wish"], required=("relation", "by")):
        body["wish"] = {
            "relation": _relation(node["wish"], needs, offers, context),
            "by": posts(node["wish"], "by", context),
        }
    if "share" in node and context.keys(node["share"], required=("title", "register", "of", "in")):
        given, known = node["share"], context.shared.get("registers", {})
        name = context.text(given, "register", "", max=40)
        types = known.get(name, {}).get("types", {})
        fields = [str(one) for _i, one in context.each(given, "in")]
        of = context.text(given, "of", "", max=40)
        for field in {of, *fields}:
            if types.get(field) != ex.Number:
                words = _("册“{register}”里没有数“{field}”。")
                context.problem(given, "of", "match.number", words, register=name, field=field)
        body["share"] = {"title": context.title(given), "register": name, "of": of, "in": fields}
    return body


def scope(needs: Any, offers: Any, registers: Mapping[str, Any]) -> tuple[dict[str, ex.Type], dict[str, str]]:
    """What conditions may read: fields of the need and of the offer by prefix, and how their places lie."""
    types, aliases = dict(PLACE_TYPES), dict(PLACE_ALIASES)
    for side, said, prefix in ((needs, "需", "need_"), (offers, "供", "offer_")):
        known = registers.get(str((side or {}).get("register")), {})
        types |= {prefix + name: kind for name, kind in known.get("types", {}).items()}
        aliases |= {said + title: prefix + name for title, name in known.get("aliases", {}).items()}
    return types, aliases


def _side(node: Any, key: str, allowed: tuple[str, ...], context: Context) -> dict[str, Any] | None:
    given = node.get(key)
    if not context.keys(given, required=("register",), optional=allowed):
        return None
    known = context.shared.get("registers", {})
    name = context.text(given, "register", "", max=40)
    if name not in known:
        context.problem(given, "register", "match.register", _("没有“{value}”这本册。"), value=name)
        return None
    side: dict[str, Any] = {"register": name}
    for field in ("amount", "most"):
        if field not in allowed:
            continue
        value = given.get(field, 1)
        if isinstance(value, str):
            value = known[name]["aliases"].get(value, value)
            if known[name]["types"].get(value) != ex.Number:
                context.problem(
                    given, field, "match.number", _("册“{register}”里没有数“{field}”。"), register=name, field=value
                )
        else:
            value = context.whole(given, field, 1, low=1, high=MOST)
        side[field] = value
    if "least" in allowed:
        side["least"] = context.whole(given, "least", 0, low=0, high=MOST)
    return side


def _must(node: Any, types: Any, aliases: Any, context: Context) -> list[dict[str, Any]]:
    found = []
    for _index, item in context.each(node, "must"):
        if context.keys(item, required=("that", "says")):
            that = _expression(item, "that", item.get("that"), ex.Truth, types, aliases, context)
            found.append({"that": that, "says": context.title(item, "says")})
    return found


def _expression(
    node: Any, key: str, source: Any, kind: ex.Type, types: Any, aliases: Any, context: Context
) -> str | None:
    if source is None:
        return None
    written = str(source)[:400]
    if len(types) == len(PLACE_TYPES):
        return written  # the registers themselves were refused
    try:
        ex.compile(written, types, expect=kind, aliases=aliases)
    except ex.ExpressionError as fault:
        context.problem(node, key, fault.code, _("条件“{source}”：{detail}"), source=written[:80], detail=fault.words)
    return written


def _likes(node: Any, by: str, types: Any, aliases: Any, context: Context) -> dict[str, str] | None:
    given = node.get("likes")
    if (given is not None) != (by == "stable"):
        context.problem(node, "by", "match.likes", _("stable 要写两边各看重什么（likes），别的不写。"))
        return None
    if given is None or not context.keys(given, required=("need", "offer")):
        return None
    return {
        side: str(_expression(given, side, given[side], ex.Number, types, aliases, context))
        for side in ("need", "offer")
    }


def _relation(node: Any, needs: Any, offers: Any, context: Context) -> str:
    name = context.text(node, "relation", "", max=40)
    if not name:
        return ""
    known = context.shared.get("relations", {}).get(name)
    registers = context.shared.get("registers", {})
    sides = [registers.get((side or {}).get("register"), {}).get("of") for side in (needs, offers)]
    if known is None or [known["one"], known["other"]] != sides:
        context.problem(node, "relation", "match.relation", _("没有从需方到供方的关系“{name}”。"), name=name)
    return name


def _case(node: Any, context: Context) -> str:
    given = node.get("case")
    if given is None or not context.keys(given, required=("workflow",)):
        return ""
    workflow = context.text(given, "workflow", "", max=40)
    if f"workflow/{workflow}" not in context.shared.get("items", ()):
        context.problem(given, "workflow", "services.workflow", _("没有流程“{code}”。"), code=workflow)
    return workflow
