"""A row changed is an event recorded: the small arithmetic that every writer of the room shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import IntegrityError, models

from gezhi.foundation import db, events
from gezhi.foundation.calendar import clock
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.events import GENESIS, Draft, Head, PrivateRef
from gezhi.foundation.people import Actor

from . import refusals
from .models import ENTRY_FIELDS, RELATION_FIELDS, SUBJECT_FIELDS, Entry, Relation, Subject

FIELDS: dict[type[models.Model], tuple[str, ...]] = {
    Subject: SUBJECT_FIELDS, Entry: ENTRY_FIELDS, Relation: RELATION_FIELDS,
}  # fmt: skip
PREFIX = {Subject: "subject", Entry: "entry", Relation: "relation"}
Row = Subject | Entry | Relation
OLDEST = date(1900, 1, 1)

# Which refusal a broken constraint stands for; SQLite names the columns, PostgreSQL the constraint.
_ONCE: tuple[tuple[tuple[str, ...], Any], ...] = (
    (("subject_once_a_village", "subjects_subject.ident_hash"), refusals.KNOWN_IN_VILLAGE),
    (("entry_one_at_a_time", "subjects_entry.key"), refusals.ONE_ONLY),
    (("relation_one_other", "subjects_relation.one_key"), refusals.RELATION_ONE_ONLY),
    (("relation_other_one", "subjects_relation.other_key"), refusals.RELATION_ONE_ONLY),
    (("relation_once", "subjects_relation.kind, subjects_relation.one_id"), refusals.RELATION_ONCE),
)


def stream(row: Row) -> str:
    """The stream of a row."""
    return f"{PREFIX[type(row)]}:{row.pk}"


def told(row: Row, refs: Mapping[int, PrivateRef]) -> dict[str, Any]:
    """The whole row as after-values of its first event; what equals the column's default is left out."""
    patch: dict[str, Any] = {}
    for name in FIELDS[type(row)]:
        value = getattr(row, name)
        if value is None or value == "" or value is False:
            continue
        patch[name] = refs[value] if name == "private_ref" else value
    return patch


def store(rows: Sequence[Row], kind: str, *, actor: Actor, refs: Mapping[int, PrivateRef]) -> None:
    """New rows (with their ids) and their first events: two statements for up to some hundred rows."""
    if not rows:
        return
    drafts = [Draft(stream(row), kind, told(row, refs), head=GENESIS) for row in rows]
    for row, head in zip(rows, events.record_many(drafts, actor=actor), strict=True):
        row.event_seq, row.event_hash = head.seq, head.hash
    try:
        db.insert_many(rows)  # with the ids their events already name
    except IntegrityError as error:
        raise clash(error, rows) from error


def clash(error: IntegrityError, rows: Sequence[Row] = ()) -> Exception:
    """The refusal a broken constraint means; anything else is the error itself."""
    words = str(error)
    for marks, refusal in _ONCE:
        if any(mark in words for mark in marks):
            first = rows[0] if rows else None
            return refusal(register=_title(first), kind=_title(first))
    return error


def _title(row: Row | None) -> str:
    from . import definitions

    if isinstance(row, Entry):
        return definitions.register(row.register).said
    if isinstance(row, Relation):
        return definitions.relation_kind(row.kind).said
    return ""


def change_rows(
    changes: Iterable[tuple[Row, Mapping[str, Any]]],
    kind: str,
    *,
    actor: Actor,
    refs: Mapping[int, PrivateRef] | None = None,
    extra: Mapping[str, Any] | None = None,
    reason: str | PrivateRef | None = None,
    also: Sequence[str] = (),
) -> None:
    """Give locked rows new values and record one event each. `also`: columns that are set but told nowhere.

    `extra` stands in each patch beside the values. Rows of one model only.
    """
    pairs = list(changes)
    if not pairs:
        return
    drafts, names = [], set(also)
    for row, values in pairs:
        patch: dict[str, Any] = dict(extra or {})
        for name, value in values.items():
            setattr(row, name, value)
            if name in FIELDS[type(row)]:
                patch[name] = (refs or {}).get(value, value) if name == "private_ref" else value
        names |= set(values)
        head = Head(row.event_seq, bytes(row.event_hash))
        drafts.append(Draft(stream(row), kind, patch, head=head, reason=reason))
    rows = [row for row, _values in pairs]
    columns = sorted(names | {"event_seq", "event_hash"})
    try:
        if len(rows) == 1:
            with db.pipelined():  # the event and the row in one wait
                (head,) = events.record_many(drafts, actor=actor)
                rows[0].event_seq, rows[0].event_hash = head.seq, head.hash
                db.update(rows[0], columns)
                db.said()
            return
        for row, head in zip(rows, events.record_many(drafts, actor=actor), strict=True):
            row.event_seq, row.event_hash = head.seq, head.hash
        manager: Any = type(rows[0])._default_manager
        manager.bulk_update(rows, columns, batch_size=200)
    except IntegrityError as error:
        raise clash(error, rows) from error


def ids(model: type[models.Model], count: int) -> list[int]:
    """Ids for rows to be inserted in this write."""
    return new_ids(model, count)


def day(value: date | None, *, least: date = OLDEST) -> date:
    """The day of an act: today when not said. Raises Invalid subject.day for the future or before `least`."""
    today = clock.today()
    if value is None:
        return max(today, least)
    if not isinstance(value, date) or not max(OLDEST, least) <= value <= today:
        raise refusals.DAY(field_errors={"on": refusals.DAY().what})
    return value
