"""Statements sent over libpq itself read, write and refuse as Django's own cursor does."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction

from gezhi.foundation import db
from gezhi.foundation.db.postgresql import wire

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is called, not sent to."),
]

#: A value, and how PostgreSQL is told its type where no column says it.
VALUES = [
    (None, "text"), ("路灯 100%$1", "text"), (7, "int"), (5_000_000_000, "bigint"), (True, "boolean"),
    (1.25, "float8"), (Decimal("3.10"), "numeric"), (b"\x00\xff\\x", "bytea"), (date(2024, 2, 29), "date"),
    (datetime(2026, 11, 22, 4, 5, 6, 7, tzinfo=UTC), "timestamptz"), ([1, 2, 3], "int[]"), (["甲", 'a"b,c', None], "text[]"),
    ([date(2024, 2, 29)], "date[]"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "kind"), VALUES, ids=[f"{kind}-{type(value).__name__}" for value, kind in VALUES])
def test_a_value_arrives_as_it_does_through_djangos_cursor(value, kind):
    sql = f"SELECT %s::{kind}, 1"
    with db.prepared() as cursor, connection.cursor() as own:
        cursor.execute(sql, [value])
        own.execute(sql, [value])
        (said,), (owns,) = cursor.fetchall(), own.fetchall()
    assert [bytes(v) if isinstance(v, memoryview) else v for v in said] == [
        bytes(v) if isinstance(v, memoryview) else v for v in owns
    ]


def test_what_the_server_refuses_is_the_same_exception_and_the_next_statement_goes_through():
    with db.prepared() as cursor:
        for sql, values, refusal in (
            ("SELECT 1 / %s::int", [0], DataError),
            ("SELECT * FROM no_such_table WHERE id = %s", [1], ProgrammingError),
            ("SELECT %s::text", ["a\x00b"], DataError),
        ):
            with pytest.raises(refusal):
                cursor.execute(sql, values)
            cursor.execute("SELECT %s::int", [1])
            assert cursor.fetchall() == [(1,)] and cursor.rowcount == 1


def test_a_statement_that_was_refused_once_is_prepared_again_and_stays_after_a_rollback():
    sql = "SELECT count(*) FROM db_wired WHERE n = %s"
    with db.prepared() as cursor, pytest.raises(ProgrammingError):
        cursor.execute(sql, [1])
    with connection.cursor() as own:
        own.execute("CREATE TABLE db_wired (n int PRIMARY KEY)")
    try:
        for _ in range(3):
            with db.prepared() as cursor:
                cursor.execute(sql, [1])
                assert cursor.fetchone() == (0,) and cursor.fetchone() is None
            with pytest.raises(IntegrityError), db.write(), db.prepared() as cursor:
                cursor.execute("INSERT INTO db_wired VALUES (%s)", [1])
                cursor.execute("INSERT INTO db_wired VALUES (%s)", [1])
    finally:
        with connection.cursor() as own:
            own.execute("DROP TABLE db_wired")


def test_it_begins_the_transaction_and_sees_what_djangos_cursor_wrote_in_it():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        with db.prepared() as cursor:
            cursor.execute("INSERT INTO db_revision (name, value) VALUES (%s, %s)", ["wire", 1])
            assert cursor.rowcount == 1
        with connection.cursor() as own:
            own.execute("UPDATE db_revision SET value = 2 WHERE name = 'wire'")
        with db.prepared() as cursor:
            cursor.execute("SELECT value FROM db_revision WHERE name = %s", ["wire"])
            assert cursor.fetchall() == [(2,)]
        raise ZeroDivisionError
    with db.prepared() as cursor:
        cursor.execute("SELECT value FROM db_revision WHERE name = %s", ["wire"])
        assert cursor.fetchall() == []


def test_more_statements_than_a_connection_keeps_are_sent_whole(monkeypatch):
    monkeypatch.setattr(wire, "KEPT", 0)
    connection.ensure_connection()
    line = wire.Wire(connection.connection)
    assert line.send([("SELECT $1::int + 1", [1]), ("SELECT $1::text", ["b"])]) == [([(2,)], 1), ([("b",)], 1)]


def test_questions_are_asked_together_and_answered_in_order():
    with db.write(), db.pipelined():
        first, second = db.ask("SELECT %s::int", [1]), db.ask("SELECT %s::text UNION ALL SELECT 'b'", ["a"])
        assert second() == [("a",), ("b",)] and first() == [(1,)]
