"""Case numbers: one running number of the installation, with the year in front.

On PostgreSQL a sequence (a number may be skipped when an opening fails, and no opening waits for another);
on SQLite a counter row, under the write lock that is held anyway. One query each.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import connection

from gezhi.foundation import db
from gezhi.foundation.calendar import clock

_NEXT = "SELECT nextval('workflows_case_number')"
_COUNT = (
    "INSERT INTO workflows_casenumber (id, value) VALUES (1, %s) "
    "ON CONFLICT (id) DO UPDATE SET value = value + excluded.value RETURNING value"
)


def ask_number(now: datetime) -> Callable[[], str]:
    """Take the next number, e.g. "2026-1186", inside a write; it is there when the answer is called for."""
    answer = db.ask(_NEXT) if connection.vendor == "postgresql" else db.ask(_COUNT, [1])
    return lambda: _number(now, answer()[0][0])


def next_numbers(now: datetime, count: int) -> list[str]:
    """The next `count` numbers, rising. Inside a write."""
    if not count:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT nextval('workflows_case_number') FROM generate_series(1, %s)", [count])
            values = sorted(row[0] for row in cursor.fetchall())
        else:
            cursor.execute(_COUNT, [count])
            (last,) = cursor.fetchone()
            values = list(range(last - count + 1, last + 1))
    return [_number(now, value) for value in values]


def _number(now: datetime, value: int) -> str:
    return f"{clock.local(now).year}-{value:04d}"
