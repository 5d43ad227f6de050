"""A row of `Done` written with its event: what changed, and nothing personal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gezhi.engines.duties.models import DONE_FIELDS, Done, Enrolment
from gezhi.engines.duties.rhythms import Period
from gezhi.engines.duties.rules import Rule
from gezhi.foundation import db, events
from gezhi.foundation.events import GENESIS, Draft, Head, PrivateRef
from gezhi.foundation.people import Actor
from gezhi.foundation.places.placed import PATH


def new_ids(count: int) -> list[int]:
    """Ids of rows to come, because a stream is named before its row is written."""
    return db.new_ids(Done, count)


def row_of(rule: Rule, enrolled: Enrolment, period: Period, state: str) -> Done:
    """A row of a period as its enrolment stands, not yet written."""
    return Done(
        rule=rule.name, version=rule.version, subject_id=enrolled.subject_id, entry_id=enrolled.entry_id,
        period=period.key, opens=period.opens, closes=period.closes, state=state, seat_id=enrolled.seat_id,
        **{column: getattr(enrolled, column) for column in PATH},
    )  # fmt: skip


def stream(row: Done) -> str:
    """The stream of a row."""
    return f"duty:{row.pk}"


def told(row: Done, ref: PrivateRef | None = None) -> dict[str, Any]:
    """Every column that says something, as after-values."""
    patch = {name: getattr(row, name) for name in DONE_FIELDS if getattr(row, name) not in (None, "", False, 0, {})}
    if ref is not None:
        patch["private_ref"] = ref
    return patch


def insert(
    rows: Sequence[Done], kind: str, *, actor: Actor, refs: dict[int, PrivateRef] | None = None,
    claimed_at: datetime | None = None,
) -> None:  # fmt: skip
    """New rows (with their ids) and their first events, in few statements. Inside a write."""
    if not rows:
        return
    refs = refs or {}
    drafts = [
        Draft(stream(row), kind, told(row, refs.get(row.pk)), head=GENESIS, claimed_at=claimed_at) for row in rows
    ]
    for row, head in zip(rows, events.record_many(drafts, actor=actor), strict=True):
        row.event_seq, row.event_hash = head.seq, head.hash
    db.insert_many(rows)


def store(
    row: Done, kind: str, *, actor: Actor, ref: PrivateRef | None = None, claimed_at: datetime | None = None,
    reason: str | None = None,
) -> None:  # fmt: skip
    """A row that changed and the event that says so. The row is locked by the caller."""
    patch = {name: getattr(row, name) for name in DONE_FIELDS}
    if ref is not None:
        patch["private_ref"] = ref
    elif row.private_ref is not None:
        patch.pop("private_ref")
    head = events.record(
        stream(row), kind, actor=actor, head=Head(row.event_seq, bytes(row.event_hash)), patch=patch,
        claimed_at=claimed_at, reason=reason,
    )  # fmt: skip
    row.event_seq, row.event_hash = head.seq, head.hash
    row.save()
