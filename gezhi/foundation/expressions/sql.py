"""A condition as a piece of SQL, where that means the very same: for sets too large to read row by row.

`where(program, columns)` gives (text, parameters), or None when the condition says something that only the closures can
answer exactly (arithmetic, functions, decimal numbers out of JSON). Callers keep a road without SQL for those.
docs/rules/expressions.md
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .compiler import Program
from .tree import Between, Binary, Items, Literal, Logic, Name, Node, Unary
from .types import Type

_COMPARE = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(frozen=True)
class Column:
    """Where a field is read: `sql` gives NULL when it is empty, else text (dates as 2026-11-18), a whole number, or 1 and 0."""

    sql: str
    type: Type


class _Beyond(Exception):
    """Something this road does not know."""


def where(program: Program, columns: Mapping[str, Column]) -> tuple[str, list[Any]] | None:
    """The condition over these columns: true exactly where `program.holds`; None when it cannot be said."""
    given: list[Any] = []
    try:
        return _truth(program.tree, columns, given), given
    except _Beyond:
        return None


def _truth(node: Node, columns: Mapping[str, Column], given: list[Any]) -> str:
    match node:
        case Logic():
            parts = [_truth(item, columns, given) for item in node.items]
            return "(" + f" {'AND' if node.op == 'and' else 'OR'} ".join(parts) + ")"
        case Unary(op="not"):
            return f"(NOT {_truth(node.operand, columns, given)})"
        case Unary(op="empty"):
            return f"({_value(node.operand, columns, given)} IS NULL)"
        case Unary(op="not empty"):
            return f"({_value(node.operand, columns, given)} IS NOT NULL)"
        case Between():
            # The operand stands twice, and so do its parameters.
            low = f"{_value(node.operand, columns, given)} >= {_value(node.low, columns, given)}"
            return f"({low} AND {_value(node.operand, columns, given)} <= {_value(node.high, columns, given)})"
        case Binary(op="in" | "not in", right=Items(items=listed)) if listed:
            left = _value(node.left, columns, given)
            among = ", ".join(_value(_literal(item), columns, given) for item in listed)
            return f"({left} {'IN' if node.op == 'in' else 'NOT IN'} ({among}))"
        case Binary() if node.op in _COMPARE:
            left = _value(node.left, columns, given)
            return f"({left} {_COMPARE[node.op]} {_value(node.right, columns, given)})"
        case Name() if columns.get(node.name, _NONE).type.kind == "truth":
            return f"({columns[node.name].sql} = 1)"
    raise _Beyond


_NONE = Column("", Type("none"))


def _literal(node: Node) -> Node:
    if not isinstance(node, Literal):
        raise _Beyond
    return node


def _value(node: Node, columns: Mapping[str, Column], given: list[Any]) -> str:
    match node:
        case Literal():
            given.append(_written(node.value))
            return "%s"
        case Name():
            column = columns.get(node.name)
            if column is None or column.type.kind not in ("text", "choice", "date", "number", "truth"):
                raise _Beyond
            return column.sql
    raise _Beyond


def _written(value: Any) -> Any:
    """A literal as a parameter: whole numbers only, dates as text, truth as 1 and 0."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        if value != value.to_integral_value() or abs(value) > 1_000_000_000:
            raise _Beyond
        return int(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str) and value:
        return value
    raise _Beyond
