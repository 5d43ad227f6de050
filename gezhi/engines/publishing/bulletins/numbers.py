"""The numbers of one bulletin while it is made: each asked once, written down with what opens it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gezhi.engines.publishing.bulletins.frozen import Only, Tally
from gezhi.engines.publishing.bulletins.schema import NAMES, WHEN, metric_of
from gezhi.foundation.measures import METRICS, Figure

NOW, BEFORE, YEAR, CHANGE = "now", "before", "year", "change"


class Numbers:
    """`of` gives the index of a number in `kept`, the list that is frozen with the bulletin.

    A kept number: {"metric", "title", "unit", "counts", "definition", "text", "top", "bottom", "when", "only", "name"};
    `name` is what the frozen rows of its period (`when`) call it, empty for a difference of two.
    """

    def __init__(self, tallies: Mapping[str, Tally], persons: Mapping[str, Mapping[str, Figure]], minimum: int) -> None:
        self._tallies, self._persons, self.minimum = tallies, persons, minimum
        self.kept: list[dict[str, Any]] = []
        self._known: dict[tuple[str, str, Only, str], int] = {}

    def has(self, when: str) -> bool:
        """Whether there is such a period to compare with."""
        return when in self._tallies

    def figure(self, metric: str, when: str = NOW, only: Only = (), day: str = "") -> Figure:
        """A figure by the tally of its period; 无数据 when there is none."""
        m = METRICS[metric]
        if when not in self._tallies:
            return Figure(m.id, str(m.title), m.unit, str(m.definition), None, None, None, None)
        if m.counts == "persons":
            return self._persons[when][metric]
        tally, name = self._tallies[when], f"{metric}@{day}" if day else metric
        if f"{name}_of_n" not in tally.bits:  # a column the engine does not keep
            return Figure(m.id, str(m.title), m.unit, str(m.definition), None, None, None, None)
        top, bottom = tally.top(name, only), tally.bottom(name, only)
        value: int | Decimal | None = top
        if m.unit == "rate":
            value = Decimal(top) / bottom if bottom else None
        return Figure(m.id, str(m.title), m.unit, str(m.definition), value, top, bottom, None)

    def of(self, metric: str, when: str = NOW, only: Only = (), day: str = "") -> int:
        """The index of this number among the kept ones."""
        key = (metric, when, only, day)
        if key not in self._known:
            f, m = self.figure(metric, when, only, day), METRICS[metric]
            counted = m.rows if m.counts == "persons" else metric  # persons open to what they were counted from
            self._keep(key, f, f"{counted}@{day}" if day else counted, f.text)
        return self._known[key]

    def change(self, metric: str, only: Only = ()) -> int:
        """The index of how much more or fewer there are than in the period before, without a sign."""
        key = (metric, CHANGE, only, "")
        if key not in self._known:
            value = self.value(f"change_{metric}", only)
            self._keep(key, self.figure(metric, NOW, only), "", "" if value is None else f"{abs(value):,}")
        return self._known[key]

    def _keep(self, key: tuple[str, str, Only, str], f: Figure, name: str, text: str) -> None:
        metric, when, only, day = key
        self._known[key] = len(self.kept)
        self.kept.append(
            {
                "metric": metric, "title": f.title, "unit": f.unit, "counts": METRICS[metric].counts,
                "definition": f.definition, "text": text, "top": None if f.numerator is None else str(f.numerator),
                "bottom": f.denominator, "when": when, "only": [[dim, list(values)] for dim, values in only],
                "name": name, "day": day, "few": f.denominator is not None and f.denominator < self.minimum,
            }
        )  # fmt: skip

    def named(self, name: str, only: Only) -> int:
        """The number a name in a sentence speaks of."""
        metric, when = metric_of(name), self._when(name)
        return self.change(metric, only) if when == CHANGE else self.of(metric, when, only)

    def value(self, name: str, only: Only) -> Decimal | int | None:
        """What a condition reads: counts as they are, rates in percent with one decimal; None for 无数据."""
        metric, when = metric_of(name), self._when(name)
        if when == CHANGE:
            now, then = self.value(metric, only), self.value(f"before_{metric}", only)
            return None if now is None or then is None else now - then
        f = self.figure(metric, when, only)
        if f.value is None:
            return None
        return f.percent(1) if f.unit == "rate" else f.value

    def values(self, names: list[str], only: Only) -> dict[str, Decimal | int | None]:
        """The same for every name a condition reads."""
        return {name: self.value(name, only) for name in names if name not in NAMES}

    def tally(self, when: str) -> Tally:
        """The tally of a period that is there."""
        return self._tallies[when]

    @staticmethod
    def _when(name: str) -> str:
        if metric_of(name) == name:
            return NOW
        return next(head for head in WHEN if name.startswith(head)).rstrip("_")
