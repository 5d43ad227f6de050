"""The cast: a box whose contents are told by events, synthetic doers, and a way to tamper with the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, models

from gezhi.foundation import db, events
from gezhi.foundation.events import GENESIS, Head


class Box(models.Model):
    """A current-state row like a case: some columns repeated from the fold, and the head of its stream."""

    name = models.CharField(max_length=40, default="")
    weight = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    lon = models.FloatField(null=True)
    moved_at = models.DateTimeField(null=True)
    open = models.BooleanField(default=True)
    marks = models.JSONField(default=dict)
    note_ref = models.BigIntegerField(null=True)
    digest = models.BinaryField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32, default=bytes(32))

    class Meta:
        app_label = "events_cast"  # no installed app: neither migrations nor flush know of it
        db_table = "events_cast_box"

    @property
    def stream(self) -> str:
        return f"box:{self.pk}"

    @property
    def head(self) -> Head:
        return Head(self.event_seq, bytes(self.event_hash))


class Lid(models.Model):
    """A part of a box, told in its stream under `lid:<number>`."""

    box = models.ForeignKey(Box, on_delete=models.PROTECT)
    number = models.IntegerField()
    colour = models.CharField(max_length=20, default="")
    shut_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "events_cast"
        db_table = "events_cast_lid"


LID_FIELDS = ["colour", "shut_at"]
FIELDS = {
    "name": "name",
    "weight": "weight",
    "lon": "lon",
    "moved_at": "moved_at",
    "open": "open",
    "marks": "marks",
    "note": "note_ref",
    "digest": "digest",
}


@dataclass(frozen=True)
class Doer:
    kind: str
    person_id: int | None
    name: str
    seats: tuple[int, ...] = ()


CLERK = Doer("staff", 7, "林小禾", (31,))
CLOCK = Doer("system", None, "clock")
VISITOR = Doer("resident", None, "某居民")


def make_box(name: str = "木箱", note: str | None = None, **values) -> Box:
    """A new box with its first event, and a private note if given."""
    with db.write():
        box = Box.objects.create(name=name, **values)
        patch = {"name": name, **values}
        if note is not None:
            ref = events.keep(box.stream, {"note": note})["note"]
            patch["note"], box.note_ref = ref, ref.id
        step(box, "box.made", patch, head=GENESIS)
    return box


def change(box: Box, **values) -> Box:
    """One more event, and the row with it."""
    with db.write():
        for field, value in values.items():
            setattr(box, field, value)
        step(box, "box.changed", values, head=box.head)
    return box


def step(box: Box, kind: str, patch: dict, *, head: Head) -> None:
    head = events.record(box.stream, kind, actor=CLERK, patch=patch, head=head)
    box.event_seq, box.event_hash = head
    box.save()


@contextmanager
def tampering() -> Iterator:
    """A cursor for somebody who owns the database: triggers are off inside, back on afterwards."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'events_%%'")
            triggers = cursor.fetchall()
            assert triggers
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            try:
                yield cursor
            finally:
                for _, sql in triggers:
                    cursor.execute(sql)
        else:
            cursor.execute("SET session_replication_role = replica")
            try:
                yield cursor
            finally:
                cursor.execute("SET session_replication_role = origin")


def codes(report) -> list[tuple[str, str, int | None]]:
    return [(f.code, f.stream, f.seq) for f in report.findings]
