"""`db.fetch` and `db.update` give and take what the ORM gives and takes."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from gezhi.foundation import db
from gezhi.foundation.subjects.models import Entry, Subject

pytestmark = pytest.mark.django_db


def put(key: str | None = "s:1") -> Entry:
    with db.write():
        row = Entry(
            register="r", version=2, subject_id=7, values={"名": ["甲", 1, None, True]}, since=date(2026, 2, 28),
            valid_from=date(2026, 3, 1), place_id=3, key=key, event_seq=1, event_hash=b"\x00\xff" * 16,
        )  # fmt: skip
        db.insert(row)
    return row


def as_values(row) -> dict:
    return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}


def test_a_row_read_is_the_orms_row():
    made = put()
    with db.write():
        found = db.fetch(Entry, made.pk, lock=True)
    seen, wanted = as_values(found), as_values(Entry.objects.get(pk=made.pk))
    assert {k: bytes(v) if isinstance(v, memoryview) else v for k, v in seen.items()} == {
        k: bytes(v) if isinstance(v, memoryview) else v for k, v in wanted.items()
    }
    assert not found._state.adding and db.fetch(Subject, 10**12) is None
    found.state = "x"
    found.save(update_fields=["state"])
    assert Entry.objects.get(pk=made.pk).state == "x"


def test_the_rows_of_one_value_come_by_their_keys():
    first, second = put("s:1"), put("s:2")
    found = db.fetch_all(Entry, "subject_id", 7)
    assert [as_values(row) | {"event_hash": b""} for row in found] == [
        as_values(Entry.objects.get(pk=row.pk)) | {"event_hash": b""} for row in (first, second)
    ]
    assert [bytes(row.event_hash) for row in found] == [b"\x00\xff" * 16] * 2
    assert db.fetch_all(Entry, "subject_id", 8) == []


def test_only_the_named_columns_are_written():
    made = put()
    made.values, made.until, made.state, made.source = {"b": 2}, date(2026, 5, 1), "over", "not written"
    with db.write():
        db.update(made, ["values", "until", "state"])
    row = Entry.objects.get(pk=made.pk)
    assert (row.values, row.until, row.state, row.source) == ({"b": 2}, date(2026, 5, 1), "over", "")
    made.until = None
    with db.write():
        db.update(made, ["until"])
    assert Entry.objects.get(pk=made.pk).until is None


def test_refusals_are_the_databases():
    put("s:1")
    other = put("s:2")
    other.key = "s:1"
    with pytest.raises(IntegrityError), transaction.atomic(), db.write():
        db.update(other, ["key"])
    gone = Entry(pk=10**12, state="x")
    with pytest.raises(DatabaseError), transaction.atomic(), db.write():
        db.update(gone, ["state"])


def test_several_are_asked_together_and_told_together():
    """What a pipeline asks for comes as if asked for alone, also by way of another row; what it changes is there after `said`."""
    made = put("s:1")
    with db.write(), db.pipelined():
        two, one = db.asking(Entry, "", made.pk, lock=True), db.asking(Entry, "subject_id", 7)
        by_way = db.asking(Entry, "subject_id", made.pk, via=(Entry, "subject_id"))
        assert [row.pk for row in one()] == [row.pk for row in by_way()] == [row.pk for row in two()] == [made.pk]
        (found,) = two()
        found.state = "told"
        db.update(found, ["state"])
        db.said()
        assert db.fetch(Entry, made.pk).state == "told" and db.asking(Entry, "", made.pk + 1)() == []
    assert Entry.objects.get(pk=made.pk).state == "told"


@pytest.mark.parametrize("told_last", [False, True])
def test_a_row_that_is_gone_is_not_changed_in_a_pipeline_either(told_last):
    made = put()
    Entry.objects.filter(pk=made.pk).delete()
    with pytest.raises(DatabaseError, match="gone"), transaction.atomic(), db.write(), db.pipelined():
        db.update(made, ["state"])
        if not told_last:
            db.said()
