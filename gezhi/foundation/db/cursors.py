"""The cursor of the hot path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

Answer = Callable[[], list[tuple[Any, ...]]]


def prepared() -> Any:
    """`with db.prepared() as cursor:` for a statement of the hot path: PostgreSQL keeps its plan, SQLite does anyway.

    Parameters go to the server as they are, so a statement that is written otherwise each time gains nothing.
    """
    made: Any = connection
    return made.prepared_cursor()


@contextmanager
def pipelined() -> Iterator[None]:
    """The whole of a `write()`: what is asked (`ask`) or told (`tell`) goes to PostgreSQL together, as late as it can.

    What the server refuses is raised later, at the next answer that is read or with the commit, as the same exception.
    An id that the database makes (`insert`) is set at the end of the block at the latest. On SQLite, which is called and
    not sent to, nothing changes.
    """
    if connection.vendor != "postgresql":
        yield
        return
    made: Any = connection
    with made.pipelined():
        yield


def ask(sql: str, parameters: Sequence[Any] = ()) -> Answer:
    """Execute a SELECT of the hot path; its rows are read by calling what is returned.

    Inside `pipelined()` PostgreSQL is asked when the first answer is read, together with whatever else was asked until then.
    """
    made: Any = connection
    if getattr(made, "waiting", False):
        return made.ask(sql, parameters)  # type: ignore[no-any-return]
    with prepared() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    return lambda: rows


def tell(sql: str, values: Sequence[Any], returned: str = "", then: Callable[[Any], None] | None = None) -> None:
    """Execute an INSERT of one row on the hot path (without RETURNING; parameters as `%s`, no other per cent sign).

    Inside `pipelined()` it goes to PostgreSQL together with its neighbours as one statement, before whatever is executed
    next or the commit, so none of them may read what another one writes. `then` gets the value of the column `returned`
    when it has been answered, at the end of `pipelined()` at the latest.
    """
    made: Any = connection
    if getattr(made, "waiting", False):
        made.tell((sql, values, returned, then))
    else:
        tell_at_once((sql, values, returned, then))


def said() -> None:
    """Inside `pipelined()`: have everything that was told so far executed now; what is refused is raised here."""
    made: Any = connection
    if getattr(made, "waiting", False):
        made.say()


def tell_at_once(told: tuple[str, Sequence[Any], str, Callable[[Any], None] | None]) -> None:
    """What `tell` does where nothing is kept for later: the INSERT by itself."""
    sql, values, returned, then = told
    with prepared() as cursor:
        cursor.execute(f"{sql} RETURNING {returned}" if returned else sql, values)
        if returned and then is not None:
            then(cursor.fetchall()[0][0])
