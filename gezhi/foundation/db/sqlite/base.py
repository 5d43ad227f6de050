"""SQLite, fit to be a county's database: WAL, durable commits, and one queue for all writers.

- A transaction begins with `BEGIN IMMEDIATE` behind the door (`door.py`) and leaves it after COMMIT or
  ROLLBACK. In this project a transaction means a write; reads run outside of one and never wait.
- A write outside a transaction (a session saved, a migration's statement) passes the same door.
- What was acknowledged survives a power cut: whoever committed waits for the disk, outside the door (`syncing.py`).
- `secure_delete`: what was erased is overwritten, not only unlinked.
"""

from __future__ import annotations

import re
import sqlite3
from functools import partial
from itertools import islice

from django.db.backends.sqlite3 import base

from gezhi.foundation.db.hot import HotCursor

from . import calling
from .door import Door
from .syncing import Log, log_of

# Pragmas of every connection. The cache is per connection: 8 threads keep well under 100 MB. The map costs addresses,
# not memory; it reaches as far as SQLite allows, since a table of a million cases is larger than a small map and every
# row beyond it is a system call.
_PRAGMAS = (
    "PRAGMA busy_timeout = 20000",  # only for programs that do not know the door, such as a backup
    "PRAGMA synchronous = NORMAL",  # the log is synced by whoever committed, in syncing.py, and before each copying
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -8000",  # KiB
    "PRAGMA mmap_size = 2147418112",
    "PRAGMA journal_size_limit = 67108864",
    # The worker checkpoints all the time (foundation/db/jobs.py); a writer does it only when no worker has for long.
    "PRAGMA wal_autocheckpoint = 16000",
)

_READS = (
    "SELECT",
    "PRAGMA",
    "EXPLAIN",
    "SAVEPOINT",
    "RELEASE",
    "ROLLBACK",
    "COMMIT",
    "BEGIN",
    "VALUES",
    "ATTACH",
    "DETACH",
)
_LEADING = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)+", re.DOTALL)
_CHANGES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)


def writes(sql: str) -> bool:
    """Whether a statement may write. A `WITH` that mentions a writing verb counts, to be on the safe side."""
    start = _LEADING.match(sql)
    body = sql[start.end() :] if start else sql
    verb = body[:9].upper()
    if verb.startswith("WITH"):
        return bool(_CHANGES.search(body))
    return not verb.startswith(_READS)


class Cursor(base.SQLiteCursorWrapper):
    """Passes the door for a write outside a transaction.

    Such a statement ends, and commits, when its last returned row is read, so RETURNING rows are
    read while inside and handed out afterwards.
    """

    wrapper: DatabaseWrapper
    _rows = None

    def execute(self, query, params=None):
        self._rows = None
        if self.wrapper.door.inside or not writes(query):
            return super().execute(query, params)
        self.wrapper.door.enter()
        try:
            result = super().execute(query, params)
            if self.description is not None:
                self._rows = iter(super().fetchall())
            return result
        finally:
            self.wrapper.leave()

    def executemany(self, query, param_list):
        self._rows = None
        if self.wrapper.door.inside or not writes(query):
            return super().executemany(query, param_list)
        self.wrapper.door.enter()
        try:
            return super().executemany(query, param_list)
        finally:
            self.wrapper.leave()

    def fetchone(self):
        return super().fetchone() if self._rows is None else next(self._rows, None)

    def fetchmany(self, size=None):
        count = self.arraysize if size is None else size
        return super().fetchmany(count) if self._rows is None else list(islice(self._rows, count))

    def fetchall(self):
        return super().fetchall() if self._rows is None else list(self._rows)

    def __next__(self):
        return super().__next__() if self._rows is None else next(self._rows)


class DatabaseWrapper(base.DatabaseWrapper):
    """One thread's connection."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._door: Door | None = None
        self._log: Log | None = None

    @property
    def door(self) -> Door:
        # Named when first used: the name of a test database is only known after construction.
        if self._door is None:
            self._door = Door(str(self.settings_dict["NAME"]))
        return self._door

    def prepared_cursor(self) -> HotCursor:
        """A cursor for the hot path: SQLite keeps its statements, and Django's look at them is left out."""
        return HotCursor(partial(calling.answer, self))

    def leave(self) -> None:
        """Out of the door after something was committed, and back when it is on disk."""
        if not self.door.inside:
            return
        if self._log is None:
            self._log = log_of(str(self.settings_dict["NAME"]))
        ticket = self._log.written()
        self.door.leave()
        with self.wrap_database_errors:
            try:
                self._log.on_disk(ticket)
            except OSError as error:
                raise sqlite3.OperationalError(f"the log cannot be brought to disk: {error}") from error

    def get_new_connection(self, conn_params):
        connection = super().get_new_connection(conn_params)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            # Switching needs the database alone, so two processes starting together take turns.
            self.door.enter()
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            finally:
                self.door.leave()
        return connection

    def create_cursor(self, name=None):
        cursor = self.connection.cursor(factory=Cursor)
        cursor.wrapper = self
        return cursor

    def _start_transaction_under_autocommit(self):
        self.door.enter()
        try:
            with self.wrap_database_errors:
                self.connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            self.door.leave()
            raise

    def commit(self):
        super().commit()
        # When COMMIT itself fails the transaction is still open; the rollback that follows leaves.
        self.leave()

    def rollback(self):
        try:
            super().rollback()
        finally:
            self.door.leave()

    def close(self):
        self.validate_thread_sharing()
        try:
            super().close()
        finally:
            if self._door is not None:
                self._door.close()
                self._door = None
