"""On disk before anybody is told: the log of a database is synced outside the door, one sync for all who wait.

SQLite with `synchronous=FULL` syncs its log inside each COMMIT, while everybody else waits at the door: half of the time that a short write
held it. Here COMMIT only writes the log (`synchronous=NORMAL`), the door opens for the next, and whoever committed waits until
the log is on disk as far as its own frames before its caller hears of it. The log is written in order, so a later transaction that saw this one can never be
on disk without it. docs/adr/0264.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

#: False: nothing is synced. For a database that is thrown away after a power cut anyway (a home that is being filled).
careful = True


class Log:
    """The write-ahead log of the database at `path`, as this process sees it.

    `written()` inside the door, after a COMMIT, gives a ticket; `on_disk(ticket)`, outside, returns when what was written is on disk.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(f"{path}-wal")
        self._turn = threading.Lock()
        self._written = 0  # tickets given; only whoever is inside the door gives one
        self._synced = 0
        self._descriptor: int | None = None

    def written(self) -> int:
        self._written += 1
        return self._written

    def on_disk(self, ticket: int) -> None:
        """Raises OSError when the disk refuses; the write stands in the log then, and may be lost with the power."""
        if not careful:
            return
        with self._turn:
            if self._synced >= ticket:
                return
            reached = self._written
            if self._opened():
                self._sync()
            self._synced = reached

    def _sync(self) -> None:
        assert self._descriptor is not None
        os.fdatasync(self._descriptor)

    def _opened(self) -> bool:
        """Whether there is a log: none in a database of the memory, nor after its last connection was closed, which copies it
        into the database file and syncs that."""
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return False
        if self._descriptor is not None:
            then = os.fstat(self._descriptor)
            if (then.st_ino, then.st_dev) == (now.st_ino, now.st_dev):
                return True
            os.close(self._descriptor)  # the log was removed and begun again
            self._descriptor = None
        self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        return True

    def close(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None


_logs: dict[str, Log] = {}
_guard = threading.Lock()


def log_of(path: str) -> Log:
    """The log that all connections of this process to one database share."""
    path = os.path.realpath(path)
    with _guard:
        return _logs.setdefault(path, Log(path))


def _forget() -> None:
    # A forked child has only the forking thread: a lock that another held would never be given back.
    global _guard
    _guard = threading.Lock()
    for log in _logs.values():
        log.close()
    _logs.clear()


os.register_at_fork(after_in_child=_forget)
