"""Statements of the hot path, called on SQLite's own connection.

Django's cursor looks at each statement three times on its way (watchers, placeholders, the door), which costs as much as the statement. Here the
text is made once and nothing else is asked. docs/adr/0264.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gezhi.foundation.db.hot import Answer, witnessed

if TYPE_CHECKING:
    from .base import DatabaseWrapper


@lru_cache(maxsize=512)
def called(sql: str) -> str:
    """The statement with SQLite's placeholders."""
    return sql.replace("%s", "?")


def answer(wrapper: DatabaseWrapper, sql: str, values: Sequence[Any]) -> Answer:
    """Execute; parameters as `%s`, no other per cent sign."""
    if (
        not wrapper.door.inside or wrapper.queries_logged
    ):  # it may write outside a transaction, or somebody keeps the statements
        with wrapper.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall(), cursor.rowcount
    wrapper.validate_no_broken_transaction()
    answers: list[Answer] = []
    witnessed(wrapper, sql, values, lambda *_given: answers.append(_call(wrapper, sql, values)))
    return answers[0]


def _call(wrapper: DatabaseWrapper, sql: str, values: Sequence[Any]) -> Answer:
    with wrapper.wrap_database_errors:
        cursor = wrapper.connection.execute(called(sql), values)
        return cursor.fetchall(), cursor.rowcount
