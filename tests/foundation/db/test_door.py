"""The door to SQLite: in turn, nothing left locked, and writes outside transactions pass it too."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import threading
from pathlib import Path

import pytest
from django.db import IntegrityError
from django.db.utils import ConnectionHandler

from gezhi.foundation.db.sqlite.base import writes
from gezhi.foundation.db.sqlite.door import Door, Turn


@pytest.fixture
def handler(tmp_path, django_db_blocker):
    """Connections (one per thread, as in the product) to an SQLite file with one table."""
    with django_db_blocker.unblock():
        handler = ConnectionHandler(
            {"default": {"ENGINE": "gezhi.foundation.db.sqlite", "NAME": str(tmp_path / "site.sqlite3")}}
        )
        with handler["default"].cursor() as cursor:
            cursor.execute("CREATE TABLE thing (id integer PRIMARY KEY, name text UNIQUE)")
        yield handler
        handler["default"].close()


def is_free(path: Path) -> bool:
    """Whether another program could take the door's lock now."""
    descriptor = os.open(f"{path}.lock", os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def begin(connection) -> None:
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def insert(connection, name: str, returning: str = "") -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO thing (name) VALUES (%s) {returning}", [name])
        return cursor.fetchall() if returning else []


def test_a_transaction_holds_the_door_from_begin_to_its_end(handler, tmp_path):
    file, connection = tmp_path / "site.sqlite3", handler["default"]
    assert is_free(file)
    for end in (connection.commit, connection.rollback):
        begin(connection)
        assert not is_free(file)
        end()
        assert is_free(file)
        connection.set_autocommit(True)


def test_reading_never_waits_for_a_writer(handler, tmp_path):
    begin(handler["default"])
    insert(handler["default"], "unseen")
    seen = []

    def read():
        with handler["default"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM thing")
            seen.extend(cursor.fetchone())
        handler["default"].close()

    reader = threading.Thread(target=read)
    reader.start()
    reader.join()
    handler["default"].rollback()
    assert seen == [0]


def test_a_write_outside_a_transaction_passes_the_door_and_leaves_it(handler, tmp_path):
    connection = handler["default"]
    entered = []
    enter = connection.door.enter
    connection.door.enter = lambda: (entered.append("in"), enter())
    insert(connection, "a")
    assert entered == ["in"]
    assert is_free(tmp_path / "site.sqlite3")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO thing (name) VALUES (%s)", [["b"], ["c"]])
        assert entered == ["in", "in"]
        cursor.execute("SELECT name FROM thing ORDER BY id")
        assert cursor.fetchall() == [("a",), ("b",), ("c",)]
    assert entered == ["in", "in"]


def test_returned_rows_are_handed_out_after_the_door_is_left(handler, tmp_path):
    connection = handler["default"]
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO thing (name) VALUES ('a'), ('b'), ('c'), ('d') RETURNING name")
        assert is_free(tmp_path / "site.sqlite3")
        assert cursor.fetchone() == ("a",)
        assert cursor.fetchmany(1) == [("b",)]
        assert list(cursor) == [("c",), ("d",)]
        assert cursor.fetchone() is None
    assert insert(connection, "e", "RETURNING name") == [("e",)]


def test_a_refused_write_leaves_the_door(handler, tmp_path):
    insert(handler["default"], "a")
    with pytest.raises(IntegrityError):
        insert(handler["default"], "a")
    assert is_free(tmp_path / "site.sqlite3")


def test_closing_in_the_middle_of_a_transaction_leaves_the_door(handler, tmp_path):
    begin(handler["default"])
    insert(handler["default"], "a")
    handler["default"].close()
    assert is_free(tmp_path / "site.sqlite3")
    with handler["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM thing")
        assert cursor.fetchone() == (0,)


def _write_and_die(path: str) -> None:
    Door(path).enter()
    os._exit(9)


def test_a_process_that_dies_inside_leaves_the_door(tmp_path):
    path = str(tmp_path / "site.sqlite3")
    dying = multiprocessing.get_context("spawn").Process(target=_write_and_die, args=(path,))
    dying.start()
    dying.join()
    assert dying.exitcode == 9
    door = Door(path)
    door.enter()
    assert door.inside
    door.close()


def test_durable_and_overwriting(handler):
    with handler["default"].cursor() as cursor:
        found = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 1, "secure_delete": 1, "foreign_keys": 1}


def test_a_thread_that_would_wait_for_itself_is_told(tmp_path):
    first, second = Door(str(tmp_path / "x")), Door(str(tmp_path / "x"))
    first.enter()
    with pytest.raises(RuntimeError, match="wait for itself"):
        second.enter()
    first.close()
    second.enter()
    second.close()


def test_threads_get_their_turn_in_the_order_they_came():
    turn, order, waiting = Turn(), [], []
    turn.acquire()
    for number in range(8):
        thread = threading.Thread(target=lambda number=number: (turn.acquire(), order.append(number), turn.release()))
        thread.start()
        while len(turn._waiting) <= number:  # until it stands in line
            threading.Event().wait(0.001)
        waiting.append(thread)
    turn.release()
    for thread in waiting:
        thread.join()
    assert order == list(range(8))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", False),
        ("  \n-- a comment\n/* and\nanother */ select 1", False),
        ("INSERT INTO a VALUES (1)", True),
        ("-- SELECT\nUPDATE a SET b = 1", True),
        ("with x as (select 1) select * from x", False),
        ("WITH x AS (SELECT 1) INSERT INTO a SELECT * FROM x", True),
        ("PRAGMA journal_mode", False),
        ("EXPLAIN QUERY PLAN DELETE FROM a", False),
        ("SAVEPOINT s1", False),
        ("CREATE INDEX a ON b (c)", True),
        ("VACUUM", True),
        ("REPLACE INTO a VALUES (1)", True),
    ],
)
def test_which_statements_write(sql, expected):
    assert writes(sql) is expected
