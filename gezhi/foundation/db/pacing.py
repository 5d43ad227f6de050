"""Batches that let others in: how large the next one may be, by how long the last one held the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from django.db import connection

from .writing import write

#: How long one write of a long piece of work should hold the database, in seconds: others who write wait that long. A machine
#: that others use as well takes the processor away in the middle of some writes, so it is well under what anybody would notice.
HELD = 0.012
#: On SQLite: how often the log is copied meanwhile, in seconds.
COPIED = 0.5


class Pace:
    """`with pace.write():` is `db.write()` whose duration sets `size` for the next: between `least` and `most`.

    What counts is how long the database was held: on SQLite from the door to the door, the disk is waited for outside of
    it; on PostgreSQL to the end of the commit, less what the quickest commit so far took, which is the disk's own whatever
    the size. docs/adr/0396
    """

    def __init__(self, size: int, least: int, most: int, held: float = HELD) -> None:
        self.size, self.least, self.most, self.held = size, least, most, held
        self._commit: float | None = None  # the quickest
        self._copied = perf_counter()

    @contextmanager
    def write(self) -> Iterator[None]:
        with write():
            begun = perf_counter()
            yield
            ended = perf_counter()
        done = perf_counter()
        door = getattr(connection, "door", None)
        if door is None:
            self.took(ended - begun, done - ended)
        elif not door.inside:  # else: a part of a larger write, which is not ours to measure
            self.took(door.held, 0.0)

    def took(self, inside: float, commit: float) -> None:
        """Seconds of the last write before its commit and of the commit."""
        self._commit = commit if self._commit is None else min(self._commit, commit)
        taken = max(inside + commit - self._commit, 1e-6)
        # Never more than half as large again: one quick batch says little about the next.
        self.size = max(self.least, min(self.most, int(self.size * min(1.5, self.held / taken))))

    def rest(self) -> None:
        """Between two writes, outside the lock."""
        if perf_counter() - self._copied >= COPIED:
            checkpoint()
            self._copied = perf_counter()


def checkpoint() -> None:
    """On SQLite: copy what is committed from the log to the database file. Waits for nobody and nobody waits for it.

    The worker does it all the time (jobs.py); whoever writes batch after batch does it between them, or one of the
    batches would have to copy them all while it holds the lock.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            cursor.fetchall()
