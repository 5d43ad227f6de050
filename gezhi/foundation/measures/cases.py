"""The counting rules over cases. docs/rules/measures.md reads them aloud with worked examples.

A rule gets `c` (column names), `w` (the engine's words) and `t` (the cut) and says which rows count.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from gezhi.foundation.measures.parts import Columns, Cut, Parts, done_late, done_on_time, late_not_done, owed
from gezhi.foundation.measures.registry import metric

HALF = Decimal("0.5")
HALF_HOUR = timedelta(minutes=30)


def filed_rows(c: Columns, w, t: Cut | None = None) -> Q:
    """立案: not refused, void, merged into another or handed to another system."""
    return ~Q(**{f"{c.outcome}__in": w["not_filed"]})


def need_handle(c: Columns, w, t: Cut) -> Q:
    """应处置: due in the period or handled in it (see parts.owed). The only definition in the system."""
    return owed(c.handled, c.due, t) & filed_rows(c, w, t)


def need_close(c: Columns, w, t: Cut) -> Q:
    """应结案: the same rule for closing."""
    return owed(c.closed, c.close_due, t) & filed_rows(c, w, t)


def answered(c: Columns, w, t: Cut) -> Q:
    """有效回访: the reporter answered in the period, whatever the answer."""
    return t.holds(c.followed) & _in(c.solved, w["solved"] + w["partly"] + w["unsolved"])


def rated(c: Columns, w, t: Cut) -> Q:
    """有效评价: a rating was given in the period."""
    return t.holds(c.followed) & _in(c.rating, w["satisfied"] + w["neutral"] + w["dissatisfied"])


def _in(column: str, values: tuple) -> Q:
    return Q(**{f"{column}__in": values})


def _some(column: str) -> Q:
    return Q(**{f"{column}__gt": 0})


# --- what came in -----------------------------------------------------------------------------------


@metric("reported", _("上报数"), "count", _("期内收到的事，不论后来怎样"), happens="opened")
def reported(c, w, t):
    """上报: everything received in the period."""
    return Parts(t.holds(c.opened))


@metric(
    "people", _("反映人数"), "count", _("期内反映过事情、留了联系方式的人，反映几件都只算一人"), needs=("person",),
    counts="persons",
)  # fmt: skip
def people(c, w, t):
    """反映人: different persons who left a contact; somebody with five matters counts once, the nameless not at all."""
    return Parts(t.holds(c.opened) & Q(**{f"{c.person}__isnull": False}), distinct=c.person)


@metric("accepted", _("受理数"), "count", _("期内收到的事，减去不予受理的"))
def accepted(c, w, t):
    """受理: received and not refused."""
    return Parts(t.holds(c.opened) & ~_in(c.outcome, w["refused"]))


@metric("filed", _("立案数"), "count", _("期内受理的事，减去作废、并入别案和转出系统的"))
def filed(c, w, t):
    """立案: accepted and a case of its own."""
    return Parts(t.holds(c.opened) & filed_rows(c, w, t))


@metric("merged", _("并件数"), "count", _("期内收到、和别人说的是同一件、并到一起办的；只算件，不算人"))
def merged(c, w, t):
    """并件: reports received in the period that are handled with another case. Reports, never persons."""
    return Parts(t.holds(c.opened) & _in(c.outcome, w["merged"]))


@metric("filed_rate", _("立案率"), "rate", _("立案数 ÷ 受理数"))
def filed_rate(c, w, t):
    """立案率."""
    return Parts(filed(c, w, t).numerator, accepted(c, w, t).numerator)


@metric("refused", _("不予受理数"), "count", _("期内收到、后来写明依据不予受理的事"))
def refused(c, w, t):
    """不予受理: refused on stated grounds; counted apart, never as done."""
    return Parts(t.holds(c.opened) & _in(c.outcome, w["refused"]))


@metric("carried", _("上期结转"), "count", _("期初还没结的事"))
def carried(c, w, t):
    """上期结转: open when the period began."""
    return Parts(Q(**{f"{c.opened}__lt": t.since}) & t.not_before(c.closed))


# --- handling ---------------------------------------------------------------------------------------


@metric("need_handle", _("应处置数"), "count", _("期内到期的，加上期内已处置的；期内立案、没到期也没办完的不算"))
def need_handle_count(c, w, t):
    """应处置."""
    return Parts(need_handle(c, w, t))


@metric("handled", _("处置数"), "count", _("应处置里，期内办完交回的"))
def handled(c, w, t):
    """处置: handed back as done in the period."""
    return Parts(need_handle(c, w, t) & t.holds(c.handled))


@metric("handled_on_time", _("按期处置数"), "count", _("应处置里，期内办完且没过时限的"))
def handled_on_time(c, w, t):
    """按期处置."""
    return Parts(need_handle(c, w, t) & done_on_time(c.handled, c.due, t))


@metric("handled_late", _("超期处置数"), "count", _("应处置里，期内办完但过了时限的"), better="less")
def handled_late(c, w, t):
    """超期处置."""
    return Parts(need_handle(c, w, t) & done_late(c.handled, c.due, t))


@metric("late_not_handled", _("超期未处置数"), "count", _("期内到期、到期末还没办完的"), better="less")
def late_not_handled(c, w, t):
    """超期未处置."""
    return Parts(need_handle(c, w, t) & late_not_done(c.handled, c.due, t))


@metric("handled_rate", _("处置率"), "rate", _("处置数 ÷ 应处置数"), better="more")
def handled_rate(c, w, t):
    """处置率."""
    return Parts(handled(c, w, t).numerator, need_handle(c, w, t))


@metric("handled_on_time_rate", _("按期处置率"), "rate", _("按期处置数 ÷ 应处置数"), better="more")
def handled_on_time_rate(c, w, t):
    """按期处置率."""
    return Parts(handled_on_time(c, w, t).numerator, need_handle(c, w, t))


@metric("late_not_handled_rate", _("超期待处置率"), "rate", _("超期未处置数 ÷ 应处置数"), better="less")
def late_not_handled_rate(c, w, t):
    """超期待处置率."""
    return Parts(late_not_handled(c, w, t).numerator, need_handle(c, w, t))


@metric("extended_rate", _("延期率"), "rate", _("应处置里批过延期的 ÷ 应处置数"), needs=("extensions",))
def extended_rate(c, w, t):
    """延期率."""
    return Parts(need_handle(c, w, t) & _some(c.extensions), need_handle(c, w, t))


@metric("returned_rate", _("回退率"), "rate", _("应处置里被承办单位退回过的 ÷ 应处置数"), needs=("returns",))
def returned_rate(c, w, t):
    """回退率: sent back by a unit at least once."""
    return Parts(need_handle(c, w, t) & _some(c.returns), need_handle(c, w, t))


# --- closing ----------------------------------------------------------------------------------------


@metric("need_close", _("应结案数"), "count", _("结案期限在期内的，加上期内已结案的；没到期也没结的不算"))
def need_close_count(c, w, t):
    """应结案."""
    return Parts(need_close(c, w, t))


@metric("closed", _("结案数"), "count", _("应结案里，期内结案的"), happens="closed", among=filed_rows)
def closed(c, w, t):
    """结案."""
    return Parts(need_close(c, w, t) & t.holds(c.closed))


@metric("closed_on_time", _("按期结案数"), "count", _("应结案里，期内结案且没过结案期限的"))
def closed_on_time(c, w, t):
    """按期结案."""
    return Parts(need_close(c, w, t) & done_on_time(c.closed, c.close_due, t))


@metric("closed_late", _("超期结案数"), "count", _("应结案里，期内结案但过了结案期限的"), better="less")
def closed_late(c, w, t):
    """超期结案."""
    return Parts(need_close(c, w, t) & done_late(c.closed, c.close_due, t))


@metric("late_not_closed", _("超期未结案数"), "count", _("结案期限在期内、到期末还没结案的"), better="less")
def late_not_closed(c, w, t):
    """超期未结案."""
    return Parts(need_close(c, w, t) & late_not_done(c.closed, c.close_due, t))


@metric("late", _("超期数"), "count", _("应结案里过了结案期限的，结了的和没结的都算"), better="less")
def late(c, w, t):
    """超期 = 超期结案 + 超期未结案."""
    return Parts(need_close(c, w, t) & (done_late(c.closed, c.close_due, t) | late_not_done(c.closed, c.close_due, t)))


@metric("closed_rate", _("结案率"), "rate", _("结案数 ÷ 应结案数"), better="more")
def closed_rate(c, w, t):
    """结案率."""
    return Parts(closed(c, w, t).numerator, need_close(c, w, t))


@metric("closed_on_time_rate", _("按期结案率"), "rate", _("按期结案数 ÷ 应结案数"), better="more")
def closed_on_time_rate(c, w, t):
    """按期结案率."""
    return Parts(closed_on_time(c, w, t).numerator, need_close(c, w, t))


@metric("closed_late_rate", _("超期结案率"), "rate", _("超期结案数 ÷ 应结案数"), better="less")
def closed_late_rate(c, w, t):
    """超期结案率."""
    return Parts(closed_late(c, w, t).numerator, need_close(c, w, t))


@metric("reworked_rate", _("返工率"), "rate", _("应结案里返过工的 ÷ 应结案数"), needs=("reworks",), better="less")
def reworked_rate(c, w, t):
    """返工率: found not good at verification at least once."""
    return Parts(need_close(c, w, t) & _some(c.reworks), need_close(c, w, t))


@metric(
    "reopened_rate",
    _("重开率"),
    "rate",
    _("应结案里居民说没解决而重开过的 ÷ 应结案数"),
    needs=("reopenings",),
    better="less",
)
def reopened_rate(c, w, t):
    """重开率."""
    return Parts(need_close(c, w, t) & _some(c.reopenings), need_close(c, w, t))


@metric(
    "settled_rate",
    _("办结率（含结转）"),
    "rate",
    _("期内结案和不予受理的 ÷（期内收到的 + 上期结转）；不予受理另列，不混进结案率"),
)
def settled_rate(c, w, t):
    """办结率 as hotlines publish it: refusals count as settled, what was carried over is in the denominator."""
    load = t.holds(c.opened) | carried(c, w, t).numerator
    return Parts(load & t.holds(c.closed), load)


@metric("settled", _("办成数"), "count", _("应结案里，期内结案且当事人说好了、办成了的"))
def settled(c, w, t):
    """办成: closed in the period with what was asked for; a final answer or a way pointed elsewhere is not that."""
    return Parts(closed(c, w, t).numerator & _in(c.outcome, w["settled"]))


@metric("settled_closed_rate", _("办成率"), "rate", _("办成数 ÷ 结案数"), better="more")
def settled_closed_rate(c, w, t):
    """成功率: settled of what was closed; both sets open."""
    return Parts(settled(c, w, t).numerator, closed(c, w, t).numerator)


@metric("transferred", _("转出数"), "count", _("期内转给本系统以外机关的，另列，不算结案"))
def transferred(c, w, t):
    """转出: handed to a body outside in the period; counted apart, never as closed."""
    return Parts(t.holds(c.closed) & _in(c.outcome, ("transferred",)))


@metric("raised_closed", _("收到后已结数"), "count", _("期内收到的事里，到期末已经结了的"))
def raised_closed(c, w, t):
    """成果清单: the closed part of what was received."""
    return Parts(t.holds(c.opened) & t.by_end(c.closed))


@metric("raised_open", _("收到后还没结数"), "count", _("期内收到的事里，到期末还没结的"))
def raised_open(c, w, t):
    """The open part of what was received: with 收到后已结 it makes 上报 exactly."""
    return Parts(t.holds(c.opened) & t.not_by_end(c.closed))


# --- as it stands -----------------------------------------------------------------------------------


@metric("open", _("在办数"), "count", _("到期末还没结的"))
def still_open(c, w, t):
    """在办: open at the cut."""
    return Parts(t.by_end(c.opened) & t.not_by_end(c.closed))


@metric(
    "open_late",
    _("超期在办数"),
    "count",
    _("到期末还没结，且没办好已过答应日期，或已过结案期限的，不论哪一期到期"),
    better="less",
)
def open_late(c, w, t):
    """超期在办: open at the cut and past its date, whenever that was."""
    past = (t.not_by_end(c.handled) & t.by_end(c.due)) | t.by_end(c.close_due)
    return Parts(t.by_end(c.opened) & t.not_by_end(c.closed) & past)


# --- the three rates --------------------------------------------------------------------------------


@metric(
    "responded_rate",
    _("响应率"),
    "rate",
    _("按时签收并联系诉求人的 ÷ 期内应响应的"),
    needs=("responded", "response_due"),
    better="more",
)
def responded_rate(c, w, t):
    """响应率 = answered first within its limit ÷ owed a first answer."""
    base = filed_rows(c, w, t) & owed(c.responded, c.response_due, t)
    return Parts(base & done_on_time(c.responded, c.response_due, t), base)


@metric(
    "followed_rate",
    _("有效回访率"),
    "rate",
    _("联系上并得到回话的 ÷ 期内做了回访的（含三次不通）"),
    needs=("solved", "followed"),
    better="more",
)
def followed_rate(c, w, t):
    """有效回访率: 无法联系 is in the denominator only."""
    tried = answered(c, w, t) | (_in(c.solved, w["unreachable"]) & t.holds(c.followed))
    return Parts(answered(c, w, t), tried)


@metric("answered", _("有效回访数"), "count", _("期内联系上并得到回话的"), needs=("solved", "followed"), counts="times")
def answered_count(c, w, t):
    """有效回访."""
    return Parts(answered(c, w, t))


@metric("solved", _("解决数"), "count", _("有效回访里说解决了的"), needs=("solved", "followed"), counts="times")
def solved(c, w, t):
    """解决."""
    return Parts(answered(c, w, t) & _in(c.solved, w["solved"]))


@metric(
    "unsolved",
    _("没解决数"),
    "count",
    _("有效回访里说没解决的"),
    needs=("solved", "followed"),
    better="less",
    counts="times",
)
def unsolved(c, w, t):
    """没解决."""
    return Parts(answered(c, w, t) & _in(c.solved, w["unsolved"]))


@metric(
    "false_closed",
    _("虚假办结数"),
    "count",
    _("有效回访的事里，查出过报了办结其实没办的"),
    needs=("solved", "followed", "false_closures"),
    better="less",
)
def false_closed(c, w, t):
    """虚假办结: said to be done, found not to be; counted in the period in which the reporter was last asked."""
    return Parts(answered(c, w, t) & _some(c.false_closures))


@metric(
    "false_closed_rate",
    _("虚假办结率"),
    "rate",
    _("有效回访的事里，查出过报了办结其实没办的 ÷ 有效回访数"),
    needs=("solved", "followed", "false_closures"),
    better="less",
)
def false_closed_rate(c, w, t):
    """虚假办结率."""
    return Parts(false_closed(c, w, t).numerator, answered(c, w, t))


@metric(
    "solved_rate",
    _("解决率"),
    "rate",
    _("说解决了的 ÷ 有效回访数；部分解决不算"),
    needs=("solved", "followed"),
    better="more",
)
def solved_rate(c, w, t):
    """解决率, strict: partly solved is not solved."""
    return Parts(solved(c, w, t).numerator, answered(c, w, t))


@metric(
    "solved_rate_weighted",
    _("解决率（部分解决算半件）"),
    "rate",
    _("（说解决了的 + 部分解决的 × 0.5）÷ 有效回访数"),
    needs=("solved", "followed"),
    better="more",
)
def solved_rate_weighted(c, w, t):
    """解决率, weighted: partly solved counts half."""
    half = answered(c, w, t) & _in(c.solved, w["partly"])
    return Parts(solved(c, w, t).numerator, answered(c, w, t), also=((half, HALF),))


@metric(
    "satisfied_rate",
    _("满意率"),
    "rate",
    _("（满意 + 基本满意）÷ 有效评价数；一般不算满意"),
    needs=("rating", "followed"),
    better="more",
)
def satisfied_rate(c, w, t):
    """满意率, first definition: 一般 is not satisfied."""
    return Parts(rated(c, w, t) & _in(c.rating, w["satisfied"]), rated(c, w, t))


@metric(
    "not_dissatisfied_rate",
    _("满意率（一减不满意率）"),
    "rate",
    _("（有效评价数 - 不满意数）÷ 有效评价数；一般也算在内"),
    needs=("rating", "followed"),
    better="more",
)
def not_dissatisfied_rate(c, w, t):
    """满意率, second definition: 1 - 不满意率."""
    return Parts(rated(c, w, t) & _in(c.rating, w["satisfied"] + w["neutral"]), rated(c, w, t))


@metric(
    "dissatisfied_rate", _("不满意率"), "rate", _("不满意数 ÷ 有效评价数"), needs=("rating", "followed"), better="less"
)
def dissatisfied_rate(c, w, t):
    """不满意率."""
    return Parts(rated(c, w, t) & _in(c.rating, w["dissatisfied"]), rated(c, w, t))


@metric("on_the_spot", _("当场办结数"), "count", _("期内收到、当场就办结的即办件"), needs=("on_the_spot",))
def on_the_spot(c, w, t):
    """自行处置、当即办理: received in the period and settled by whoever took it."""
    return Parts(t.holds(c.opened) & Q(**{c.on_the_spot: True}))


@metric(
    "half_hour_rate",
    _("半小时内办好的占比"),
    "rate",
    _("当场办结里，从收到到办好不超过三十分钟的 ÷ 当场办结数；只用来看，不作要求"),
    needs=("on_the_spot",),
)
def half_hour_rate(c, w, t):
    """半小时就能解决: a description of what was settled on the spot, never a limit; so neither more nor less is better."""
    spot = on_the_spot(c, w, t).numerator
    return Parts(spot & Q(**{f"{c.handled}__lte": F(c.opened) + HALF_HOUR}), spot)
