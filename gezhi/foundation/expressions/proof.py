"""Do the guards of a gate cover every case, and no case twice?

Fields with few values are enumerated. A number or date that the guards only compare with constants is cut at
those constants: one representative below, at, and between each is exact, not a sample. Every field may
also be empty unless the caller says it is required. A field of any other use makes the question undecidable
here; the gate then needs an `else`.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .compiler import Program, walk
from .tree import Between, Binary, Items, Literal, Name, Node, Unary
from .types import Type

MAX_CELLS = 10_000
EPSILON = Decimal("0.000000000001")


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Why the guards are not a clean split.

    `kind` "gap": with `values` no guard holds; "overlap": the guards numbered `guards` (from 0) hold together;
    "undecided": `fields` cannot be enumerated within 10,000 cells.
    """

    kind: str
    values: Mapping[str, Any]
    guards: tuple[int, ...] = ()
    fields: tuple[str, ...] = ()


def exhaustive_and_disjoint(
    guards: Sequence[Program],
    types: Mapping[str, Type],
    *,
    required: Iterable[str] = (),
    disjoint: bool = True,
    exhaustive: bool = True,
    today: dt.date | None = None,
) -> Counterexample | None:
    """None when for every combination of field values exactly one guard holds (with `disjoint=False`: at least one,
    with `exhaustive=False`: at most one).

    The first combination that fails is returned, in a fixed order, so the same flaw is reported the same way.
    """
    filled = frozenset(required)
    reads = sorted(frozenset().union(*(g.reads for g in guards))) if guards else []
    domains: dict[str, list[Any]] = {}
    cells = 1
    for name in reads:
        domain = _domain(name, types[name], guards)
        if domain is None or any(g.needs_today for g in guards if name in g.reads):
            return Counterexample("undecided", {}, fields=(name,))
        domains[name] = domain if name in filled else [*domain, None]
        cells *= len(domains[name])
        if cells > MAX_CELLS:
            return Counterexample("undecided", {}, fields=tuple(reads))
    if any(g.needs_today for g in guards):
        return Counterexample("undecided", {}, fields=("today",))
    for cell in itertools.product(*domains.values()):
        values = dict(zip(domains, cell, strict=True))
        held = tuple(i for i, guard in enumerate(guards) if guard.holds(values, today=today))
        if not held and exhaustive:
            return Counterexample("gap", values)
        if disjoint and len(held) > 1:
            return Counterexample("overlap", values, guards=held)
    return None


def cells(guards: Sequence[Program], types: Mapping[str, Type], *, required: Iterable[str] = ()) -> int | None:
    """How many combinations `exhaustive_and_disjoint` would try; None when they cannot be enumerated."""
    filled = frozenset(required)
    count = 1
    for name in sorted(frozenset().union(*(g.reads for g in guards))) if guards else []:
        domain = _domain(name, types[name], guards)
        if domain is None:
            return None
        count *= len(domain) + (name not in filled)
        if count > MAX_CELLS:
            return None
    return count


def _domain(name: str, type_: Type, guards: Sequence[Program]) -> list[Any] | None:
    """Every value worth trying (without empty), or None when there are endlessly many kinds of value."""
    if type_.kind == "truth":
        return [True, False]
    if type_.kind == "choice":
        return list(type_.values)
    constants: set[Any] = set()
    for guard in guards:
        if name in guard.reads and not _constants(guard.tree, name, constants):
            return None
    if type_.kind == "text":
        return [*sorted(constants), _other_text(constants)]
    if type_.kind == "list":
        return [(), ("x",)] if not constants else None
    return _regions(sorted(constants), type_)


def _other_text(constants: set[str]) -> str:
    other = "…"
    while other in constants:
        other += "…"
    return other


def _regions(points: list[Any], type_: Type) -> list[Any]:
    if not points:
        return [Decimal(0) if type_.kind == "number" else dt.date(2000, 1, 1)]
    if type_.kind == "date":
        day = dt.timedelta(days=1)
        near = {p + step for p in points for step in (-day, day * 0, day) if dt.date.min < p < dt.date.max}
        return sorted(near | set(points))
    regions = [points[0] - 1]
    for point, following in itertools.zip_longest(points, points[1:]):
        regions.append(point)
        regions.append(point + 1 if following is None else (point + following) / 2)
    return regions


def _constants(tree: Node, name: str, found: set[Any]) -> bool:
    """Collect the constants `name` is compared with; False when it is used in any other way."""
    for node in walk(tree):
        if isinstance(node, Name):
            continue
        if not any(isinstance(p, Name) and p.name == name for p in node.parts()):
            continue
        match node:
            case Unary(op="empty" | "not empty"):
                continue
            case Binary(op="=" | "!=" | "<" | "<=" | ">" | ">="):
                other = node.right if isinstance(node.left, Name) and node.left.name == name else node.left
                sides = [other]
            case Between() if isinstance(node.operand, Name) and node.operand.name == name:
                sides = [node.low, node.high]
            case Binary(op="in" | "not in") if isinstance(node.left, Name) and isinstance(node.right, Items):
                sides = list(node.right.items)
            case _:
                return False
        if not all(isinstance(s, Literal) for s in sides):
            return False
        found.update(s.value for s in sides if isinstance(s, Literal))
    return True


def describe(values: Mapping[str, Any]) -> str:
    """The values of a counterexample on one line: `状态 = open，次数 = 3`; an empty field shows as 空."""
    return "，".join(f"{k} = {'空' if v is None else v}" for k, v in values.items())


__all__ = ["Counterexample", "cells", "describe", "exhaustive_and_disjoint"]
