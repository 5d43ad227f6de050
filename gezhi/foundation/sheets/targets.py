"""What sheets can become: an engine registers what it takes and how, this room never knows what a case is.

A target's functions get plain values of one row by field id, as `cells` read them. All writing happens in `fill` and
`withdraw`, inside the caller's transaction: a batch is written whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from .cells import Field

if TYPE_CHECKING:
    from gezhi.foundation.packs import Context
    from gezhi.foundation.people import Actor

    from .layouts import Layout


@dataclass(frozen=True)
class Ask:
    """For whom and from whom a sheet comes in. `place_id`: where rows go that name no place, and nothing outside it."""

    layout: Layout
    place_id: int
    actor: Actor
    run_id: int = 0
    # What a target keeps from row to row of one pass (who is here already, which rows came before).
    memory: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Wrong:
    """A cell's problem: the field it stands in, a code of `problems.WORDS` and what fills its words. `harmless` ones
    are told and do not keep the row back."""

    field: str
    code: str
    facts: Mapping[str, Any]
    harmless: bool = False


@dataclass(frozen=True)
class Target:
    """`check(values, ask) -> [Wrong]` may add to the values what it worked out (a place from words).
    `known(keys) -> {key: subject id}`: which of the sender's numbers are here already.
    `fill([(key, values)], ask) -> [subject id]` writes a batch; `touched(ids) -> [label]` names those somebody has
    worked on since; `withdraw(ids, ask) -> withdrawn ids`; `label(ids) -> {id: words}`; `see(id) -> (route, id)`.
    `reply_rows(ask, since, until) -> rows by reply source`; `replies`: source -> title."""

    name: str
    title: Any
    fields: tuple[Field, ...]
    check: Callable[[dict[str, Any], Ask], list[Wrong]]
    known: Callable[[Sequence[str]], dict[str, int]]
    fill: Callable[[Sequence[tuple[str, dict[str, Any]]], Ask], list[int]]
    touched: Callable[[Sequence[int]], list[str]]
    withdraw: Callable[[Sequence[int], Ask], list[int]]
    power: str
    replies: Mapping[str, Any]
    reply_rows: Callable[[Ask, date, date], Any] | None = None
    check_value: Callable[[str, Any, Context], Any] | None = None
    read_options: Callable[[Any, Context], dict[str, Any]] | None = None


TARGETS: dict[str, Target] = {}


def register(target: Target) -> None:
    """Make a target known; called once when Django starts."""
    TARGETS[target.name] = target


def target(name: str) -> Target:
    """The target of that name; KeyError when no engine takes it."""
    return TARGETS[name]
