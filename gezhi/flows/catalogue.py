"""The typed catalogue of what a rule may do. An action is read and checked when its pack loads, and done in batches.

A new action is one `offer`: its reader notes every flaw with its line, its doer gets what matched together and writes
in the transaction that also completes the jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gezhi.foundation.packs import Context

from .occurrences import Occurrence


@dataclass(frozen=True)
class Match:
    """One thing that happened and the rule it matched. `key`: of the pair, the same at every replay."""

    key: str
    occurrence: Occurrence
    given: Mapping[str, Any]


@dataclass(frozen=True)
class ActionKind:
    """`read(node, event name, context) -> given` (JSON); `do(matches)` inside a write."""

    name: str
    read: Callable[[Any, str, Context], dict[str, Any]]
    do: Callable[[Sequence[Match]], None]


ACTIONS: dict[str, ActionKind] = {}


def offer(action: ActionKind) -> None:
    """Put an action into the catalogue; the same one may be offered again."""
    ACTIONS[action.name] = action
