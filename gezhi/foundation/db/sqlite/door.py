"""The door every SQLite write passes: one writer at a time, in turn, across threads and processes.

SQLite itself lets waiting writers sleep and try again (`busy_timeout`), so that under load some wait
half a second and one can starve. Here writers queue instead:

- among the threads of a process, in the order they came (`Turn`);
- among processes, through two `flock`s. Whoever wants to write first takes the *turnstile*, then, still
  in it, waits for the *door*, and leaves the turnstile once inside. A process that has just written and
  wants again finds the turnstile taken, so it cannot slip in before the one already waiting.

Each connection has its own file descriptors: a lock belongs to an open file, and on a shared one every
thread would be let in. The kernel drops the locks of a process that dies.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections import deque
from pathlib import Path

log = logging.getLogger("gezhi.db")

# Seconds a process that works in the background lets others go first before it queues like everybody; 0 = it never does.
# The worker sets it: while people wait for their pages, its batches come between them only so often.
patience = 0.0
_LOOK_AGAIN = 0.003

# A writer inside for longer than this is worth a line in the log: everybody else waited.
SLOW_SECONDS = 2.0


class Turn:
    """A lock among threads that is handed over in the order of arrival."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._owner: int | None = None

    def acquire(self) -> None:
        me = threading.get_ident()
        with self._guard:
            if self._owner == me:
                raise RuntimeError("This thread already writes through another connection; it would wait for itself.")
            if self._owner is None:
                self._owner = me
                return
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        try:
            ticket.acquire()
        except BaseException:  # interrupted while waiting: give the place up, or pass the turn on
            with self._guard:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                    raise
            self.release()
            raise
        self._owner = me

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._owner = -1  # taken: the one we wake writes its own name
                self._waiting.popleft().release()
            else:
                self._owner = None


_turns: dict[str, Turn] = {}
_turns_guard = threading.Lock()


def _forget_turns() -> None:
    # A forked child has only the forking thread; whoever else held a turn is not there to release it.
    global _turns_guard
    _turns_guard = threading.Lock()
    _turns.clear()


os.register_at_fork(after_in_child=_forget_turns)


def _turn(path: str) -> Turn:
    with _turns_guard:
        return _turns.setdefault(path, Turn())


def _found_free(turnstile: int, door: int) -> bool:
    """In a patient process: look again and again whether nobody is at the door; True when inside, False when patience ends."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            fcntl.flock(turnstile, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            finally:
                fcntl.flock(turnstile, fcntl.LOCK_UN)
        except BlockingIOError:
            time.sleep(_LOOK_AGAIN)
    return False


class Door:
    """One connection's way through the door of the database at `path`.

    `enter()` waits until this connection is the only writer; `leave()` lets the next one in and may be
    called when not inside. Not for use by two threads at once, as connections are not.
    """

    def __init__(self, path: str) -> None:
        self._path = os.path.realpath(path)
        self._descriptors: tuple[int, int] | None = None
        self._pid = 0
        self._turn: Turn | None = None
        self._since = 0.0
        #: Seconds the last writer of this connection was inside.
        self.held = 0.0

    @property
    def inside(self) -> bool:
        return self._mine() is not None

    def _mine(self) -> Turn | None:
        """The turn this connection holds, unless it was inherited through fork and is the parent's."""
        return self._turn if self._pid == os.getpid() else None

    def enter(self) -> None:
        turn = _turn(self._path)
        turn.acquire()
        try:
            turnstile, door = self._open()
            if not _found_free(turnstile, door):
                fcntl.flock(turnstile, fcntl.LOCK_EX)
                try:
                    fcntl.flock(door, fcntl.LOCK_EX)
                finally:
                    fcntl.flock(turnstile, fcntl.LOCK_UN)
        except BaseException:
            turn.release()
            raise
        self._turn = turn
        self._since = time.monotonic()

    def leave(self) -> None:
        turn = self._mine()
        if turn is None:
            return
        self._turn = None
        self.held = time.monotonic() - self._since
        try:
            fcntl.flock(self._open()[1], fcntl.LOCK_UN)
        finally:
            turn.release()
        if self.held > SLOW_SECONDS:
            log.warning("One write held the database for %.1f s.", self.held)

    def close(self) -> None:
        """Leave, and give the file descriptors back."""
        self.leave()
        if self._descriptors is not None:
            for descriptor in self._descriptors:
                os.close(descriptor)
            self._descriptors = None

    def _open(self) -> tuple[int, int]:
        if self._descriptors is not None and self._pid != os.getpid():
            # Inherited through fork: the lock belongs to the parent's open files. Closing leaves it theirs.
            for descriptor in self._descriptors:
                os.close(descriptor)
            self._descriptors, self._turn = None, None
        if self._descriptors is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._pid = os.getpid()
            self._descriptors = (
                os.open(Path(f"{self._path}.turnstile"), flags, 0o600),
                os.open(Path(f"{self._path}.lock"), flags, 0o600),
            )
        return self._descriptors
