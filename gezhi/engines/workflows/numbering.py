"""Case numbers: one running number of the installation, with the year in front.

On PostgreSQL a sequence (a number may be skipped when an opening fails, and no opening waits for another);
on SQLite a counter row, under the write lock that is held anyway. One query each.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from gezhi.foundation.calendar import clock


def next_number(now: datetime) -> str:
    """The next number, e.g. "2026-1186". Inside a write."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT nextval('workflows_case_number')")
        else:
            cursor.execute(
                "INSERT INTO workflows_casenumber (id, value) VALUES (1, 1) "
                "ON CONFLICT (id) DO UPDATE SET value = value + 1 RETURNING value"
            )
        (value,) = cursor.fetchone()
    return f"{clock.local(now).year}-{value:04d}"
