"""What packs say of rosters and stores: typed views of pinned bodies. Their keys: roster_reader.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from gezhi.foundation import packs
from gezhi.foundation.calendar import is_workday
from gezhi.foundation.calendar.school import in_term
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.packs.typed import Declared


@dataclass(frozen=True)
class Rule:
    """How turns lie under one level. `hours`: slots of a day; `rest` between two turns of one person."""

    id: str
    title: str
    hours: tuple[str, ...]
    crew: int
    rest: timedelta


@dataclass(frozen=True)
class Roster(Declared):
    """One kind of roster."""

    @property
    def register(self) -> str:
        return str(self.body["who"]["register"])

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(self.body["who"]["states"])

    @property
    def planners(self) -> tuple[str, ...]:
        return tuple(self.body["plan"])

    @property
    def levels(self) -> list[Rule]:
        return [_rule(level) for level in self.body["levels"]]

    def rule(self, level: str) -> Rule:
        """The rule of a level; that of no level (calm) is the roster's own. KeyError for one it does not know."""
        if not level:
            return _rule({**self.body, "id": "", "title": {"zh": "", "en": ""}})
        return next((rule for rule in self.levels if rule.id == level), None) or _unknown(level)

    def days(self, first: date, last: date) -> list[date]:
        """The days from `first` to `last` on which there are turns: by the calendar's working days and terms."""
        terms = tuple(((a[0], a[1]), (b[0], b[1])) for a, b in self.body["days"]["terms"])
        work = self.body["days"]["every"] == "work_day"
        every = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return [day for day in every if (not work or is_workday(day)) and (not terms or in_term(day, terms))]


@dataclass(frozen=True)
class Store(Declared):
    """Things that are lent, by whom and for how long."""

    @property
    def unit(self) -> str:
        return localised(self.body["unit"])

    @property
    def things(self) -> Mapping[str, Any]:
        """{"register", "states", "amount"}: a number field, or how many there are of each."""
        return self.body["things"]

    @property
    def lenders(self) -> tuple[str, ...]:
        return tuple(self.body["lend"])

    @property
    def days(self) -> int:
        return int(self.body["days"])

    @property
    def used(self) -> bool:
        """Whether what does not come back was used up, and not lost."""
        return bool(self.body["used"])


def _rule(body: Mapping[str, Any]) -> Rule:
    return Rule(body["id"], localised(body["title"]), tuple(body["hours"]), body["crew"], timedelta(hours=body["rest"]))


def _unknown(level: str) -> Rule:
    raise KeyError(level)


_ROSTERS = packs.Typed("roster", Roster)
_STORES = packs.Typed("store", Store)


def roster(name: str, version: int | None = None) -> Roster:
    """The newest version, or the one asked for. Raises NotFound pack.not_installed."""
    return _ROSTERS.get(name, version)


def rosters() -> list[Roster]:
    """Every roster in force."""
    return _ROSTERS.all()


def store(name: str, version: int | None = None) -> Store:
    """The newest version, or the one asked for. Raises NotFound pack.not_installed."""
    return _STORES.get(name, version)


def stores() -> list[Store]:
    """Every store in force."""
    return _STORES.all()
