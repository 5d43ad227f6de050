"""Tables of the log. Written by `log`, `private` and `sealing` only; events and blocks are never changed."""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.db.models import Q

from .chain import Head, canonical


class CanonicalJSON(models.TextField):
    """JSON kept as its canonical text, because the text is what was hashed.

    `jsonb` would rewrite numbers (1e22 becomes 10000000000000000000000), so the column is plain text;
    in SQL read it with `patch::json` or `json_extract(patch, ...)`.
    """

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return None if value is None else json.loads(value)

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else canonical(value)


class TransactionNumber(models.BigIntegerField):
    """Set by the database: on SQLite the row's own id, on PostgreSQL by a trigger (migration 0002)."""

    def db_type(self, connection: Any) -> str | None:
        if connection.vendor == "sqlite":
            return 'bigint GENERATED ALWAYS AS ("id") VIRTUAL'
        return super().db_type(connection)


class _AppendOnly(models.Model):
    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("Events and blocks are written by events.record() and the sealer only.")

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("Events and blocks are never deleted.")


class Event(_AppendOnly):
    """One thing that happened. `seq` counts from 1 within `stream`; `patch` holds after-values.

    `at` is when the server took it in, `claimed_at` when a device says it happened. `tx` orders events
    for readers that must not miss one: see `sealing`. Staff are named by person and seat;
    `actor_name` is filled for system actors and residents only.
    """

    stream = models.CharField(max_length=40)
    seq = models.IntegerField()
    kind = models.CharField(max_length=60)
    version = models.SmallIntegerField(default=1)
    actor_person = models.BigIntegerField(null=True)
    actor_seat = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=60, default="")
    at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    patch: models.Field[Any, Any] = CanonicalJSON()
    prev = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    tx = TransactionNumber(editable=False)

    class Meta:
        db_table = "events_event"
        constraints = [models.UniqueConstraint(fields=["stream", "seq"], name="events_event_stream_seq")]
        # Erasures are few and looked up across all streams: by verify and by the journal.
        indexes = [models.Index(fields=["stream"], name="events_event_erased", condition=Q(kind="erased"))]

    def __str__(self) -> str:
        return f"{self.stream}#{self.seq} {self.kind}"

    @property
    def head(self) -> Head:
        return Head(self.seq, bytes(self.hash))

    @property
    def reason(self) -> Any:
        """The ground given when it was recorded: a short text, a private reference, or None."""
        return self.patch.get("@reason")


class Block(_AppendOnly):
    """A sealed run of events: all with `tx_from <= tx < tx_to`, `count` of them, in order of (tx, id).

    `root` covers everything in the row and the root before it; `manifest` names the events.
    """

    position = models.BigIntegerField(primary_key=True)
    tx_from = models.BigIntegerField()
    tx_to = models.BigIntegerField()
    count = models.IntegerField()
    at = models.DateTimeField()
    merkle = models.BinaryField(max_length=32)
    manifest = models.TextField()
    root = models.BinaryField(max_length=32)
    prev_root = models.BinaryField(max_length=32)

    class Meta:
        db_table = "events_block"

    def __str__(self) -> str:
        return f"block {self.position} ({self.count})"


class Private(models.Model):
    """A personal text, encrypted, beside the log. `erase` deletes the row with its salt."""

    stream = models.CharField(max_length=40)
    name = models.CharField(max_length=40)
    salt = models.BinaryField(max_length=16)
    blob = models.BinaryField()

    class Meta:
        db_table = "events_private"
        indexes = [models.Index(fields=["stream"], name="events_private_stream")]

    def __str__(self) -> str:
        return f"{self.stream}/{self.name}"


class VerifyRun(models.Model):
    """A check of the whole log that somebody asked for: `done` of `of` pieces, then what it found.

    `findings`: the first of them as [code, stream, seq, facts]; `count`: all.
    """

    asked_by = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    done = models.IntegerField(default=0)
    of = models.IntegerField(default=0)
    events = models.BigIntegerField(default=0)
    blocks = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0)
    count = models.IntegerField(default=0)
    findings = models.JSONField(default=list)

    class Meta:
        db_table = "events_verify_run"

    @property
    def share(self) -> int:
        """Percent done, 0 to 100."""
        return 100 if self.finished_at else 100 * self.done // self.of if self.of else 0


class Epoch(models.Model):
    """PostgreSQL: how transaction numbers become `tx` (one row, id 1; docs/rules/events.md).

    `tx_offset` is added to the cluster's transaction number; no event may get a `tx` below `floor`,
    the end of the last block. `settled` is the transaction number that must have ended before sealing
    goes on after the offset moved; null = moved and not yet looked at.
    """

    id = models.SmallIntegerField(primary_key=True)
    tx_offset = models.BigIntegerField()
    floor = models.BigIntegerField()
    settled = models.BigIntegerField(null=True)

    class Meta:
        db_table = "events_epoch"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="events_epoch_single")]

    def __str__(self) -> str:
        return f"+{self.tx_offset} floor {self.floor}"
