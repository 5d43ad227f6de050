"""What posting rules may begin with. Other rooms' records are told here by `flows`, which alone knows them.

A source turns the streams that changed into the facts that hold now. A rule posts once for each fact; a fact that holds
no more is reversed. The `key` of a fact decides what counts once: an hour for one person and one slot.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gezhi.foundation.expressions import Type


@dataclass(frozen=True)
class Fact:
    """One thing that holds. `holder`, `label`: whose account; `values`: what the rule's condition and amount read."""

    key: str
    about: str
    holder: str
    place_id: int
    day: date
    values: Mapping[str, Any]
    label: str = ""


@dataclass(frozen=True)
class Source:
    """`facts(streams) -> facts that hold now`; `types`: what a rule may read; `holders`: whose accounts they can be.

    `by_register`: the rule names a register, and reads its fields besides `types`. `claims(keys) -> streams` finds who else
    states facts of these keys, when one of them was taken back.
    """

    name: str
    title: Any
    prefix: str
    types: Mapping[str, Type]
    holders: tuple[str, ...]
    facts: Callable[[Collection[str], str], list[Fact]]
    by_register: bool = False
    claims: Callable[[Collection[str]], list[str]] = field(default=lambda keys: [])


SOURCES: dict[str, Source] = {}


def offer(source: Source) -> None:
    """Put a source into the catalogue; the same one may be offered again."""
    SOURCES[source.name] = source
