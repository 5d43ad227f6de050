"""Counting statements: the budget of a page or an action is part of its tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection

_CONTROL = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")


@dataclass
class Counted:
    """`statements`: SQL in order, without parameters. `control`: savepoints and the like, not counted."""

    statements: list[str] = field(default_factory=list)
    control: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.statements)

    def __str__(self) -> str:
        return "\n".join(f"{n:3} {sql}" for n, sql in enumerate(self.statements, 1))


@contextmanager
def count_queries() -> Iterator[Counted]:
    """`with count_queries() as q: ...; assert q.total <= 8, str(q)`, for the current thread's connection."""
    counted = Counted()

    def note(execute, sql, params, many, context):
        target = counted.control if sql.lstrip().upper().startswith(_CONTROL) else counted.statements
        target.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield counted
