"""What the hot path of both databases has in common: a cursor that is no more than its answer, and who watches its statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

Answer = tuple[list[tuple[Any, ...]], int]  # its rows; how many rows it found or changed


class HotCursor:
    """As much of a cursor as the hot path needs: one statement, its rows, how many there were."""

    def __init__(self, execute: Callable[[str, Sequence[Any]], Answer]) -> None:
        self._execute = execute
        self._rows: list[tuple[Any, ...]] = []
        self.rowcount = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._rows = []

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Parameters as `%s`, no other per cent sign."""
        self._rows, self.rowcount = self._execute(sql, values)

    def fetchall(self) -> list[tuple[Any, ...]]:
        rows, self._rows = self._rows, []
        return rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop(0) if self._rows else None


def witnessed(connection: Any, sql: str, values: Sequence[Any], execute: Callable[..., object]) -> None:
    """Whoever watches a connection's statements (counts, times, faults of tests) sees these as well."""
    for watcher in reversed(connection.execute_wrappers):
        execute = partial(watcher, execute)
    execute(sql, values, False, {"connection": connection, "cursor": None})
