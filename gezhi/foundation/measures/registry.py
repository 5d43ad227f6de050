"""What is counted (metrics) and where from (facts). Engines declare facts; metrics are declared here once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise

from gezhi.foundation.measures.parts import Columns, Cut, Parts

#: Columns a source of kind "cases" must name, and those that only some metrics need.
REQUIRED = {
    "cases": ("opened", "closed", "due", "outcome", "handled", "county", "town", "village", "grid", "category"),
    "items": ("opened", "done", "due", "stage", "owner"),
}


@dataclass(frozen=True)
class Source:
    """Rows of one engine. `words` maps logical classes (refused, satisfied …) to the engine's own values."""

    name: str
    rows: Callable[[], QuerySet]
    columns: Columns
    words: Mapping[str, tuple] = field(default_factory=dict)
    as_of: AsOf | None = None


@dataclass(frozen=True)
class Past:
    """Rows as they were placed at an instant: `columns` by logical name, where they differ from today's;
    `near(column, ids)`: a filter by index that leaves out none of the rows whose past `column` is among the ids."""

    rows: Callable[[], QuerySet]
    columns: Mapping[str, str]
    near: Callable[[str, Sequence[int]], Q]


#: What an engine says about an earlier instant; None = the rows lie today where they lay then.
AsOf = Callable[[datetime], "Past | None"]


@dataclass(frozen=True)
class Metric:
    """A named figure. `unit` "count" or "rate"; `rule(columns, words, cut) -> Parts`."""

    id: str
    title: Promise | str
    unit: str
    definition: Promise | str
    rule: Callable[[Columns, Mapping[str, tuple], Cut], Parts]
    needs: tuple[str, ...] = ()
    source: str = "cases"
    better: str = ""  # "more", "less" or "": which way is good, for wording and colour only
    #: For a count of what happens at one instant: the column of the instant, and among which rows (columns, words).
    happens: str = ""
    among: Callable[[Columns, Mapping[str, tuple]], Q] = lambda c, w: Q()
    rows: str = ""  # for persons: the count whose rows they were counted from
    counts: str = "matters"  # matters 件, times 人次, persons 人: what one unit of a count is; they never mix


METRICS: dict[str, Metric] = {}
_SOURCES: dict[str, Source] = {}

#: Values engines use unless they say otherwise.
WORDS: dict[str, tuple] = {
    "refused": ("not_accepted",),
    "settled": ("done",),
    "not_filed": ("not_accepted", "void", "merged", "transferred"),
    "merged": ("merged",),
    "solved": ("yes",),
    "partly": ("partly",),
    "unsolved": ("no",),
    "unreachable": ("unreachable",),
    "satisfied": ("very", "fairly"),
    "neutral": ("so_so",),
    "dissatisfied": ("no",),
}


def facts(
    name: str, rows: Callable[[], QuerySet], fields: Mapping[str, str], *, as_of: AsOf | None = None, **words: tuple
) -> None:
    """Register an engine's rows as facts `name`. Called in the engine's `AppConfig.ready`.

    `fields` maps logical column names to ORM names; an optional `until` names a column not before any other
    instant of the row (far in the future while it is open), which lets figures skip what was over before their
    period; `as_of(instant)` says where rows lay then, when places have changed since; `words` overrides classes of WORDS, for instance
    `satisfied=("good", "fair")`. Raises ValueError when a required column is missing.
    """
    missing = [need for need in REQUIRED.get(name, ()) if need not in fields]
    if missing:
        raise ValueError(f"facts {name!r} lack the columns {', '.join(missing)}")
    _SOURCES[name] = Source(name, rows, Columns(fields), {**WORDS, **words}, as_of)


def source(name: str) -> Source:
    """The registered facts; LookupError when no engine declared them."""
    try:
        return _SOURCES[name]
    except KeyError:
        raise LookupError(f"no engine has registered facts {name!r}") from None


def metric(
    id: str,
    title: Any,
    unit: str,
    definition: Any,
    *,
    needs: tuple[str, ...] = (),
    source: str = "cases",
    better: str = "",
    counts: str = "matters",
    happens: str = "",
    among: Callable[[Columns, Mapping[str, tuple]], Q] = lambda c, w: Q(),
    rows: str = "",
) -> Callable:
    """Declare a metric: the decorated rule gets (columns, words, cut) and returns its Parts.

    `happens`, `among`: when the rule is "the instant lies in the period, among these rows", so that many periods are
    counted in one reading (query.series).
    """

    def keep(rule: Callable) -> Callable:
        if id in METRICS:
            raise ValueError(f"metric {id!r} is declared twice")
        METRICS[id] = Metric(id, title, unit, definition, rule, needs, source, better, happens, among, rows, counts)
        return rule

    return keep
