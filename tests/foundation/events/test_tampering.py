"""Any single change to any event is found, and the event is named, whoever made it and however well."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gezhi.foundation import events
from gezhi.foundation.events import chain
from gezhi.foundation.events.models import Event
from tests.environment import some
from tests.foundation.events.cast import Box, change, make_box, tampering

COLUMNS = [
    "stream", "seq", "kind", "version", "actor_person", "actor_seat", "actor_name", "at", "claimed_at", "patch",
    "prev", "hash",
]  # fmt: skip
HASHED = COLUMNS[:10]
STREAMS, LENGTH = 4, 3
patient = settings(
    max_examples=some(80), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@pytest.fixture
def log(boxes):
    """Four streams of three events, sealed in two blocks; every example starts from it and rolls back."""
    made = [make_box(note="话") for _ in range(STREAMS)]
    for box in made:
        change(box, name="铁箱")
    events.seal_now()
    for box in made:
        change(box, marks={"n": 1})
    events.seal_now()
    return made


def other_value(event: Event, column: str, salt: int):
    """A value the column does not have now, in the form SQL takes."""
    value = getattr(event, column)
    match column:
        case "seq":
            return value + LENGTH + salt  # a free place
        case "version":
            return value + 1 + salt
        case "actor_person" | "actor_seat":
            return None if salt % 2 else (value or 0) + 1 + salt
        case "at" | "claimed_at":
            moment = chain.stamp(event.at)[:20] + f"{(int(chain.stamp(event.at)[20:]) + 1 + salt) % 1_000_000:06}"
            return moment if connection.vendor == "sqlite" else moment + "+00"
        case "patch":
            return chain.canonical({**value, "name": f"第 {salt} 只金箱"})
        case "prev" | "hash":
            raw = bytearray(value)
            raw[salt % 32] ^= 1 << (salt % 8)
            return bytes(raw)
        case _:
            return f"{value}{'x' * (1 + salt % 3)}"


def put(cursor, event: Event, **values) -> None:
    assignments = ", ".join(f"{name} = %s" for name in values)
    cursor.execute(f"UPDATE events_event SET {assignments} WHERE id = %s", [*values.values(), event.id])
    assert cursor.rowcount == 1


def named(box: Box, seq: int) -> set[str]:
    return {f.code for f in events.verify().findings if (f.stream, f.seq) == (box.stream, seq)}


@patient
@given(st.integers(0, STREAMS - 1), st.integers(1, LENGTH), st.sampled_from(COLUMNS), st.integers(0, 40))
def test_any_column_of_any_event_changed(log, which, seq, column, salt):
    box = log[which]
    assert not named(box, seq)
    with transaction.atomic():
        event = Event.objects.get(stream=box.stream, seq=seq)
        with tampering() as cursor:
            put(cursor, event, **{column: other_value(event, column, salt)})
        codes = named(box, seq)
        transaction.set_rollback(True)
    if column in ("stream", "seq"):  # it is gone from where it was
        assert codes & {"event.removed", "event.tail_removed", "event.altered"}, codes
    else:
        assert "event.altered" in codes, codes


@patient
@given(st.integers(0, STREAMS - 1), st.integers(1, LENGTH), st.sampled_from(HASHED[2:]), st.integers(0, 40))
def test_any_event_changed_by_somebody_who_repairs_every_hash_after_it(log, which, seq, column, salt):
    box = log[which]
    with transaction.atomic():
        event = Event.objects.get(stream=box.stream, seq=seq)
        with tampering() as cursor:
            put(cursor, event, **{column: other_value(event, column, salt)})
            prev = bytes(event.prev)
            for later in Event.objects.filter(stream=box.stream, seq__gte=seq).order_by("seq"):
                claimed = later.claimed_at and chain.stamp(later.claimed_at)
                prev_was, prev = prev, chain.event_hash(
                    prev, later.stream, later.seq, later.kind, later.version, later.actor_person, later.actor_seat,
                    later.actor_name, chain.stamp(later.at), claimed, chain.canonical(later.patch),
                )  # fmt: skip
                put(cursor, later, prev=prev_was, hash=prev)
        folded = events.fold(events.history(box.stream))
        Box.objects.filter(pk=box.pk).update(event_hash=prev, name=folded["name"])
        codes = named(box, seq)
        transaction.set_rollback(True)
    assert "event.rewritten" in codes, codes


@patient
@given(st.sets(st.tuples(st.integers(0, STREAMS - 1), st.integers(1, LENGTH)), min_size=1, max_size=5))
def test_any_events_removed(log, gone):
    with transaction.atomic():
        with tampering() as cursor:
            for which, seq in gone:
                cursor.execute("DELETE FROM events_event WHERE stream = %s AND seq = %s", [log[which].stream, seq])
        found = events.verify().findings
        transaction.set_rollback(True)
    wholly = {log[which].stream for which, _ in gone if {(which, n) for n in range(1, LENGTH + 1)} <= gone}
    assert {f.stream for f in found if f.code == "stream.removed"} == wholly
    for which, seq in gone:
        stream = log[which].stream
        tail = [f for f in found if f.code == "event.tail_removed" and f.stream == stream]
        assert (
            stream in wholly
            or any(f.code == "event.removed" and (f.stream, f.seq) == (stream, seq) for f in found)
            or any(dict(f.facts)["last"] < seq for f in tail)
        )


@patient
@given(st.data())
def test_any_two_events_swapped(log, data):
    places = st.tuples(st.integers(0, STREAMS - 1), st.integers(1, LENGTH))
    (a, a_seq), (b, b_seq) = data.draw(st.lists(places, min_size=2, max_size=2, unique=True))
    with transaction.atomic():
        one = Event.objects.get(stream=log[a].stream, seq=a_seq)
        two = Event.objects.get(stream=log[b].stream, seq=b_seq)
        with tampering() as cursor:
            put(cursor, one, stream="box:aside", seq=1)
            put(cursor, two, stream=one.stream, seq=one.seq)
            put(cursor, one, stream=two.stream, seq=two.seq)
        found = {
            (f.stream, f.seq): dict(f.facts)["other"] for f in events.verify().findings if f.code == "event.swapped"
        }
        transaction.set_rollback(True)
    assert found == {
        (one.stream, one.seq): f"{two.stream}#{two.seq}",
        (two.stream, two.seq): f"{one.stream}#{one.seq}",
    }
