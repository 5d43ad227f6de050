"""Recording a change of a session and writing its row: one event, one row, and the parts that changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from gezhi.engines.matching import events
from gezhi.engines.matching.models import Booking, Item, Session
from gezhi.foundation import events as log
from gezhi.foundation.events.rows import put
from gezhi.foundation.people import Actor
from gezhi.foundation.people.answering import acting

__all__ = ["acting", "booking_part", "item_part", "keep", "put", "save", "state_of"]


def keep(session_id: int, texts: Mapping[str, str]) -> dict[str, log.PrivateRef]:
    """Personal text of a session, encrypted beside the log."""
    return log.keep(f"session:{session_id}", texts) if texts else {}


def state_of(row: Session, names: Iterable[str] = events.SESSION) -> dict[str, Any]:
    """Columns of the row as an event tells them."""
    return {name: getattr(row, name) for name in names}


def booking_part(row: Booking, refs: Mapping[str, log.PrivateRef] | None = None) -> dict[str, Any]:
    """A booking as it stands in the event."""
    return _part(row, events.BOOKING, events.BOOKING_REFS, refs or {})


def item_part(row: Item, refs: Mapping[str, log.PrivateRef] | None = None) -> dict[str, Any]:
    """A line of the minutes as it stands in the event."""
    return _part(row, events.ITEM, events.ITEM_REFS, refs or {})


def _part(
    row: Any, fields: Iterable[str], refs: Mapping[str, str], new: Mapping[str, log.PrivateRef]
) -> dict[str, Any]:
    told = {name: _plain(getattr(row, name)) for name in fields}
    for name, column in refs.items():
        # What was kept before is told by its id alone; its hash stands in the event that brought it.
        told[name] = new[name] if name in new else getattr(row, column)
    return told


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def save(
    row: Session,
    kind: str,
    patch: Mapping[str, Any],
    *,
    actor: Actor,
    seat: int | None = None,
    new: bool = False,
    claimed_at: datetime | None = None,
    reason: log.PrivateRef | None = None,
) -> None:
    """Append the event of a session, in the seat acted in unless told, and write it."""
    put(
        row, kind, patch, actor=actor, seat=acting(actor) if seat is None else seat, new=new, claimed_at=claimed_at, reason=reason
    )  # fmt: skip
