"""PostgreSQL 15+, psycopg 3 with its pool."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.db.backends.postgresql import base

from gezhi.foundation.db.hot import Answer, HotCursor, witnessed

from .wire import Statement, Wire

Told = tuple[str, Sequence[Any], str, Callable[[Any], None] | None]
Rows = list[tuple[Any, ...]]

# A statement that waits for a row lock longer than this is refused (503) instead of holding a
# worker thread for ever; a transaction left open by a stopped client must not keep the sealer waiting.
_SESSION = "-c lock_timeout=15s -c idle_in_transaction_session_timeout=300s"
_BEGIN: Statement = ("BEGIN", ())
_COMMIT: Statement = ("COMMIT", ())


class _Question:
    """A SELECT that has been asked for and, once somebody reads it, answered."""

    def __init__(self, sql: str, values: Sequence[Any]) -> None:
        self.sql, self.values = sql, values
        self.rows: Rows | None = None


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's backend with bounded waits on every session, and one trip for what belongs together on the hot path."""

    waiting = False  # whether a `pipelined` block runs
    _asked: tuple[_Question, ...] = ()
    _told: tuple[Told, ...] = ()
    _last = False  # the block has ended, its INSERTs go out with the commit

    def prepared_cursor(self) -> HotCursor:
        """A cursor whose statements the server keeps prepared (Django's sends each anew)."""
        return HotCursor(self._execute)

    def _execute(self, sql: str, values: Sequence[Any]) -> Answer:
        self._say()
        answers: list[Answer] = []
        witnessed(self, sql, values, lambda *_given: answers.extend(self._send([(_numbered(sql), values)])))
        return answers[0]

    @contextmanager
    def pipelined(self) -> Iterator[None]:
        """`db.pipelined()`. The end of an outermost write goes out with its last statements: one answer is waited for."""
        if self.waiting:
            yield
            return
        self.ensure_connection()
        self.waiting, self._asked, self._told, self._last = True, (), (), False
        try:
            yield
            if len(self.atomic_blocks) == 1:
                self._last = True
            else:
                self._say()
        except BaseException:
            self._asked = self._told = ()
            raise
        finally:
            self.waiting = False

    def _cursor(self, name=None):
        self._say()
        return super()._cursor(name)  # type: ignore[misc]

    def ask(self, sql: str, values: Sequence[Any]) -> Callable[[], Rows]:
        """`db.ask()` inside a pipeline: sent with its neighbours when the first of their answers is read."""
        question = _Question(sql, values)
        self._asked = (*self._asked, question)

        def answer() -> Rows:
            if question.rows is None:
                self._say()
            assert question.rows is not None
            return question.rows

        return answer

    def tell(self, told: Told) -> None:
        """`db.tell()` inside a pipeline: kept until the next statement, and sent with its neighbours as one."""
        self._told = (*self._told, told)

    def say(self) -> None:
        """`db.said()`."""
        self._say()

    def _say(self, *, commit: bool = False) -> None:
        """Send what is waiting to be said, and read the answers."""
        asked, told = self._asked, self._told
        self._asked = self._told = ()
        if not asked and not told:
            return
        given: list[tuple[str, Sequence[Any]]] = [(question.sql, question.values) for question in asked]
        if told:
            text = _together(tuple((sql, returned) for sql, _values, returned, _then in told))
            given.append((text, [value for _sql, own, _returned, _then in told for value in own]))
        for sql, values in given:
            witnessed(self, sql, values, _nothing)  # before it is sent with its neighbours
        answers = self._send([(_numbered(sql), values) for sql, values in given], commit=commit)
        for question, (rows, _count) in zip(asked, answers, strict=False):
            question.rows = rows
        thens = [then for _sql, _values, returned, then in told if returned]
        if thens:
            ((made,), _count) = answers[len(asked)]
            for then, value in zip(thens, made, strict=True):
                if then is not None:
                    then(value)

    def _send(self, statements: Sequence[Statement], *, commit: bool = False) -> list[Answer]:
        """Their answers; a transaction that has not begun begins with them, and with `commit` it ends with them."""
        self.ensure_connection()
        with self.wrap_database_errors:
            wire = self._wire()
            begin = (_BEGIN,) if not self.connection.autocommit and wire.idle else ()
            end = (_COMMIT,) if commit else ()
            return wire.send([*begin, *statements, *end])[len(begin) : len(begin) + len(statements)]

    def _wire(self) -> Wire:
        wire: Wire | None = getattr(self.connection, "_gezhi_wire", None)
        if wire is None:
            wire = self.connection._gezhi_wire = Wire(self.connection)
        return wire

    def _commit(self):
        if self._last:
            self._last = False
            self._say(commit=True)
        return super()._commit()  # type: ignore[misc]  # finds nothing to do when it was sent already

    def _rollback(self):
        self._asked = self._told = ()
        self._last = False
        return super()._rollback()  # type: ignore[misc]

    def get_connection_params(self):
        params = super().get_connection_params()
        params["options"] = f"{_SESSION} {params.get('options', '')}".strip()
        # psycopg prepares nothing: with its own statements it would take away, after a rollback, those of the wire as well.
        params["prepare_threshold"] = None
        return params


def _nothing(*_args: Any) -> None:
    pass


@lru_cache(maxsize=256)
def _numbered(sql: str) -> str:
    """Django's `%s` as the server's $1, $2 …"""
    words = sql.split("%s")
    return words[0] + "".join(f"${number}{word}" for number, word in enumerate(words[1:], 1))


@lru_cache(maxsize=64)
def _together(told: tuple[tuple[str, str], ...]) -> str:
    """INSERTs as one statement that gives back one row: what each of them is asked to return."""
    parts = [
        f"t{at} AS ({sql} RETURNING {returned} AS made)" if returned else f"t{at} AS ({sql})"
        for at, (sql, returned) in enumerate(told)
    ]
    asked = [f"(SELECT made FROM t{at})" for at, (_sql, returned) in enumerate(told) if returned]
    return f"WITH {', '.join(parts)} SELECT {', '.join(asked) or 1}"
