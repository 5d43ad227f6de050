"""Many figures cut by several dimensions at once, from a single reading of the rows.

Each row is marked with the conditions it satisfies (one bit each, in whole numbers the database adds up), and rows
with the same marks and groups are counted together. Totals, tables and rates are then sums over those few lines, so
they add up by construction and no row is looked at twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, Q, QuerySet, Value, When

from gezhi.foundation.measures.figures import Figure, Row
from gezhi.foundation.measures.parts import Cut, Parts
from gezhi.foundation.measures.periods import Period
from gezhi.foundation.measures.query import DIMENSIONS, Where, _cut, _facts, _figure, _parts, _scope, _Then, _then
from gezhi.foundation.measures.registry import METRICS, Metric

#: Bits in one whole number of the database (64 with a sign).
WIDTH = 60

Filter = tuple[str, Any]


@dataclass(frozen=True)
class Line:
    """`count` rows that lie in `groups` (by the cube's dimensions) and satisfy the conditions of `mask`."""

    groups: tuple[Any, ...]
    mask: int
    count: int


class Cube:
    """Lines, and the figures that are sums over them. Made by `cube`."""

    def __init__(
        self,
        metrics: Sequence[Metric],
        by: tuple[str, ...],
        lines: Iterable[Line],
        bits: Mapping[str, int],
        parts: Mapping[str, Parts],
        cut: Cut,
        place: int | None,
        fixed: tuple[Filter, ...],
    ) -> None:
        self.by, self.lines, self.bits = by, list(lines), dict(bits)
        self.cut, self.place, self._fixed = cut, place, fixed
        self._metrics, self._parts = {m.id: m for m in metrics}, parts

    def total(self) -> dict[str, Figure]:
        """Every figure of the whole, as `measure` gives it."""
        masks: Counter[int] = Counter()
        for line in self.lines:
            masks[line.mask] += line.count
        return self._figures(masks, self._fixed)

    def table(self, by: str) -> list[Row]:
        """The figures by one of the cube's dimensions, as `table` gives them; empty groups are left out."""
        at = self.by.index(by)
        groups: dict[Any, Counter[int]] = {}
        for line in self.lines:
            groups.setdefault(line.groups[at], Counter())[line.mask] += line.count
        # In the order a database gives: by the group, what is not known last.
        found = sorted((key for key in groups if key is not None)) + ([None] if None in groups else [])
        rows = [Row(key, self._figures(groups[key], (*self._fixed, (by, key)))) for key in found]
        return [row for row in rows if any(f.numerator or f.denominator for f in row.figures.values())]

    def _figures(self, masks: Mapping[int, int], where: tuple[Filter, ...]) -> dict[str, Figure]:
        line = {name: sum(n for mask, n in masks.items() if mask >> bit & 1) for name, bit in self.bits.items()}
        return {
            id: _figure(m, self._parts.get(id), line, self.cut, self.place, where) for id, m in self._metrics.items()
        }


def cube(
    ids: Iterable[str],
    *,
    by: Sequence[str],
    period: Period | Cut,
    place: int | None = None,
    at: datetime | None = None,
    where: Where | None = None,
) -> Cube:
    """The figures of a place and period with what cuts them by each of `by`: one query, one reading of the rows."""
    metrics = [METRICS[id] for id in ids]
    cut, fixed = _cut(period, at), tuple((where or {}).items())
    found = _Marked(metrics, tuple(by), cut, place, fixed)
    return Cube(metrics, tuple(by), found.counted(), found.bits, found.parts, cut, place, fixed)


class _Marked:
    """The rows of a cut with their marks."""

    def __init__(
        self,
        metrics: Sequence[Metric],
        by: tuple[str, ...],
        cut: Cut,
        place: int | None,
        fixed: tuple[Filter, ...],
        within: Mapping[str, Cut] | None = None,
    ) -> None:
        if wrong := set(by) - set(DIMENSIONS):
            raise ValueError(f"figures are not cut by {', '.join(sorted(wrong))}")
        facts = _then(_facts(list(metrics)), cut.end)
        self.parts = _parts(list(metrics), facts, cut)
        self.bits: dict[str, int] = {}
        self._conditions: list[Q] = []
        known: dict[Q, int] = {}
        wanted = dict(self.parts)
        for name, part_of in (within or {}).items():
            id = name.partition("@")[0]
            wanted |= {name: parts for parts in _parts([METRICS[id]], facts, part_of).values()}
        for name, parts in wanted.items():
            self._mark(known, f"{name}_of_n", parts.numerator)
            if parts.denominator is not None:
                self._mark(known, f"{name}_of_d", parts.denominator)
            for number, (rows, _weight) in enumerate(parts.also):
                self._mark(known, f"{name}_of_w{number}", rows)
        inside = _scope(facts, place, fixed, cut).order_by()
        self._columns = []
        for name in by:
            column = getattr(facts.columns, name)
            if isinstance(facts, _Then) and name in facts.columns_then:
                inside, column = inside.annotate(**{f"group_{name}": F(column)}), f"group_{name}"
            self._columns.append(column)
        self._rows = inside

    def _mark(self, known: dict[Q, int], name: str, condition: Q) -> None:
        bit = known.setdefault(condition, len(self._conditions))
        if bit == len(self._conditions):
            self._conditions.append(condition)
        self.bits[name] = bit

    def _masks(self) -> dict[str, Any]:
        masks: dict[str, Any] = {}
        for start in range(0, len(self._conditions), WIDTH):
            terms = [
                Case(When(condition, then=Value(1 << n, output_field=BigIntegerField())), default=Value(0), output_field=BigIntegerField())
                for n, condition in enumerate(self._conditions[start : start + WIDTH])
            ]  # fmt: skip
            whole = terms[0]
            for term in terms[1:]:
                whole = whole + term
            masks[f"mask{start // WIDTH}"] = whole
        return masks

    def counted(self) -> Iterator[Line]:
        """Rows of the same groups and marks counted together."""
        masks = self._masks()
        lines = (
            self._rows.annotate(**masks).values(*self._columns, *masks).annotate(how_many=Count("pk")).values_list(
                *self._columns, *masks, "how_many"
            )
        )  # fmt: skip
        width = len(self._columns)
        for line in lines:
            if mask := _whole(line[width:-1]):
                yield Line(tuple(line[:width]), mask, line[-1])

    def each(self) -> Iterator[tuple[int, tuple[Any, ...], int]]:
        """(id, groups, mask) of every row that counts anywhere, by id."""
        masks = self._masks()
        lines: QuerySet = self._rows.annotate(**masks).order_by("pk").values_list("pk", *self._columns, *masks)
        width = 1 + len(self._columns)
        for line in lines.iterator(chunk_size=5000):
            if mask := _whole(line[width:]):
                yield line[0], tuple(line[1:width]), mask


def _whole(masks: Sequence[int]) -> int:
    return sum(mask << (n * WIDTH) for n, mask in enumerate(masks))

