"""What is counted (metrics) and where from (facts). Engines declare facts; metrics are declared here once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
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


METRICS: dict[str, Metric] = {}
_SOURCES: dict[str, Source] = {}

#: Values engines use unless they say otherwise.
WORDS: dict[str, tuple] = {
    "refused": ("not_accepted",),
    "not_filed": ("not_accepted", "void", "merged", "transferred"),
    "solved": ("yes",),
    "partly": ("partly",),
    "unsolved": ("no",),
    "unreachable": ("unreachable",),
    "satisfied": ("very", "fairly"),
    "neutral": ("so_so",),
    "dissatisfied": ("no",),
}


def facts(name: str, rows: Callable[[], QuerySet], fields: Mapping[str, str], **words: tuple) -> None:
    """Register an engine's rows as facts `name`. Called in the engine's `AppConfig.ready`.

    `fields` maps logical column names to ORM names; an optional `until` names a column not before any other
    instant of the row (far in the future while it is open), which lets figures skip what was over before their
    period; `words` overrides classes of WORDS, for instance
    `satisfied=("good", "fair")`. Raises ValueError when a required column is missing.
    """
    missing = [need for need in REQUIRED.get(name, ()) if need not in fields]
    if missing:
        raise ValueError(f"facts {name!r} lack the columns {', '.join(missing)}")
    _SOURCES[name] = Source(name, rows, Columns(fields), {**WORDS, **words})


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
) -> Callable:
    """Declare a metric: the decorated rule gets (columns, words, cut) and returns its Parts."""

    def keep(rule: Callable) -> Callable:
        if id in METRICS:
            raise ValueError(f"metric {id!r} is declared twice")
        METRICS[id] = Metric(id, title, unit, definition, rule, needs, source, better)
        return rule

    return keep
