"""Batches follow how long the last one held the database, and only what can be made again does without the disk."""

from __future__ import annotations

import pytest
from django.db import connection

from gezhi.foundation import db


def test_the_next_batch_follows_the_last():
    pace = db.Pace(1_000, 200, 4_000, held=0.010)
    pace.took(0.020, 0.0)
    assert pace.size == 500
    pace.took(0.001, 0.0)
    assert pace.size == 750, "never more than half as large again"
    for _n in range(9):
        pace.took(0.001, 0.0)
    assert pace.size == 4_000
    for _n in range(9):
        pace.took(0.100, 0.0)
    assert pace.size == 200


def test_a_slow_disk_is_not_taken_for_a_large_batch():
    pace = db.Pace(1_000, 200, 4_000, held=0.010)
    for _n in range(5):
        pace.took(0.010, 0.030)
    assert pace.size > 950
    pace.took(0.010, 0.040)  # ten milliseconds more than the disk takes anyway
    assert pace.size <= 500


def level() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_only_what_is_made_again_does_not_wait_for_the_disk():
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's batches hold only their own lines")
    with db.write():
        before = level()
    for redone, wanted in ((False, before), (True, 1)):
        pace = db.Pace(1, 1, 1, redone=redone)
        with pace.write():
            assert level() == wanted
        pace.rest()
        assert level() == before
        with pytest.raises(ZeroDivisionError), pace.write():
            raise ZeroDivisionError
        assert level() == before


@pytest.mark.django_db
def test_inside_another_write_it_changes_nothing():
    pace = db.Pace(1, 1, 1, redone=True)
    with db.write(), pace.write():
        pass
    pace.rest()
