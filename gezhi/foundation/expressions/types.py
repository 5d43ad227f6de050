"""Types of fields and results, and how a stored value becomes one the language can compute with.

Computed values: Text `str`, Choice `str`, Number `decimal.Decimal`, Truth `bool`, Date `datetime.date`,
ListOf a `tuple`; an empty field is None whatever its type. Stored values may also be what JSON keeps:
`int` or decimal text for a number, ISO text for a date. Binary floats are refused: 0.1 has no float.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .errors import ExpressionError

ZONE = ZoneInfo("Asia/Shanghai")
MAX_TEXT = 20_000
MAX_LIST = 1_000
MAX_DIGITS = 28


@dataclass(frozen=True, slots=True)
class Type:
    """A type: `kind`, the values of a choice with their labels, the item type of a list."""

    kind: str
    values: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    item: Type | None = None

    @property
    def name(self) -> str | Promise:
        """What the type is called in a sentence."""
        return NAMES[self.kind]

    def value_of(self, written: str) -> str | None:
        """The choice value that `written` (a value or its label) stands for, or None."""
        if written in self.values:
            return written
        return dict(self.labels).get(written)


Text = Type("text")
Number = Type("number")
Truth = Type("truth")
Date = Type("date")

NAMES = {
    "text": _("文字"),
    "number": _("数字"),
    "truth": _("是否"),
    "date": _("日期"),
    "choice": _("选项"),
    "list": _("列表"),
}


def Choice(values: Iterable[str], labels: Mapping[str, str] | None = None) -> Type:
    """A choice among `values`; `labels` maps a label people read to the value it stands for."""
    return Type("choice", values=tuple(values), labels=tuple(sorted((labels or {}).items())))


def ListOf(item: Type) -> Type:
    """A list of items of one type (at most 1,000 of them)."""
    return Type("list", item=item)


def arithmetic() -> Context:
    """28 digits, half up, no traps: what cannot be computed becomes an empty value, never an exception."""
    return Context(prec=MAX_DIGITS, rounding="ROUND_HALF_UP", Emin=-999, Emax=999, traps=[])


def same_family(left: Type, right: Type) -> bool:
    """Whether two types may be compared for equality: text and choice count as one family."""
    texts = ("text", "choice")
    if left.kind in texts and right.kind in texts:
        return True
    return left.kind == right.kind != "list"


def _wrong(type_: Type, name: str) -> ExpressionError:
    return ExpressionError("expression.value", 0, _("“{field}”的值不是{type}。"), field=name, type=type_.name)


def _number(value: Any, type_: Type, name: str) -> Decimal | None:
    if type(value) is bool or not isinstance(value, int | str | Decimal):
        raise _wrong(type_, name)
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if len(value) > 40:
            raise _wrong(type_, name)
    elif isinstance(value, int) and value.bit_length() > 128:
        raise _wrong(type_, name)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _wrong(type_, name) from None
    if not number.is_finite() or abs(number.adjusted()) > 40:
        raise _wrong(type_, name)
    return number


def _date(value: Any, type_: Type, name: str) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.astimezone(ZONE).date() if value.tzinfo else value.date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, str):
        if not value:
            return None
        try:
            return dt.date.fromisoformat(value[:10])
        except ValueError:
            raise _wrong(type_, name) from None
    raise _wrong(type_, name)


def _text(value: Any, type_: Type, name: str) -> str | None:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise _wrong(type_, name)
    return value or None


def _truth(value: Any, type_: Type, name: str) -> bool:
    if value is True or value is False:
        return value
    raise _wrong(type_, name)


def _list(value: Any, type_: Type, name: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple | set | frozenset) or len(value) > MAX_LIST:
        raise _wrong(type_, name)
    item = type_.item or Text
    return tuple(v for v in (admit(x, item, name) for x in value) if v is not None)


ADMIT: dict[str, Callable[[Any, Type, str], Any]] = {
    "text": _text,
    "choice": _text,
    "number": _number,
    "truth": _truth,
    "date": _date,
    "list": _list,
}


def admit(value: Any, type_: Type, name: str) -> Any:
    """The computable form of a stored value; None for an empty one.

    Raises ExpressionError("expression.value") naming the field when the value is of another type.
    """
    if value is None:
        return None
    return ADMIT[type_.kind](value, type_, name)
