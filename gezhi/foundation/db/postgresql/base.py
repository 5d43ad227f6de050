"""PostgreSQL 15+, psycopg 3 with its pool."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from typing import Any

from django.db import Error
from django.db.backends.postgresql import base
from psycopg import Cursor, RawCursor

Told = tuple[str, Sequence[Any], str, Callable[[Any], None] | None]

# A statement that waits for a row lock longer than this is refused (503) instead of holding a
# worker thread for ever; a transaction left open by a stopped client must not keep the sealer waiting.
_SESSION = "-c lock_timeout=15s -c idle_in_transaction_session_timeout=300s"


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's backend with bounded waits on every session, and a pipeline for the hot path."""

    waiting: list[Callable[[], None]] | None = None  # what is to be done with answers, while a pipeline runs
    _pipe: ExitStack | None = None  # a pipeline that ends with the commit
    _told: list[Told] | None = None  # INSERTs that go out together, before the next statement

    def prepared_cursor(self):
        """A cursor whose statements the server keeps planned once they have come often (Django's sends each anew)."""
        self.ensure_connection()
        self._say()
        with self.wrap_database_errors:
            return self._prepare_cursor(Cursor(self.connection))  # type: ignore[attr-defined]

    @contextmanager
    def pipelined(self) -> Iterator[None]:
        """`db.pipelined()`. The end of an outermost write goes out with its last statements: one answer is waited for."""
        if self.waiting is not None:
            yield
            return
        self.ensure_connection()
        with ExitStack() as pipe:
            pipe.enter_context(self.wrap_database_errors)
            pipe.enter_context(self.connection.pipeline())
            self.waiting = []
            pipe.callback(self._stop_waiting)
            yield
            self._say()
            if len(self.atomic_blocks) == 1:
                self._pipe = pipe.pop_all()
            else:
                self._answered(pipe.pop_all())

    def _cursor(self, name=None):
        self._say()
        return super()._cursor(name)  # type: ignore[misc]

    def tell(self, told: Told) -> None:
        """`db.tell()` inside a pipeline: kept until the next statement, and sent with its neighbours as one."""
        if self._told is None:
            self._told = []
        self._told.append(told)

    def _say(self) -> None:
        told, self._told = self._told, None
        if not told:
            return
        text = _together(tuple((sql, returned) for sql, _values, returned, _then in told))
        # Whole numbers go as text of no type, else each size of number would be another statement to the server.
        values = [str(v) if type(v) is int else v for _sql, own, _returned, _then in told for v in own]
        with self.wrap_database_errors:
            cursor = self._prepare_cursor(RawCursor(self.connection))  # type: ignore[attr-defined]
        cursor.execute(text, values)
        thens = [then or _ignored for _sql, _values, returned, then in told if returned]
        if thens and self.waiting is not None:
            self.waiting.append(lambda: _answer(thens, cursor.fetchone()))

    def _stop_waiting(self) -> None:
        self.waiting = None
        self._told = None

    def _answered(self, pipe: ExitStack) -> None:
        """Read every answer; whatever the server refused is raised here."""
        waiting = self.waiting or ()
        pipe.close()
        for then in waiting:
            then()

    def _commit(self):
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            with ExitStack() as failing:
                failing.push(pipe)
                Cursor(self.connection).execute("COMMIT", prepare=False)
                failing.pop_all()
            self._answered(pipe)
        return super()._commit()  # type: ignore[misc]  # finds nothing to do when it was sent already

    def _rollback(self):
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            with suppress(Error):  # what was refused is undone with the rest
                pipe.close()
        return super()._rollback()  # type: ignore[misc]

    def get_connection_params(self):
        params = super().get_connection_params()
        params["options"] = f"{_SESSION} {params.get('options', '')}".strip()
        params["prepare_threshold"] = 2  # of prepared_cursor alone: Django's own cursors never prepare
        return params


def _ignored(_value: Any) -> None:
    pass


def _answer(thens: Sequence[Callable[[Any], None]], made: Sequence[Any]) -> None:
    for then, value in zip(thens, made, strict=True):
        then(value)


@lru_cache(maxsize=64)
def _together(told: tuple[tuple[str, str], ...]) -> str:
    """INSERTs as one statement that gives back one row: what each of them is asked to return."""
    parts, number = [], 0
    for at, (sql, returned) in enumerate(told):
        words = sql.split("%s")
        text = words[0]
        for word in words[1:]:
            number += 1
            text += f"${number}{word}"
        parts.append(f"t{at} AS ({text} RETURNING {returned} AS made)" if returned else f"t{at} AS ({text})")
    asked = [f"(SELECT made FROM t{at})" for at, (_sql, returned) in enumerate(told) if returned]
    return f"WITH {', '.join(parts)} SELECT {', '.join(asked) or 1}"
