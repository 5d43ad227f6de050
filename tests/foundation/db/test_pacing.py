"""Batches follow how long the last one held the database."""

from __future__ import annotations

from types import SimpleNamespace

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


@pytest.mark.django_db(transaction=True)
def test_on_sqlite_what_counts_is_how_long_the_door_was_held(monkeypatch):
    """Neither the wait before it nor the disk after it."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no door")
    from gezhi.foundation.db.sqlite import door, syncing

    now = [0.0]

    def passes(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(door, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=passes))
    monkeypatch.setattr(syncing.os, "fdatasync", lambda _descriptor: passes(5))
    pace = db.Pace(100, 1, 1_000, held=0.125)
    with pace.write(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE paced (id integer)")
        passes(0.125)
    assert pace.size == 100
    with pace.write(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE paced")
        passes(0.5)
    assert pace.size == 25


@pytest.mark.django_db
def test_inside_another_write_it_changes_nothing():
    pace = db.Pace(10, 1, 10, held=0.0)
    with db.write(), pace.write():
        pass
    pace.rest()
    assert pace.size == (10 if connection.vendor == "sqlite" else 1)
