"""The cursor of the hot path."""

from __future__ import annotations

from typing import Any

from django.db import connection


def prepared() -> Any:
    """`with db.prepared() as cursor:` for a statement of the hot path: PostgreSQL keeps its plan, SQLite does anyway.

    Parameters go to the server as they are, so a statement that is written otherwise each time gains nothing.
    """
    made: Any = connection
    return made.prepared_cursor() if connection.vendor == "postgresql" else made.cursor()
