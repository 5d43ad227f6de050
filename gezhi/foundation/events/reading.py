"""Connections that read one moment of the database, for as long as verify takes, and stop nobody writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

ALIAS = "events_verify"
FETCH = 2_000


@contextmanager
def reader(snapshot: str | None = None) -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own in one read-only transaction, also reachable as the alias `ALIAS`.

    Not `atomic()`: that would take SQLite's write lock and keep every writer out. `snapshot` is what
    `export_snapshot` of another reader gave (PostgreSQL).
    """
    own = connection.copy(alias=ALIAS)
    own.settings_dict["OPTIONS"] = {k: v for k, v in own.settings_dict.get("OPTIONS", {}).items() if k != "pool"}
    own.ensure_connection()
    connections[ALIAS] = own
    raw: Any = own.connection
    try:
        if own.vendor == "sqlite":
            raw.execute("BEGIN")
            raw.execute("SELECT 1 FROM events_event LIMIT 1").fetchone()  # the first read fixes the moment
        else:
            raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            # It idles while other processes work at its snapshot, for as long as a large log takes.
            raw.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            if snapshot is not None:
                raw.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        yield own
        raw.execute("ROLLBACK")
    finally:
        own.close()
        del connections[ALIAS]


@contextmanager
def current() -> Iterator[BaseDatabaseWrapper]:
    """The caller's own connection, when they are inside a transaction and mean what they see there."""
    connections[ALIAS] = connections["default"]
    try:
        yield connections["default"]
    finally:
        del connections[ALIAS]


def export_snapshot(own: BaseDatabaseWrapper) -> str | None:
    """A name under which other PostgreSQL connections join this reader's moment; None on SQLite."""
    if own.vendor == "sqlite":
        return None
    with own.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        return cursor.fetchone()[0]


def rows(own: BaseDatabaseWrapper, sql: str, params: list[Any]) -> Iterator[tuple]:
    """Rows one by one, fetched in portions: never the whole table in memory on either side."""
    with own.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while portion := cursor.fetchmany(FETCH):
            yield from portion


def one(own: BaseDatabaseWrapper, sql: str, params: list[Any] | None = None) -> tuple:
    """The first row."""
    with own.cursor() as cursor:
        cursor.execute(sql, params or [])
        return cursor.fetchone()


def moment(own: BaseDatabaseWrapper, column: str) -> str:
    """SQL that gives a moment as the log hashes it (`chain.stamp`), text on both databases."""
    if own.vendor == "sqlite":
        return f"CASE WHEN length({column}) = 19 THEN {column} || '.000000' ELSE {column} END"
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
