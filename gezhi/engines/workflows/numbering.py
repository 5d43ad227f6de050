"""Case numbers: one running number of the installation, with the year in front.

On PostgreSQL a sequence (a number may be skipped when an opening fails, and no opening waits for another);
on SQLite a counter row, under the write lock that is held anyway. One query each.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from gezhi.foundation import db
from gezhi.foundation.calendar import clock


def next_number(now: datetime) -> str:
    """The next number, e.g. "2026-1186". Inside a write."""
    return next_numbers(now, 1)[0]


def next_numbers(now: datetime, count: int) -> list[str]:
    """The next `count` numbers, rising. Inside a write."""
    if not count:
        return []
    with db.prepared() as cursor:
        if connection.vendor == "postgresql":
            if count == 1:  # the plain statement of every opening
                cursor.execute("SELECT nextval('workflows_case_number')")
            else:
                cursor.execute("SELECT nextval('workflows_case_number') FROM generate_series(1, %s)", [count])
            values = sorted(row[0] for row in cursor.fetchall())
        else:
            cursor.execute(
                "INSERT INTO workflows_casenumber (id, value) VALUES (1, %s) "
                "ON CONFLICT (id) DO UPDATE SET value = value + excluded.value RETURNING value",
                [count],
            )
            (last,) = cursor.fetchone()
            values = list(range(last - count + 1, last + 1))
    return [f"{clock.local(now).year}-{value:04d}" for value in values]
