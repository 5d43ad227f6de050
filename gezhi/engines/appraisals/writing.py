"""Recording a change of a round and writing its row: one event, one row, and the parts that changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gezhi.engines.appraisals import events
from gezhi.engines.appraisals.models import Mark, Objection, Result, Round
from gezhi.foundation import events as log
from gezhi.foundation.events import rows
from gezhi.foundation.people import Actor
from gezhi.foundation.people.answering import acting


def keep(row: Round, texts: Mapping[str, str]) -> dict[str, log.PrivateRef]:
    """Words of a round, encrypted beside the log; empty ones are left out."""
    said = {name: text for name, text in texts.items() if text}
    return log.keep(f"round:{row.pk}", said) if said else {}


def state(row: Round, names: Iterable[str]) -> dict[str, Any]:
    """Columns as an event tells them."""
    return {name: getattr(row, name) for name in names}


def mark_part(row: Mark, refs: Mapping[str, log.PrivateRef]) -> dict[str, Any]:
    """A mark as it stands in the event."""
    return _part(row, events.MARK, events.MARK_REFS, refs)


def objection_part(row: Objection, refs: Mapping[str, log.PrivateRef]) -> dict[str, Any]:
    """An objection as it stands in the event."""
    return _part(row, events.OBJECTION, events.OBJECTION_REFS, refs)


def result_part(row: Result) -> dict[str, Any]:
    """A result as it stands in the event."""
    return {name: getattr(row, name) for name in events.RESULT}


def _part(
    row: Any, fields: Iterable[str], refs: Mapping[str, str], new: Mapping[str, log.PrivateRef]
) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in fields}
    for name, column in refs.items():
        # What was kept before is told by its id alone; its hash stands in the event that brought it.
        told[name] = new[name] if name in new else getattr(row, column)
    return told


def put(row: Round, kind: str, patch: Mapping[str, Any], *, actor: Actor, new: bool = False) -> None:
    """Append the event to the round's stream in the seat acted in, move its head, write the row."""
    rows.put(row, kind, patch, actor=actor, seat=acting(actor), new=new)
