"""Batches that let others in: how large the next one may be, by how long the last one held the database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
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

    What counts is from when the write is let in until its commit is done, less what the quickest commit so far took:
    that is the disk's own, whatever the size. How long others were waited for is not counted.

    `redone`: what a power cut takes is made again (with the note of how far it was), so on SQLite nobody waits for the disk
    while the database is held; `rest()` sees to it afterwards. docs/adr/0396
    """

    def __init__(self, size: int, least: int, most: int, held: float = HELD, *, redone: bool = False) -> None:
        self.size, self.least, self.most, self.held, self._redone = size, least, most, held, redone
        self._commit: float | None = None  # the quickest
        self._copied = perf_counter()

    @contextmanager
    def write(self) -> Iterator[None]:
        with _unsynced() if self._redone else nullcontext():
            with write():
                begun = perf_counter()
                yield
                ended = perf_counter()
            done = perf_counter()
        self.took(ended - begun, done - ended)

    def took(self, inside: float, commit: float) -> None:
        """Seconds of the last write before its commit and of the commit."""
        self._commit = commit if self._commit is None else min(self._commit, commit)
        taken = max(inside + commit - self._commit, 1e-6)
        # Never more than half as large again: one quick batch says little about the next.
        self.size = max(self.least, min(self.most, int(self.size * min(1.5, self.held / taken))))

    def rest(self) -> None:
        """Between two writes, outside the lock."""
        if self._redone:
            _sync()
        if perf_counter() - self._copied >= COPIED:
            checkpoint()
            self._copied = perf_counter()


@contextmanager
def _unsynced() -> Iterator[None]:
    """On SQLite: this connection's commits do not wait for the disk. They are kept or lost in their order with all others."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    _said("PRAGMA synchronous = NORMAL")
    try:
        yield
    finally:
        _said("PRAGMA synchronous = FULL")


def _said(pragma: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(pragma)


def _sync() -> None:
    """On SQLite: bring the log to the disk, so that the next one who commits need not wait for what we have written."""
    log = Path(f"{connection.settings_dict['NAME']}-wal")
    if connection.vendor == "sqlite" and not connection.in_atomic_block and log.exists():
        descriptor = os.open(log, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def checkpoint() -> None:
    """On SQLite: copy what is committed from the log to the database file. Waits for nobody and nobody waits for it.

    The worker does it all the time (jobs.py); whoever writes batch after batch does it between them, or one of the
    batches would have to copy them all while it holds the lock.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            cursor.fetchall()
