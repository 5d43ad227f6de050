"""Batches that let others in: how large the next one may be, by how long the last one held the database."""

from __future__ import annotations

from time import perf_counter
from types import TracebackType

from django.db import connection

#: What one write of a long piece of work may take before its commit, in seconds; others who write wait that long.
HELD = 0.02
#: On SQLite: how often the log is copied meanwhile, in seconds.
COPIED = 0.5


class Pace:
    """`with db.write(), pace:` measures what is done inside and sets `size` for the next: between `least` and `most`.

    How long others were waited for, and the disk at the commit, say nothing about the size and are not measured.
    """

    def __init__(self, size: int, least: int, most: int, held: float = HELD) -> None:
        self.size, self.least, self.most, self.held = size, least, most, held
        self._begun = 0.0
        self._copied = perf_counter()

    def __enter__(self) -> Pace:
        self._begun = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        taken = max(perf_counter() - self._begun, 1e-6)
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
