"""What packs say of matches: who needs, who offers, what has to hold. The body's keys: match_reader.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from gezhi.engines.matching.match_reader import scope
from gezhi.foundation import expressions as ex
from gezhi.foundation import packs, subjects
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.packs.typed import Declared
from gezhi.foundation.subjects.definitions import rule_aliases, rule_types


@dataclass(frozen=True)
class Match(Declared):
    """One kind of allocation."""

    @property
    def unit(self) -> str:
        """What amounts count ("万元"); empty when everybody is one."""
        return localised(self.body.get("unit"))

    @property
    def by(self) -> str:
        return str(self.body["by"])

    @property
    def needs(self) -> Mapping[str, Any]:
        return self.body["needs"]

    @property
    def offers(self) -> Mapping[str, Any]:
        return self.body["offers"] or {}

    @property
    def relation(self) -> str:
        return str(self.body["relation"])

    @property
    def workflow(self) -> str:
        """By which each pair becomes a case; empty when none does."""
        return str(self.body["case"])

    @property
    def wish(self) -> Mapping[str, Any] | None:
        """{"relation", "by"}: only pairs that were ticked fit; offers tick for themselves, these posts for any of them."""
        return self.body.get("wish")

    @property
    def share(self) -> Mapping[str, Any] | None:
        """{"title", "register", "of", "in"}: what part `of` is of the sum of the fields `in`."""
        return self.body.get("share")

    @property
    def adopters(self) -> tuple[str, ...]:
        return tuple(self.body["adopt"])

    def says(self, number: int) -> str:
        """What a condition says when it does not hold."""
        return localised(self.body["must"][number]["says"])

    @cached_property
    def must(self) -> list[ex.Program]:
        return [self._compiled(item["that"], ex.Truth) for item in self.body["must"]]

    @cached_property
    def weight(self) -> ex.Program | None:
        return self._compiled(self.body["weight"], ex.Number) if self.body["weight"] else None

    @cached_property
    def likes(self) -> tuple[ex.Program, ex.Program]:
        said = self.body["likes"]
        return self._compiled(said["need"], ex.Number), self._compiled(said["offer"], ex.Number)

    def _compiled(self, source: str, kind: ex.Type) -> ex.Program:
        known = {}
        for side in (self.needs, self.offers):
            if side:
                form = subjects.register(side["register"]).form
                known[side["register"]] = {"types": rule_types(form), "aliases": rule_aliases(form)}
        types, aliases = scope(self.needs, self.offers or None, known)
        return ex.compile(source, types, expect=kind, aliases=aliases)


_MATCHES = packs.Typed("match", Match)


def match(name: str) -> Match:
    """The newest version. Raises NotFound pack.not_installed."""
    return _MATCHES.get(name)


def matches() -> list[Match]:
    """Every match in force."""
    return _MATCHES.all()


def number(value: Any) -> Decimal:
    """What an expression of numbers gave; nothing counts as 0."""
    return value if isinstance(value, Decimal) else Decimal(str(value)) if value is not None else Decimal(0)
