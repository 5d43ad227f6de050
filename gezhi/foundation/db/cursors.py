"""The cursor of the hot path."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


def prepared() -> Any:
    """`with db.prepared() as cursor:` for a statement of the hot path: PostgreSQL keeps its plan, SQLite does anyway.

    Parameters go to the server as they are, so a statement that is written otherwise each time gains nothing.
    """
    made: Any = connection
    return made.prepared_cursor() if connection.vendor == "postgresql" else made.cursor()


@contextmanager
def pipelined() -> Iterator[None]:
    """Inside `write()`: PostgreSQL is sent statement after statement and answers when an answer is read.

    What one of them refuses is raised later, at the next answer that is read or at the end of the block, as the same
    exception. On SQLite, which is called and not sent to, nothing changes.
    """
    if connection.vendor != "postgresql":
        yield
        return
    made: Any = connection
    with made.wrap_database_errors, made.connection.pipeline():
        yield
