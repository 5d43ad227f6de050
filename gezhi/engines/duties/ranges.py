"""Ranges of a register's lines, handed out to one writer or to several, and how far everything below is written.

A writer that dies leaves its range open, so the mark never passes what was not written; whoever goes on begins there
and meets some ranges again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection

from gezhi.foundation.db import revisions


@dataclass(frozen=True)
class Range:
    """Ids beyond `after` up to and with `upto`."""

    after: int
    upto: int


@dataclass
class Ranges:
    """`following(id)`: the first line beyond an id, None when there is none. `noted`: everything up to here is written."""

    following: Callable[[int], int | None]
    noted: int
    _next: int = field(init=False)
    _open: set[int] = field(default_factory=set)
    _stopped: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._next = self.noted

    def take(self, size: int) -> Range | None:
        """The next range of `size` ids, beginning where there is a line; None when all are handed out."""
        with self._lock:
            first = None if self._stopped else self.following(self._next)
            if first is None:
                return None
            self._next = first - 1 + size
            self._open.add(first - 1)
            return Range(first - 1, self._next)

    def mark(self, mine: Range) -> int | None:
        """How far everything is written once this range is committed; None when that is no news."""
        with self._lock:
            mark = min(self._open - {mine.after}, default=self._next)
            if mark <= self.noted:
                return None
            self.noted = mark
            return mark

    def done(self, mine: Range) -> None:
        """The range is committed."""
        with self._lock:
            self._open.discard(mine.after)

    def stop(self) -> None:
        """No more is handed out: somebody failed."""
        with self._lock:
            self._stopped = True


def by_two(ranges: Ranges, write: Callable[[], int]) -> int:
    """`write` here and on a second connection at once, both taking from `ranges`; the sum of what they return.

    When one fails the other ends its range; then the failure is raised.
    """
    made: list[int] = []
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            with revisions.scope():
                made.append(write())
        except BaseException as error:
            failed.append(error)
            ranges.stop()

    def beside() -> None:
        try:
            guarded()
        finally:
            connection.close()

    other = threading.Thread(target=beside, name="second writer")
    other.start()
    guarded()
    other.join()
    if failed:
        raise failed[0]
    return sum(made)
