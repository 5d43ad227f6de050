"""The functions of the language: their Chinese and English names, what they take, what they give.

Every function of an empty argument is empty, except 取值 (first argument that is not empty) and 若.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_lazy as _

from .errors import ExpressionError
from .types import Date, Number, Truth, Type, arithmetic, same_family

CONTEXT = arithmetic()
ZERO = Decimal(0)


def finite(value: Decimal) -> Decimal | None:
    """What could not be computed (division by zero, beyond 10^999) is empty."""
    return value if value.is_finite() else None


def days_between(since: dt.date, until: dt.date) -> Decimal:
    """Days from `since` to `until`; negative when `until` is earlier."""
    return Decimal((until - since).days)


def months_between(since: dt.date, until: dt.date) -> Decimal:
    """Full months from `since` to `until`; a month that begins on the 31st is full on the last day of a
    shorter one. Negative, and the mirror image, when `until` is earlier."""
    if until < since:
        return -months_between(until, since)
    months = (until.year - since.year) * 12 + until.month - since.month
    last_day = (until + dt.timedelta(days=1)).month != until.month
    if until.day < since.day and not last_day:
        months -= 1
    return Decimal(months)


def years_between(since: dt.date, until: dt.date) -> Decimal:
    """Full years (age), born on 29 February is a year older on 28 February of a common year's last day."""
    months = months_between(since, until)
    return CONTEXT.divide_int(months, Decimal(12))


def round_half_up(value: Decimal, digits: Decimal = ZERO) -> Decimal | None:
    """Half away from zero to `digits` decimals (0 to 10), as people are taught at school: 2.5 → 3, -2.5 → -3."""
    if digits != digits.to_integral_value() or not 0 <= digits <= 10:
        return None
    return finite(value.quantize(Decimal(1).scaleb(-int(digits)), context=CONTEXT))


def add_days(date: dt.date, days: Decimal) -> dt.date | None:
    """`date` moved by whole days (a fraction is cut off); empty outside the years 1 to 9999."""
    if abs(days) > 4_000_000:
        return None
    try:
        return date + dt.timedelta(days=int(days))
    except OverflowError:
        return None


def contains(whole: Any, piece: Any) -> bool:
    """Whether a text holds a piece of text, or a list holds an item."""
    return piece in whole


def length(value: str | tuple[Any, ...]) -> Decimal:
    """Characters of a text, items of a list."""
    return Decimal(len(value))


def total(values: tuple[Decimal, ...]) -> Decimal | None:
    """The sum of a list of numbers; 0 for a list without items."""
    result = ZERO
    for value in values:
        result = CONTEXT.add(result, value)
    return finite(result)


def share(whole: Decimal, which: Decimal, *weights: Decimal) -> Decimal | None:
    """What the `which`-th (from 1) of the weights bears of a sum in yuan, to the cent, by the largest remainder: all parts
    together are the sum again, exactly. None for a sum that is not whole cents, a negative weight or none at all."""
    cents = whole * 100
    fits = which == which.to_integral_value() and 1 <= which <= len(weights)
    if not fits or cents != cents.to_integral_value() or cents < 0 or min(weights) < 0 or not sum(weights):
        return None
    exact = [Fraction(cents) * Fraction(w) / sum(Fraction(x) for x in weights) for w in weights]
    parts = [int(e) for e in exact]
    left = int(cents) - sum(parts)
    # What is equal goes to whoever was written first: the same bill is always shared in the same way.
    first = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))
    for n in first[:left]:
        parts[n] += 1
    return finite(Decimal(parts[int(which) - 1]) / 100)


@dataclass(frozen=True, slots=True)
class Function:
    """`types(column, arguments) -> result type` raises ExpressionError; `apply` gets computed arguments."""

    name: str
    chinese: tuple[str, ...]
    english: tuple[str, ...]
    types: Callable[[int, Sequence[Type]], Type]
    apply: Callable[..., Any] | None = None
    needs_today: bool = False


def _fault(column: int, name: str, wanted: Any) -> ExpressionError:
    return ExpressionError(
        "expression.arguments", column, _("函数“{name}”要这样写：{wanted}。"), name=name, wanted=wanted
    )


def _fixed(name: str, wanted: Any, result: Type, *shapes: tuple[Type, ...]):
    def types(column: int, given: Sequence[Type]) -> Type:
        if not any(
            len(shape) == len(given) and all(a == b for a, b in zip(shape, given, strict=True)) for shape in shapes
        ):
            raise _fault(column, name, wanted)
        return result

    return types


def _alike(name: str, wanted: Any, ordered: bool):
    def types(column: int, given: Sequence[Type]) -> Type:
        if len(given) < 2 or len(given) > 20:
            raise _fault(column, name, wanted)
        first = given[0]
        if any(t != first for t in given) or (ordered and first.kind not in ("number", "date")):
            raise _fault(column, name, wanted)
        return first

    return types


def _share(column: int, given: Sequence[Type]) -> Type:
    if 4 <= len(given) <= 20 and all(t == Number for t in given):
        return Number
    raise _fault(column, "分摊", _("分摊(总数, 第几份, 甲的份额, 乙的份额, …)"))


def _contains(column: int, given: Sequence[Type]) -> Type:
    if len(given) == 2:
        whole, piece = given
        if whole.kind == "list" and whole.item is not None and same_family(whole.item, piece):
            return Truth
        if whole.kind in ("text", "choice") and piece.kind in ("text", "choice"):
            return Truth
    raise _fault(column, "包含", _("包含(文字或列表, 其中一项)"))


def _length(column: int, given: Sequence[Type]) -> Type:
    if len(given) == 1 and given[0].kind in ("text", "choice", "list"):
        return Number
    raise _fault(column, "长度", _("长度(文字或列表)"))


def _total(column: int, given: Sequence[Type]) -> Type:
    if len(given) == 1 and given[0].kind == "list" and given[0].item == Number:
        return Number
    raise _fault(column, "合计", _("合计(数字列表)"))


def _choose(column: int, given: Sequence[Type]) -> Type:
    if len(given) == 3 and given[0] == Truth and given[1].kind == given[2].kind:
        return given[1] if given[1] == given[2] else Type(given[1].kind) if given[1].kind != "list" else given[1]
    raise _fault(column, "若", _("若(条件, 成立时的值, 不成立时的值)"))


_ONE_DATE = ((Date,), (Date, Date))
FUNCTIONS: dict[str, Function] = {
    f.name: f
    for f in (
        Function("today", ("今天", "今日"), ("today",), _fixed("今天", _("今天"), Date, ()), None, True),
        Function("days", ("天数",), ("days",), _fixed("天数", _("天数(从哪天, 到哪天)"), Number, *_ONE_DATE), days_between, True),
        Function("months", ("月数",), ("months",), _fixed("月数", _("月数(从哪天, 到哪天)"), Number, *_ONE_DATE), months_between, True),
        Function("years", ("年数", "周岁"), ("years",), _fixed("年数", _("年数(从哪天, 到哪天)"), Number, *_ONE_DATE), years_between, True),
        Function("contains", ("包含",), ("contains",), _contains, contains),
        Function("length", ("长度", "个数"), ("length",), _length, length),
        Function("max", ("最大", "较大"), ("max",), _alike("最大", _("最大(甲, 乙, …)"), True), lambda *v: max(v)),
        Function("min", ("最小", "较小"), ("min",), _alike("最小", _("最小(甲, 乙, …)"), True), lambda *v: min(v)),
        Function("round", ("四舍五入",), ("round",), _fixed("四舍五入", _("四舍五入(数字, 小数位数)"), Number, (Number,), (Number, Number)), round_half_up),
        Function("abs", ("绝对值",), ("abs",), _fixed("绝对值", _("绝对值(数字)"), Number, (Number,)), abs),
        Function("sum", ("合计",), ("sum",), _total, total),
        Function("year", ("年份",), ("year",), _fixed("年份", _("年份(日期)"), Number, (Date,)), lambda d: Decimal(d.year)),
        Function("month", ("月份",), ("month",), _fixed("月份", _("月份(日期)"), Number, (Date,)), lambda d: Decimal(d.month)),
        Function("day", ("日子",), ("day",), _fixed("日子", _("日子(日期)"), Number, (Date,)), lambda d: Decimal(d.day)),
        Function("share", ("分摊",), ("share",), _share, share),
        Function("if", ("若", "如果"), ("if",), _choose),
        Function("first", ("取值",), ("first",), _alike("取值", _("取值(字段, 空时用的值)"), False)),
    )
}  # fmt: skip
WRITTEN = {written: f.name for f in FUNCTIONS.values() for written in (*f.chinese, *f.english)}
