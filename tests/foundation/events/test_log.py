"""Appending, reading back, and what the database refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from gezhi.foundation import db, events
from gezhi.foundation.errors import Conflict, Invalid
from gezhi.foundation.events import GENESIS, Draft, Event, chain
from gezhi.foundation.events.log import tail
from tests.foundation.events.cast import CLERK, CLOCK, VISITOR, Doer

NAIVE = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
pytestmark = pytest.mark.django_db


def record(stream="box:1", kind="box.made", *, actor=CLERK, patch=None, head=GENESIS, **more):
    with db.write():
        return events.record(stream, kind, actor=actor, patch=patch or {}, head=head, **more)


def test_an_event_is_exactly_one_insert():
    with db.write(), db.count_queries() as queries:
        events.record("box:1", "box.made", actor=CLERK, patch={"name": "木箱"}, head=GENESIS)
    assert [sql.split()[0] for sql in queries.statements if "db_revision" not in sql] == ["INSERT"], str(queries)


def test_a_stream_grows_link_by_link():
    first = record(patch={"name": "木箱"})
    second = record(kind="box.changed", patch={"name": "铁箱"}, head=first)
    one, two = events.history("box:1")
    assert (one.head, two.head) == (first, second)
    assert (first.seq, second.seq) == (1, 2)
    assert bytes(one.prev) == GENESIS.hash and bytes(two.prev) == first.hash
    assert tail("box:1") == second and tail("box:2") == GENESIS


@pytest.mark.parametrize("microsecond", [0, 1, 999_999, 120_000])
def test_moments_survive_the_round_trip_to_the_microsecond(microsecond):
    at = datetime(2026, 11, 21, 23, 59, 59, microsecond, tzinfo=UTC)
    claimed = datetime(2026, 11, 22, 7, 0, 0, microsecond, tzinfo=timezone(timedelta(hours=8)))
    with time_machine.travel(at, tick=False):
        head = record(claimed_at=claimed)
    (event,) = events.history("box:1")
    assert (event.at, event.claimed_at) == (at, claimed)
    again = chain.event_hash(
        bytes(event.prev), event.stream, event.seq, event.kind, event.version, event.actor_person,
        event.actor_seat, event.actor_name, chain.stamp(event.at), chain.stamp(event.claimed_at),
        chain.canonical(event.patch),
    )  # fmt: skip
    assert again == head.hash


def test_a_patch_comes_back_as_it_was_given():
    patch = {"big": 10**22, "small": 1e-7, "float": 1e22, "文": '\u0000\u2028 𠮷 "\\', "list": [None, True, {"k": 0.1}]}
    record(patch=patch)
    assert events.history("box:1")[0].patch == patch


def test_two_who_saw_the_same_end_cannot_both_go_on():
    first = record()
    record(kind="box.changed", head=first)
    with pytest.raises(Conflict) as refusal, transaction.atomic():
        record(kind="box.changed", head=first)
    assert refusal.value.code == "event.stale"
    assert len(events.history("box:1")) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"stream": ""},
        {"stream": "s" * 41},
        {"kind": "k" * 61},
        {"patch": ["no", "mapping"]},
        {"patch": {"x": float("nan")}},
        {"patch": {"x": "\ud83d"}},
        {"reason": "长" * 201},
        {"claimed_at": NAIVE},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_does_not_fit_is_refused_before_anything_is_written(wrong):
    with pytest.raises(Invalid) as refusal:
        record(**wrong)
    assert refusal.value.code == "event.unfit"
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_a_write():
    with pytest.raises(TransactionManagementError):
        events.record("box:1", "box.made", actor=CLERK, patch={}, head=GENESIS)
    with pytest.raises(TransactionManagementError):
        events.record_many([Draft("box:1", "box.made", {})], actor=CLERK)
    with pytest.raises(TransactionManagementError):
        events.keep("box:1", {"note": "x"})


@pytest.mark.django_db(transaction=True)
def test_a_write_that_fails_leaves_no_event():
    with pytest.raises(ZeroDivisionError), db.write():
        events.record("box:1", "box.made", actor=CLERK, patch={}, head=GENESIS)
        raise ZeroDivisionError
    assert events.history("box:1") == []


def test_staff_are_numbers_in_the_log_and_systems_are_names():
    record("box:1", actor=CLERK)
    record("box:2", actor=CLOCK)
    record("box:3", actor=VISITOR)
    record("box:4", actor=Doer("staff", 8, "沈一鸣", (31, 32)))
    record("box:5", actor=Doer("staff", 8, "沈一鸣", (31, 32)), seat=32)
    told = [(e.actor_person, e.actor_seat, e.actor_name) for e in Event.objects.order_by("id")]
    assert told == [
        (7, 31, ""),
        (None, None, "clock"),
        (None, None, "resident"),
        (8, None, ""),  # two seats: the log does not guess which
        (8, 32, ""),
    ]


def test_a_reason_belongs_to_the_event_and_not_to_the_state():
    record(patch={"name": "木箱"}, reason="登记有误")
    (event,) = events.history("box:1")
    assert event.reason == "登记有误"
    assert events.fold([event]) == {"name": "木箱"}


def test_many_events_are_one_insert_and_chain_among_themselves():
    drafts = [
        Draft("box:1", "box.made", {"name": "a"}),
        Draft("box:2", "box.made", {"name": "b"}, reason="盘点"),
        Draft("box:1", "box.changed", {"name": "c"}),
    ]
    with db.write(), db.count_queries() as queries:
        heads = events.record_many(drafts, actor=CLERK)
    assert [sql.split()[0] for sql in queries.statements if "db_revision" not in sql] == ["INSERT"], str(queries)
    assert [head.seq for head in heads] == [1, 1, 2]
    streams = events.histories(["box:1", "box:2", "box:3"])
    assert [len(found) for found in streams.values()] == [2, 1, 0]
    assert bytes(streams["box:1"][1].prev) == heads[0].hash
    assert events.verify().clean


def test_many_events_one_by_one_or_together_are_the_same_events():
    at = datetime(2026, 5, 1, tzinfo=UTC)
    with time_machine.travel(at, tick=False):
        alone = record("box:1", "box.made", patch={"name": "a"})
        with db.write():
            (together,) = events.record_many([Draft("box:2", "box.made", {"name": "a"})], actor=CLERK)
    one, two = events.history("box:1")[0], events.history("box:2")[0]
    same = ["seq", "kind", "version", "actor_person", "actor_seat", "actor_name", "at", "patch", "prev"]
    assert [getattr(one, name) for name in same] == [getattr(two, name) for name in same]
    assert alone.hash != together.hash  # the stream is part of the hash


def test_a_stale_draft_among_many_refuses_them_all():
    record("box:2")
    with pytest.raises(Conflict), transaction.atomic(), db.write():
        events.record_many([Draft("box:1", "box.made", {}), Draft("box:2", "box.made", {})], actor=CLERK)
    assert events.history("box:1") == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events_event SET kind = 'other'",
        "UPDATE events_event SET patch = patch",
        "DELETE FROM events_event",
    ],
)
def test_the_database_refuses_to_change_an_event(statement):
    record()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert events.history("box:1")[0].kind == "box.made"


def test_the_database_refuses_to_replace_or_truncate():
    record()
    columns = "stream, seq, kind, version, actor_name, at, patch, prev, hash"
    replace = (
        f"INSERT OR REPLACE INTO events_event (id, {columns}) SELECT id, {columns} FROM events_event"
        if connection.vendor == "sqlite"
        else "TRUNCATE events_event"
    )
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(replace)
    assert len(events.history("box:1")) == 1


def test_a_loaded_event_cannot_be_saved_or_deleted():
    record()
    event = Event.objects.get()
    for forbidden in (event.save, event.delete):
        with pytest.raises(TypeError):
            forbidden()
