"""The rows behind many figures, each with what it counts for: one reading, from which everything else is a sum.

Each row is marked with the conditions it satisfies (one bit each, in whole numbers that the database adds up). What is
frozen for good is made of these marks: totals, tables and rates of a sealed bulletin add up by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, Q, QuerySet, Value, When

from gezhi.foundation.measures.parts import Cut, Parts
from gezhi.foundation.measures.periods import Period
from gezhi.foundation.measures.query import DIMENSIONS, _cut, _facts, _parts, _scope, _then
from gezhi.foundation.measures.registry import METRICS, Metric

#: Bits in one whole number of the database (64 with a sign).
WIDTH = 60


@dataclass(frozen=True)
class Line:
    """`count` rows that lie in `groups` (by the dimensions asked for) and satisfy the conditions of `mask`."""

    groups: tuple[Any, ...]
    mask: int
    count: int


def mark(
    ids: Iterable[str],
    *,
    by: Sequence[str],
    period: Period | Cut,
    place: int | None = None,
    at: datetime | None = None,
    within: Mapping[str, Cut] | None = None,
) -> Marked:
    """Every row of a place and period with its groups and marks, for what is frozen. `within`: marks of parts of the
    period, by "<metric>@<name>" (a day of a week)."""
    metrics = [METRICS[id] for id in ids]
    if persons := [m.id for m in metrics if m.counts == "persons"]:
        raise ValueError(f"persons do not add up over groups: {', '.join(persons)}")
    return Marked(metrics, tuple(by), _cut(period, at), place, within)


class Marked:
    """The rows of a cut with their marks. `bits`: by `<metric>_of_n` (numerator), `_of_d`, `_of_w0` …; `weights` of the last."""

    def __init__(
        self,
        metrics: Sequence[Metric],
        by: tuple[str, ...],
        cut: Cut,
        place: int | None,
        within: Mapping[str, Cut] | None = None,
    ) -> None:
        if wrong := set(by) - set(DIMENSIONS):
            raise ValueError(f"figures are not cut by {', '.join(sorted(wrong))}")
        facts = _then(_facts(list(metrics)), cut.end)
        self.by, self.cut = by, cut
        self.parts: Mapping[str, Parts] = _parts(list(metrics), facts, cut)
        self.bits: dict[str, int] = {}
        self.weights: dict[str, Decimal] = {}
        self._conditions: list[Q] = []
        known: dict[Q, int] = {}
        wanted = dict(self.parts)
        for name, part_of in (within or {}).items():
            id = name.partition("@")[0]
            if id in (found := _parts([METRICS[id]], facts, part_of)):
                wanted[name] = found[id]
        for name, parts in wanted.items():
            self._mark(known, f"{name}_of_n", parts.numerator)
            if parts.denominator is not None:
                self._mark(known, f"{name}_of_d", parts.denominator)
            for number, (rows, weight) in enumerate(parts.also):
                self._mark(known, f"{name}_of_w{number}", rows)
                self.weights[f"{name}_of_w{number}"] = weight
        inside = _scope(facts, place, (), cut).order_by()
        self._columns = []
        for name in by:
            column = getattr(facts.columns, name)
            if column in inside.query.annotations:  # no column of the table: an alias that the engine has worked out
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
            whole: Any = terms[0]
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
        known: dict[tuple[int, ...], int] = {}
        for line in lines.iterator(chunk_size=5000):
            given = line[width:]
            if (mask := known.get(given)) is None:
                mask = known[given] = _whole(given)
            if mask:
                yield line[0], tuple(line[1:width]), mask


def _whole(masks: Sequence[int]) -> int:
    return sum(mask << (n * WIDTH) for n, mask in enumerate(masks))
