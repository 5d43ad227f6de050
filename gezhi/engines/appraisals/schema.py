"""What packs say of rubrics; typed views of pinned bodies. The body's keys: reader.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gezhi.foundation import expressions as ex
from gezhi.foundation import packs, subjects
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.packs.typed import Declared
from gezhi.foundation.subjects.definitions import rule_aliases, rule_types


@dataclass(frozen=True)
class Rubric(Declared):
    """One rubric in one version."""

    @property
    def of(self) -> Mapping[str, Any]:
        """{"register", "when"} | {"places": kind} | {"posts": [code]}."""
        return self.body["of"]

    @property
    def every(self) -> str:
        """month | quarter | year: one round of each."""
        return str(self.body["every"])

    @property
    def items(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(self.body["items"])

    @property
    def gates(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(self.body["gates"])

    @property
    def bands(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(self.body["bands"])

    @property
    def award(self) -> Mapping[str, Any] | None:
        """{"title", "quota", "per", "band", "by", "ties", "pay", "consent"}."""
        return self.body["award"]

    @property
    def personal(self) -> bool:
        """Whether it speaks of single persons or households: no list of them is put in order of score."""
        if "posts" in self.of:
            return True
        return "register" in self.of and subjects.kind(subjects.register(self.of["register"]).of).personal

    @property
    def shown_to_holders(self) -> bool:
        """Whether whoever is judged reads the result at the portal: people and households on a register not for the inside."""
        if "register" not in self.of:
            return False  # its subjects are places or seats: their ids say nothing of anybody's phone
        declared = subjects.register(self.of["register"])
        return self.personal and not (declared.inside or declared.signed)

    def item(self, id: str) -> Mapping[str, Any] | None:
        """The item of this id."""
        return next((item for item in self.items if item["id"] == id), None)

    def says(self, part: Mapping[str, Any]) -> str:
        """The title of an item, gate or band."""
        return localised(part["title"])

    def band(self, id: str) -> str:
        """What a band is called; empty for none."""
        return next((localised(band["title"]) for band in self.bands if band["id"] == id), "")

    def at_least(self, band: str, least: str) -> bool:
        """Whether a band is this one or above it."""
        order = [one["id"] for one in self.bands]
        return band in order and order.index(band) >= order.index(least)

    @cached_property
    def members(self) -> ex.Program | None:
        """Who of a register is meant."""
        return self._compiled(self.of["when"], ex.Truth) if self.of.get("when") else None

    @cached_property
    def conditions(self) -> dict[str, ex.Program]:
        """By gate."""
        return {gate["id"]: self._compiled(gate["that"], ex.Truth) for gate in self.gates}

    @cached_property
    def values(self) -> dict[str, ex.Program]:
        """By item that is an expression over the line."""
        found = {item["id"]: item["from"].get("value") for item in self.items}
        return {id: self._compiled(source, ex.Number) for id, source in found.items() if source}

    def _compiled(self, source: str, kind: ex.Type) -> ex.Program:
        types, aliases = scope(self.of, [item["id"] for item in self.items], {})
        return ex.compile(source, types, expect=kind, aliases=aliases)


def scope(
    of: Mapping[str, Any], items: list[str], known: Mapping[str, Any]
) -> tuple[dict[str, ex.Type], dict[str, str]]:
    """What gates and values may read: the line's open fields; gates the score and each item's points as well.

    `known`: registers of packs being read (Context.shared); without it those in force.
    """
    types: dict[str, ex.Type] = {"score": ex.Number} | {f"points_{id}": ex.Number for id in items}
    aliases: dict[str, str] = {"总分": "score"}
    if name := of.get("register"):
        if known:
            said = known.get(name, {"types": {}, "aliases": {}})
            types, aliases = {**said["types"], **types}, {**said["aliases"], **aliases}
        else:
            form = subjects.register(name).form
            types, aliases = {**rule_types(form), **types}, {**rule_aliases(form), **aliases}
    return types, aliases


_RUBRICS = packs.Typed("rubric", Rubric)


def rubric(name: str, version: int | None = None) -> Rubric:
    """The newest version, or the one a round was opened by. Raises NotFound pack.not_installed."""
    return _RUBRICS.get(name, version)


def rubrics() -> list[Rubric]:
    """Every rubric in force."""
    return _RUBRICS.all()
