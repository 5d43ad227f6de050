"""Appending to the log and reading a stream back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db import IntegrityError, connection
from django.db.transaction import TransactionManagementError

from gezhi.foundation import db
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict

from . import refusals
from .chain import GENESIS, Head, PrivateRef, canonical, event_hash, stamp
from .folding import upcast
from .models import Event

_COLUMNS = "stream, seq, kind, version, actor_person, actor_seat, actor_name, at, claimed_at, patch, prev, hash"
_ROW = "(" + ", ".join(["%s"] * 12) + ")"
_INSERT = f"INSERT INTO events_event ({_COLUMNS}) VALUES "
_ONE = _INSERT + _ROW
# 12 values a row; SQLite takes 32,766 parameters in one statement.
BULK = 2_000
REASON_LIMIT = 200


class Doer(Protocol):
    """What the log needs of `people.Actor`."""

    @property
    def kind(self) -> str: ...
    @property
    def person_id(self) -> int | None: ...
    @property
    def name(self) -> str: ...
    @property
    def seats(self) -> tuple[int, ...]: ...


@dataclass(slots=True)
class Draft:
    """One event for `record_many`. `head` None = follows the stream's previous draft in the same call."""

    stream: str
    kind: str
    patch: Mapping[str, Any]
    head: Head | None = None
    private: Mapping[str, PrivateRef] = field(default_factory=dict)
    claimed_at: datetime | None = None
    version: int = 1
    reason: str | PrivateRef | None = None
    seat: int | None = None


def record(
    stream: str,
    kind: str,
    *,
    actor: Doer,
    patch: Mapping[str, Any],
    head: Head,
    private: Mapping[str, PrivateRef] | Sequence[tuple[str, PrivateRef]] = (),
    claimed_at: datetime | None = None,
    version: int = 1,
    reason: str | PrivateRef | None = None,
    seat: int | None = None,
) -> Head:
    """Append one event to `stream` in the current transaction (exactly one INSERT) and return the new head.

    `head` is the stream's end as the caller's locked state row knows it; GENESIS for a new stream.
    `patch`: after-values, JSON; it holds no personal text, only `PrivateRef`s made by `keep()`, which may
    also be given as `private` {name: ref} and then stand in the patch under their names. Keys beginning
    with `@` belong to this room. `reason`: a short ground (at most 200 characters) or a PrivateRef for
    free words. `seat`: the seat the actor acted in; when left out, their only seat if they have just one.

    Raises Conflict `event.stale` when the stream has gone on since `head`, Invalid `event.unfit` for
    a stream, kind, patch or reason that cannot be stored, TransactionManagementError outside a write.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("An event is recorded inside db.write(), with what it tells.")
    row = _row(stream, kind, actor, patch, head, private, claimed_at, version, reason, seat, stamp(clock.now()))
    _one(row)
    return Head(head.seq + 1, row[-1])


def _one(row: tuple) -> None:
    try:
        db.tell(_ONE, row)
    except IntegrityError as error:
        raise Conflict("event.stale", stream=row[0], seq=row[1] - 1) from error


def record_many(drafts: Iterable[Draft], *, actor: Doer) -> list[Head]:
    """Append many events by one actor at one moment; returns their heads in order.

    One INSERT for up to 2,000 events. Several drafts of one stream are chained in the order given: the
    first names its `head` (GENESIS for a new stream), the next may leave it out. Raises as `record()`.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("Events are recorded inside db.write(), with what they tell.")
    at = stamp(clock.now())
    ends: dict[str, Head] = {}
    heads: list[Head] = []
    rows: list[tuple] = []
    for draft in drafts:
        head = draft.head or ends.get(draft.stream, GENESIS)
        row = _row(
            draft.stream,
            draft.kind,
            actor,
            draft.patch,
            head,
            draft.private,
            draft.claimed_at,
            draft.version,
            draft.reason,
            draft.seat,
            at,
        )
        ends[draft.stream] = Head(head.seq + 1, row[-1])
        heads.append(ends[draft.stream])
        rows.append(row)
    if len(rows) == 1:
        _one(rows[0])
        return heads
    with connection.cursor() as cursor:
        for start in range(0, len(rows), BULK):
            part = rows[start : start + BULK]
            try:
                cursor.execute(_INSERT + ", ".join([_ROW] * len(part)), [value for row in part for value in row])
            except IntegrityError as error:
                raise Conflict("event.stale", stream=part[0][0], seq=part[0][1] - 1) from error
    return heads


def history(stream: str) -> list[Event]:
    """Every event of a stream in order, each brought to its newest version by the upcasters."""
    return histories([stream])[stream]


def histories(streams: Iterable[str]) -> dict[str, list[Event]]:
    """`history` of several streams in one query; a stream without events gives an empty list."""
    found: dict[str, list[Event]] = defaultdict(list)
    wanted = list(dict.fromkeys(streams))
    for event in Event.objects.filter(stream__in=wanted).order_by("stream", "seq"):
        event.kind, event.version, event.patch = upcast(event.kind, event.version, event.patch)
        found[event.stream].append(event)
    return {stream: found[stream] for stream in wanted}


def tail(stream: str) -> Head:
    """The end of a stream as the log has it, for streams whose owner keeps no state row (one SELECT)."""
    last = Event.objects.filter(stream=stream).order_by("-seq").values_list("seq", "hash").first()
    return GENESIS if last is None else Head(last[0], bytes(last[1]))


def _row(
    stream: str,
    kind: str,
    actor: Doer,
    patch: Mapping[str, Any],
    head: Head,
    private: Mapping[str, PrivateRef] | Sequence[tuple[str, PrivateRef]],
    claimed_at: datetime | None,
    version: int,
    reason: str | PrivateRef | None,
    seat: int | None,
    at: str,
) -> tuple:
    if private or reason is not None:
        patch = {**patch, **dict(private)}
        if reason is not None:
            patch["@reason"] = reason
    try:
        text = canonical(patch)
        claimed = None if claimed_at is None else stamp(claimed_at)
    except (TypeError, ValueError) as error:
        raise refusals.unfit(stream, kind, str(error)) from error
    if text[0] != "{" or not 0 < len(stream) <= 40 or not 0 < len(kind) <= 60:
        raise refusals.unfit(stream, kind, "stream 1-40, kind 1-60 characters, patch a mapping")
    if isinstance(reason, str) and len(reason) > REASON_LIMIT:
        raise refusals.unfit(stream, kind, f"reason over {REASON_LIMIT} characters: keep() it as private text")
    if seat is None and len(actor.seats) == 1:
        seat = actor.seats[0]
    # A colleague's name lives with the person, where it can be erased; the log keeps numbers.
    name = "" if actor.kind == "staff" else actor.name if actor.kind == "system" else actor.kind
    seq, prev = head.seq + 1, bytes(head.hash)
    digest = event_hash(prev, stream, seq, kind, version, actor.person_id, seat, name, at, claimed, text)
    utc = _utc_suffix()
    return (
        stream,
        seq,
        kind,
        version,
        actor.person_id,
        seat,
        name,
        at + utc,
        None if claimed is None else claimed + utc,
        text,
        prev,
        digest,
    )


def _utc_suffix() -> str:
    # SQLite keeps the text as given (Django reads it as UTC); PostgreSQL must be told the zone.
    return "" if connection.vendor == "sqlite" else "+00"
