"""From `ledgers/*.yaml` to the body of a ledger; what could never balance, or would take from a resident, is refused with its line.

ledger: love_points
title: {zh: 爱心积分}
see: [street_officer]
close: [village_secretary]
mine: true                       # holders see their own at the portal
assets: [{id: point, title: {zh: 积分}, unit: {zh: 分}, scale: 0}]
accounts:
  - {id: resident, title: {zh: 居民积分}, asset: point, holder: subject, register: villager, at_least: 0, reward: true}
  - {id: pool, title: {zh: 积分发放}, asset: point, holder: place, level: village}
entries:
  - {id: award, title: {zh: 奖励}, from: pool, to: resident, by: [grid_worker], second: [village_secretary], at_most: 50}
  - {id: redeem, title: {zh: 兑换}, spend: true, pending: true, expires: 3 calendar_day, by: [village_secretary],
     legs: [{from: resident, to: pool, amount: amount * 价}, {from: shelf, to: given}]}
rules:
  - {id: helped, title: {zh: 参加活动}, when: attended, if: activity = "clean_up", amount: minutes, from: pool, to: resident}
payouts:
  - {id: pay, title: {zh: 基本报酬}, every: month, register: cadre, states: [serving], amount: 月报酬, from: budget, to: paid,
     cut: last, leap: feb28, after_death: true, freeze: [street_officer], approve: [county_director], pay: [street_officer]}
  - {id: split, …, amount: 股数, divide: true}   # what stands in `from` is split in these parts, and sums exactly
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.ledger.cuts import problem as cut_problem
from gezhi.engines.ledger.schema import HOLDERS
from gezhi.engines.ledger.sources import SOURCES
from gezhi.foundation import expressions as ex
from gezhi.foundation.calendar import parse_limit
from gezhi.foundation.errors import Refusal
from gezhi.foundation.packs.reading import Context, posts_of
from gezhi.foundation.people.actor import COLUMNS

REQUIRED = ("ledger", "title", "assets", "accounts")
OPTIONAL = ("version", "about", "see", "close", "mine", "entries", "rules", "payouts")
EVERY = ("month", "quarter", "year", "once")
AMOUNT = {"amount": ex.Number}
MOST = 10**15


def read_ledger(node: Any, context: Context) -> dict[str, Any] | None:
    """The JSON body of a ledger. Problems are noted on the context."""
    if not context.keys(node, required=REQUIRED, optional=OPTIONAL):
        return None
    body: dict[str, Any] = {
        "title": context.title(node),
        "about": context.title(node, "about", required=False),
        "see": _posts(node, "see", context),
        "close": _posts(node, "close", context),
        "mine": context.truth(node, "mine"),
        "assets": _assets(node, context),
    }
    body["accounts"] = _accounts(node, {asset["id"] for asset in body["assets"]}, context)
    kinds = {kind["id"]: kind for kind in body["accounts"]}
    for asset in body["assets"]:
        mine = [kind for kind in body["accounts"] if kind["asset"] == asset["id"]]
        if mine and all(kind["lowest"] is not None for kind in mine):
            words = _("“{asset}”没有来处：每种账户都不许低于下限，就永远没有东西可记。留一种不写 at_least 的账户。")
            context.problem(node, "accounts", "ledger.no_source", words, asset=asset["id"])
    body["entries"] = _each(node, "entries", context, lambda item: _entry(item, kinds, context))
    body["rules"] = _each(node, "rules", context, lambda item: _rule(item, kinds, context))
    body["payouts"] = _each(node, "payouts", context, lambda item: _payout(item, kinds, context))
    return body


def _each(node: Any, key: str, context: Context, read: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for _index, item in context.each(node, key):
        one = read(item)
        if one is None:
            continue
        if any(other["id"] == one["id"] for other in found):
            context.problem(item, "id", "ledger.twice", _("“{id}”写了两次。"), id=one["id"])
        found.append(one)
    return found


def _posts(node: Any, key: str, context: Context) -> list[str]:
    return posts_of(node, key, context, "ledger.post")


def _assets(node: Any, context: Context) -> list[dict[str, Any]]:
    def read(item: Any) -> dict[str, Any] | None:
        if not context.keys(item, required=("id", "title"), optional=("unit", "scale")):
            return None
        return {
            "id": context.text(item, "id", "", max=40),
            "title": context.title(item),
            "unit": context.title(item, "unit", required=False),
            "scale": context.whole(item, "scale", 0, high=4),
        }

    return _each(node, "assets", context, read)


def _accounts(node: Any, assets: set[str], context: Context) -> list[dict[str, Any]]:
    optional = ("register", "level", "at_least", "at_most", "reward")

    def read(item: Any) -> dict[str, Any] | None:
        if not context.keys(item, required=("id", "title", "asset", "holder"), optional=optional):
            return None
        given = item.get("holder")
        holders = [str(one) for one in given] if isinstance(given, list) else [str(given)]
        for one in holders:
            if one not in HOLDERS:
                words = _("账户可以由这些来持有：{known}。")
                context.problem(item, "holder", "ledger.holder", words, known="、".join(HOLDERS))
        if "place" in holders and len(holders) > 1:
            context.problem(item, "holder", "ledger.holder", _("由地方持有的账户不能再由别人持有。"))
        register = context.text(item, "register", "", max=40)
        if register and register not in context.shared.get("registers", {}):
            context.problem(item, "register", "ledger.register", _("没有“{value}”这本册。"), value=register)
        low = context.whole(item, "at_least", None, high=MOST)
        high = context.whole(item, "at_most", None, high=MOST)
        if low is not None and high is not None and low > high:
            context.problem(item, "at_most", "ledger.bounds", _("上限不能比下限小。"))
        reward = context.truth(item, "reward")
        if reward and low is None:
            words = _("本人的奖励账户要写下限（at_least），花不出没有的分。")
            context.problem(item, "reward", "ledger.reward", words)
        return {
            "id": context.text(item, "id", "", max=40), "title": context.title(item),
            "asset": context.one_of(item, "asset", sorted(assets), ""), "holders": holders, "register": register,
            "level": context.one_of(item, "level", COLUMNS, "") if "level" in item else "",
            "lowest": low, "highest": high, "reward": reward,
        }  # fmt: skip

    return _each(node, "accounts", context, read)


def _pair(item: Any, kinds: Mapping[str, Any], context: Context, *, spend: bool) -> tuple[str, str]:
    """(from, to): two kinds of one asset; nothing is taken from somebody's own reward but by themselves."""
    source, target = (context.one_of(item, key, kinds, "") for key in ("from", "to"))
    if source and target and kinds[source]["asset"] != kinds[target]["asset"]:
        words = _("“{source}”和“{target}”记的不是同一样东西，两边不会平。")
        context.problem(item, "to", "ledger.asset", words, source=source, target=target)
    if source and source == target:
        context.problem(item, "to", "ledger.asset", _("出和进是同一种账户。"))
    if source and kinds[source]["reward"] and not spend:
        words = _("积分只奖不扣：从“{source}”出，只能是本人来用（spend: true）。错了的用更正。")
        context.problem(item, "from", "ledger.taken", words, source=source)
    return source, target


def _amount(
    item: Any, types: Mapping[str, ex.Type], aliases: Mapping[str, str], context: Context, default: str | None
) -> str:
    source = str(item.get("amount", default if default is not None else ""))
    try:
        ex.compile(source, types, expect=ex.Number, aliases=aliases)
    except ex.ExpressionError as fault:
        words = _("数目“{source}”不成立：{fault}")
        context.problem(
            item, "amount" if "amount" in item else None, "ledger.amount", words, source=source, fault=str(fault)
        )
    return source


def _condition(item: Any, types: Mapping[str, ex.Type], aliases: Mapping[str, str], context: Context) -> str:
    source = str(context.text(item, "if", "", max=300))
    if source:
        try:
            ex.compile(source, types, expect=ex.Truth, aliases=aliases)
        except ex.ExpressionError as fault:
            words = _("条件“{source}”不成立：{fault}")
            context.problem(item, "if", "ledger.condition", words, source=source, fault=str(fault))
    return source


def _fields(register: str, context: Context) -> tuple[dict[str, ex.Type], dict[str, str]]:
    known = context.shared.get("registers", {}).get(register) or {}
    return dict(known.get("types", {})), dict(known.get("aliases", {}))


def _entry(item: Any, kinds: Mapping[str, Any], context: Context) -> dict[str, Any] | None:
    optional = ("from", "to", "amount", "legs", "second", "spend", "pending", "at_least", "at_most", "expires")
    if not context.keys(item, required=("id", "title", "by"), optional=optional):
        return None
    spend = context.truth(item, "spend")
    sides = []
    for leg in [leg for _i, leg in context.each(item, "legs")] if "legs" in item else [item]:
        if leg is not item and not context.keys(leg, required=("from", "to"), optional=("amount",)):
            continue
        source, target = _pair(leg, kinds, context, spend=spend)
        types, aliases = dict(AMOUNT), {"数量": "amount"}
        for kind in (k for side in (item.get("legs") or [item]) for k in (side.get("from"), side.get("to"))):
            if kind in kinds and kinds[kind]["register"]:
                more, named = _fields(kinds[kind]["register"], context)
                types, aliases = {**more, **types}, {**named, **aliases}
        sides.append([source, target, _amount(leg, types, aliases, context, "amount")])
    if spend and not any(source and kinds[source]["reward"] for source, _t, _a in sides):
        context.problem(item, "spend", "ledger.spend", _("没有从本人的账户出，不用写 spend。"))
    by, second = _posts(item, "by", context), _posts(item, "second", context)
    if not by:
        context.problem(item, "by", "ledger.by", _("要写明由哪个岗位来记（by）。"))
    waits = context.truth(item, "pending", bool(second))
    if second and not waits:
        context.problem(item, "pending", "ledger.second", _("要第二个人确认（second），就不能一记就入账。"))
    expires = context.text(item, "expires", "", max=40)
    if expires:
        try:
            expires = str(parse_limit(expires))
        except Refusal as fault:
            context.problem(item, "expires", "ledger.expires", str(fault.what))
        if not waits:
            context.problem(item, "expires", "ledger.expires", _("一记就入账的，没有过期。"))
    least, most = (
        context.whole(item, "at_least", 1, low=1, high=MOST),
        context.whole(item, "at_most", None, low=1, high=MOST),
    )
    if most is not None and least > most:
        context.problem(item, "at_most", "ledger.bounds", _("上限不能比下限小。"))
    found = {
        "id": context.text(item, "id", "", max=40), "title": context.title(item), "sides": sides, "by": by, "second": second,
        "spend": spend, "waits": waits, "most": most, "expires": expires,
    }  # fmt: skip
    return found | ({"least": least} if least > 1 else {})


def _rule(item: Any, kinds: Mapping[str, Any], context: Context) -> dict[str, Any] | None:
    if not context.keys(item, required=("id", "title", "when", "amount", "from", "to"), optional=("if", "register")):
        return None
    source, target = _pair(item, kinds, context, spend=False)
    when = context.one_of(item, "when", SOURCES, "")
    types: dict[str, ex.Type] = {}
    aliases: dict[str, str] = {}
    register = context.text(item, "register", "", max=40)
    if when:
        known = SOURCES[when]
        types = dict(known.types)
        if known.by_register:
            if register not in context.shared.get("registers", {}):
                context.problem(
                    item, "register" if "register" in item else None, "ledger.register", _("没有“{value}”这本册。"), value=register
                )  # fmt: skip
            more, aliases = _fields(register, context)
            types |= more
        elif register:
            context.problem(item, "register", "ledger.register", _("“{when}”不看登记册。"), when=when)
        theirs = [k for k in (source, target) if k and kinds[k]["holders"] != ["place"]]
        if len(theirs) != 1:
            context.problem(item, "to", "ledger.whose", _("一边是地方的账户，另一边是事实里那个人的账户。"))
        elif not set(kinds[theirs[0]]["holders"]) & set(known.holders):
            words = _("“{when}”说的是 {known}，账户“{kind}”不由它们持有。")
            context.problem(
                item, "to", "ledger.whose", words, when=when, known="、".join(known.holders), kind=theirs[0]
            )
    return {
        "id": context.text(item, "id", "", max=40), "title": context.title(item),
        "when": f"{when}:{register}" if register else when, "if": _condition(item, types, aliases, context),
        "amount": _amount(item, types, aliases, context, None), "from": source, "to": target,
    }  # fmt: skip


def _payout(item: Any, kinds: Mapping[str, Any], context: Context) -> dict[str, Any] | None:
    required = ("id", "title", "every", "register", "amount", "from", "to", "freeze", "approve", "pay")
    if not context.keys(item, required=required, optional=("states", "if", "cut", "leap", "after_death", "divide")):
        return None
    source, target = _pair(item, kinds, context, spend=False)
    if source and kinds[source]["lowest"] is None:
        words = _("发放的账户要写下限（at_least），发不出没有拨下来的钱。")
        context.problem(item, "from", "ledger.no_appropriation", words)
    if source and kinds[source]["holders"] != ["place"]:
        context.problem(item, "from", "ledger.whose", _("发放从地方的账户出。"))
    if target and "subject" not in kinds[target]["holders"]:
        context.problem(item, "to", "ledger.whose", _("发放到登记册里每个人的账户（holder: subject）。"))
    register = context.text(item, "register", "", max=40)
    known = context.shared.get("registers", {}).get(register)
    if known is None:
        context.problem(item, "register", "ledger.register", _("没有“{value}”这本册。"), value=register)
    types, aliases = _fields(register, context)
    states = [str(state) for _i, state in context.each(item, "states")]
    for index, state in enumerate(states):
        if known is not None and state not in known["states"]:
            words = _("册“{register}”没有“{value}”这种状态。")
            context.problem(item["states"], index, "ledger.state", words, register=register, value=state)
    posts = {key: _posts(item, key, context) for key in ("freeze", "approve", "pay")}
    for key, found in posts.items():
        if not found:
            context.problem(item, key, "ledger.by", _("要写明由哪个岗位来记（by）。"))
    every = context.one_of(item, "every", EVERY, "month")
    more: dict[str, Any] = {}
    if "cut" in item:
        more["cut"] = str(item["cut"])
        if cut_problem(every, more["cut"]):
            words = _("按哪天算写成 first、last；每月的也可以写 1 到 28 的一天，每年的写 10-31 这样。")
            context.problem(item, "cut", "ledger.cut", words)
    if "leap" in item:
        more["leap"] = context.one_of(item, "leap", ("feb28", "mar01"), "mar01")
    if context.truth(item, "after_death"):
        more["after_death"] = True
    if context.truth(item, "divide"):
        more["divide"] = True
    return {
        "id": context.text(item, "id", "", max=40), "title": context.title(item), "every": every, "register": register,
        "states": states, "if": _condition(item, types, aliases, context), "amount": _amount(item, types, aliases, context, None),
        "from": source, "to": target, **posts, **more,
    }  # fmt: skip
