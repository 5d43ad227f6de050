"""Statements of the hot path over libpq itself: several in one go, answered in one wait.

A psycopg cursor finds out anew for each statement what it is, which types its values have and how to wait for it, which costs more
than the server takes to store a narrow row. Here a statement is prepared once on its connection, its values go as text whose types the
server knows from the columns, and all answers of one `send` are read together. docs/adr/0263.
"""

from __future__ import annotations

import json
import select
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.types.json import Json, Jsonb

from gezhi.foundation.db.hot import Answer

Statement = tuple[str, Sequence[Any]]  # its parameters are $1, $2 …
KEPT = 200  # statements a connection keeps prepared; others are sent whole each time
_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)


class Wire:
    """What is known of one connection: which statements its server has prepared."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._names: dict[str, bytes] = {}
        self._given = 0
        self._ready = select.poll()
        self._ready.register(connection.pgconn.socket, select.POLLIN)

    @property
    def idle(self) -> bool:
        """Whether no transaction has begun."""
        return self._connection.pgconn.transaction_status == pq.TransactionStatus.IDLE

    def send(self, statements: Sequence[Statement]) -> list[Answer]:
        """Execute in order. The first one refused is raised, as psycopg does; none after it is executed."""
        line = self._connection.pgconn
        encoded = [encoded_values(values, self._connection) for _sql, values in statements]
        made: list[
            str | None
        ] = []  # of each answer: the statement it says is prepared, or None for one that was executed
        line.enter_pipeline_mode()
        try:
            for (sql, _values), (values, formats) in zip(statements, encoded, strict=True):
                name = self._names.get(sql)
                if name is None and self._given < KEPT:
                    self._given += 1
                    name = b"gezhi%d" % self._given
                    line.send_prepare(name, sql.encode())
                    made.append(sql)
                    self._names[sql] = name
                if name is None:
                    line.send_query_params(sql.encode(), values, param_formats=formats)
                else:
                    line.send_query_prepared(name, values, param_formats=formats)
                made.append(None)
            line.pipeline_sync()
            results = self._answers()
        finally:
            # A connection that broke cannot leave the mode; its owner finds it broken and opens another.
            with suppress(psycopg.OperationalError):
                line.exit_pipeline_mode()
        refused = None
        for sql_made, result in zip(made, results, strict=True):
            if result.status not in _DONE:
                refused = refused or result
                if sql_made is not None:
                    del self._names[sql_made]  # the server never heard of it
        if refused is not None:
            raise error_from_result(refused, encoding="utf-8")
        return [self._answer(result) for sql_made, result in zip(made, results, strict=True) if sql_made is None]

    def _answers(self) -> list[Any]:
        line = self._connection.pgconn
        results: list[Any] = []
        while line.flush():
            select.select([line.socket], [line.socket], [])
            line.consume_input()
        while True:
            while line.is_busy():
                self._ready.poll()
                line.consume_input()
            result = line.get_result()
            if result is None:
                continue  # the end of one statement's answer
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)

    def _answer(self, result: Any) -> Answer:
        if not result.ntuples:
            return [], result.command_tuples or 0
        loading = Transformer(self._connection)
        loading.set_pgresult(result)
        return loading.load_rows(0, result.ntuples, tuple), result.ntuples


def encoded_values(values: Sequence[Any], connection: Any) -> tuple[list[bytes | None], list[int] | None]:
    """Values as PostgreSQL reads them; of each 0 for text, 1 for raw bytes (None: all text).

    Raises psycopg.DataError for text with a zero in it.
    """
    given = [encode(v) if (encode := _PLAIN.get(type(v))) is not None else _other(v, connection) for v in values]
    raw = [type(v) is bytes for v in values]
    return given, [int(one) for one in raw] if True in raw else None


def _text(value: str) -> bytes:
    if "\0" in value:
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return value.encode()


def _json(value: Any) -> bytes:
    said: str = (value.dumps or json.dumps)(value.obj)
    return said.encode()


def _nothing(_value: None) -> None:
    return None


def _other(value: Any, connection: Any) -> bytes | None:
    """As psycopg writes it: lists, decimals, lazy texts …"""
    dumped = Transformer(connection).get_dumper(value, PyFormat.TEXT).dump(value)
    return None if dumped is None else bytes(dumped)


_PLAIN: dict[type, Callable[[Any], bytes | None]] = {
    type(None): _nothing,
    str: _text,
    bytes: bytes,
    int: lambda value: b"%d" % value,
    bool: lambda value: b"t" if value else b"f",
    float: lambda value: repr(value).encode(),
    datetime: lambda value: value.isoformat().encode(),
    date: lambda value: value.isoformat().encode(),
    Json: _json,
    Jsonb: _json,
}
