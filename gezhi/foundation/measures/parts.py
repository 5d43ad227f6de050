"""The two halves of a figure as database filters, and the moment it is cut at.

Everything here is about *when* something had happened. A figure of a period looks at the world as it stood at
`Cut.end`, the end of the period or now if the period still runs, so October says the same in November.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import F, Q


@dataclass(frozen=True)
class Cut:
    """A period [since, until) as seen at `at` (all aware UTC)."""

    since: datetime
    until: datetime
    at: datetime

    @property
    def end(self) -> datetime:
        """The last instant that counts: a running period ends now."""
        return max(self.since, min(self.until, self.at))

    def holds(self, field: str) -> Q:
        """`field` lies in the period (and has happened)."""
        return Q(**{f"{field}__gte": self.since, f"{field}__lt": self.end})

    def by_end(self, field: str) -> Q:
        """`field` had happened at the cut."""
        return Q(**{f"{field}__lt": self.end})

    def not_by_end(self, field: str) -> Q:
        """`field` had not happened at the cut."""
        return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": self.end})

    def not_before(self, field: str) -> Q:
        """`field` had not happened when the period began."""
        return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": self.since})


@dataclass(frozen=True)
class Parts:
    """What is counted, over what. `also`: further rows that count with a weight (部分解决 counts half); `distinct`: the
    column whose different values are counted instead of rows (persons); `total`: the column that is added up over the
    rows instead (person-times)."""

    numerator: Q
    denominator: Q | None = None
    also: tuple[tuple[Q, Decimal], ...] = ()
    distinct: str = ""
    total: str = ""

    @property
    def counted(self) -> Q:
        """Rows the numerator opens to."""
        rows = self.numerator
        for more, _weight in self.also:
            rows = rows | more
        return rows


class Columns:
    """Logical names to the column names of one engine: `c.due` -> "due_at"."""

    def __init__(self, names: Mapping[str, str]):
        self._names = dict(names)

    def __getattr__(self, name: str) -> str:
        try:
            return self._names[name]
        except KeyError:
            raise AttributeError(f"these facts have no column for {name!r}") from None

    @property
    def close_due(self) -> str:
        """By when a row should be closed; where the engine keeps no such date, when it was to be handled."""
        return self._names.get("close_due", self._names["due"])

    def has(self, *names: str) -> bool:
        """Whether the engine supplies all these columns."""
        return all(name in self._names for name in names)

    def names(self) -> frozenset[str]:
        """Every logical name supplied."""
        return frozenset(self._names)


def owed(done: str, due: str, cut: Cut) -> Q:
    """应办: fell due in the period, or was done in it. The one place where this is decided.

    Not yet due and not done is not owed. Done before the period began was counted then and is not
    counted again when its date comes. Due earlier and still open belongs to the period of its date;
    when it is done at last, it is owed (and late) in that later period.
    """
    return cut.holds(done) | (cut.holds(due) & cut.not_before(done))


def done_on_time(done: str, due: str, cut: Cut) -> Q:
    """Done in the period, not after its date. A row without a date cannot be late."""
    return cut.holds(done) & (Q(**{f"{due}__isnull": True}) | Q(**{f"{done}__lte": F(due)}))


def done_late(done: str, due: str, cut: Cut) -> Q:
    """Done in the period, after its date."""
    return cut.holds(done) & Q(**{f"{done}__gt": F(due)})


def late_not_done(done: str, due: str, cut: Cut) -> Q:
    """Fell due in the period and was not done at the cut."""
    return cut.holds(due) & cut.not_by_end(done)
