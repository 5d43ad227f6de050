"""Statements of the hot path, called on SQLite's own connection.

Django's cursor looks at each statement three times on its way (watchers, placeholders, the door), which costs as much as the statement. Here the
text is made once and nothing else is asked. docs/adr/0264.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from .base import DatabaseWrapper


@lru_cache(maxsize=512)
def called(sql: str) -> str:
    """The statement with SQLite's placeholders."""
    return sql.replace("%s", "?")


class CalledCursor:
    """As much of a cursor as the hot path needs: one statement, its rows, how many there were."""

    def __init__(self, wrapper: DatabaseWrapper) -> None:
        self._wrapper = wrapper
        self._rows: list[tuple[Any, ...]] = []
        self.rowcount = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._rows = []

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Parameters as `%s`, no other per cent sign."""
        wrapper = self._wrapper
        if not wrapper.door.inside or wrapper.queries_logged:
            self._ordinary(sql, values)  # it may write outside a transaction, or somebody keeps the statements
            return
        wrapper.validate_no_broken_transaction()
        execute: Any = self._call
        for watcher in reversed(wrapper.execute_wrappers):
            execute = partial(watcher, execute)
        execute(sql, values, False, {"connection": wrapper, "cursor": None})

    def _call(self, sql: str, values: Sequence[Any], _many: bool, _context: object) -> None:
        with self._wrapper.wrap_database_errors:
            cursor = self._wrapper.connection.execute(called(sql), values)
            self._rows = cursor.fetchall()
            self.rowcount = cursor.rowcount

    def _ordinary(self, sql: str, values: Sequence[Any]) -> None:
        with self._wrapper.cursor() as cursor:
            cursor.execute(sql, values)
            self._rows = cursor.fetchall()
            self.rowcount = cursor.rowcount

    def fetchall(self) -> list[tuple[Any, ...]]:
        rows, self._rows = self._rows, []
        return rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop(0) if self._rows else None
