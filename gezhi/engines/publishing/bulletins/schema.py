"""A bulletin template as the engine uses it: sections of sentences, figures and tables over metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gezhi.foundation import packs
from gezhi.foundation.measures import METRICS

PERIODS = ("week", "month", "quarter")
LEVELS = ("county", "town", "village", "grid")
#: What a section may be narrowed by and a table cut by. Persons are not among them.
ONLY = {"cases": ("workflow", "channel", "category", "reach"), "duties": ("rule",)}
TABLES = {"cases": ("unit", "category", "below", "day"), "duties": ("rule", "below", "day")}
#: What a bulletin counts: rows of this source of facts, and the count that says how much there was to tell.
OF = {"cases": "reported", "duties": "duties_due"}
#: `reach`: whether the unit that handles it stands in the place or above it.
REACH = ("within", "above")
#: Counts that happen on a day: those of the days of a period add up to it exactly.
BY_DAY = frozenset(
    {"reported", "accepted", "filed", "refused", "on_the_spot", "handled", "handled_on_time", "handled_late", "closed",
     "closed_on_time", "closed_late", "settled", "transferred", "answered", "solved", "unsolved",
     "duties_due", "duties_done", "duties_missed", "duties_waived", "duties_open", "duties_late", "duties_cases"}
)  # fmt: skip
#: {reported}: this period; {before_reported}: the one before; {year_reported}: the same one last year; {change_reported}.
WHEN = ("before_", "year_", "change_")
#: What stands beside figures in a sentence.
NAMES = ("place", "period", "period_before")


@dataclass(frozen=True)
class Template:
    """`sections`: {id, title, only, text, figures, table, public}; see reader.py for their shape. `counts`: a key of OF."""

    name: str
    version: int
    hash: str
    title: Mapping[str, str]
    periods: tuple[str, ...]
    levels: tuple[str, ...]
    automatic: bool
    issuers: Mapping[str, str]
    minimum: int
    sections: tuple[Mapping[str, Any], ...]
    counts: str = "cases"

    @classmethod
    def of(cls, name: str, version: int, hash: str, body: Mapping[str, Any]) -> Template:
        """The typed view of a pinned body."""
        return cls(
            name=name,
            version=version,
            hash=hash,
            title=body["title"],
            periods=tuple(body["periods"]),
            levels=tuple(body["levels"]),
            automatic=body["automatic"],
            issuers=body["issuers"],
            minimum=body["minimum"],
            sections=tuple(body["sections"]),
            counts=body.get("of", "cases"),
        )

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric its sections speak of, in the order of the catalogue."""
        used = {id for section in self.sections for id in metrics_of(section)}
        return tuple(id for id in METRICS if id in used)

    @property
    def added(self) -> tuple[str, ...]:
        """The metrics whose rows are marked: all but those of persons, which bring the count they were counted from."""
        used = {METRICS[id].rows if METRICS[id].counts == "persons" else id for id in self.metrics}
        return (OF[self.counts], *(id for id in METRICS if id in used and id != OF[self.counts]))

    @property
    def by_day(self) -> tuple[str, ...]:
        """Metrics that some table counts day by day."""
        tables = [s["table"] for s in self.sections if s["table"] and s["table"]["by"] == "day"]
        used = {id for table in tables for id in table["figures"]}
        return tuple(id for id in METRICS if id in used)


def metric_of(name: str) -> str:
    """The metric a name in a sentence speaks of: change_reported -> reported; itself when it is one."""
    if name in METRICS:
        return name
    return next((name[len(head) :] for head in WHEN if name.startswith(head)), name)


def metrics_of(section: Mapping[str, Any]) -> Iterable[str]:
    """Metrics of one section."""
    yield from section["figures"]
    if section["table"]:
        yield from section["table"]["figures"]
    for piece in section["text"]:
        if "causes" in piece:
            yield piece["causes"]["of"]
        yield from (metric_of(name) for name in piece["reads"] if name not in NAMES)


_TYPED = packs.Typed("bulletin", Template.of)


def template(name: str, version: int | None = None) -> Template:
    """The newest version, or the one a bulletin was sealed with. Raises NotFound pack.not_installed."""
    return _TYPED.get(name, version)


def templates(*, period: str | None = None, level: str | None = None) -> list[Template]:
    """The newest version of every template, those for a kind of period and level of place."""
    return [t for t in _TYPED.all() if (period is None or period in t.periods) and (level is None or level in t.levels)]
