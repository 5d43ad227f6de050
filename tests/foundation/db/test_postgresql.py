"""The PostgreSQL engine, on a cluster of its own whatever database the rest of this pass uses."""

from __future__ import annotations

import threading

import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError
from django.db.utils import ConnectionHandler

from gezhi.foundation.errors import Unavailable
from gezhi.interfaces.site import faults

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
NAME = "gezhi-pool-of-two"


@pytest.fixture
def handler(postgres_cluster, django_db_blocker):
    """Pooled connections, one per thread, to a database with one table."""
    settings = {
        "ENGINE": "gezhi.foundation.db.postgresql",
        "NAME": "postgres",
        "USER": "gezhi",
        "HOST": "127.0.0.1",
        "PORT": str(postgres_cluster.port),
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 2, "timeout": 60}, "application_name": NAME},
    }
    with django_db_blocker.unblock():
        # The alias names the pool too, which the default connection of this pass may have under "default".
        handler = ConnectionHandler({DEFAULT_DB_ALIAS: settings, "own": settings})
        with handler["own"].cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS thing")
            cursor.execute("CREATE TABLE thing (id int PRIMARY KEY, n int)")
            cursor.execute("INSERT INTO thing VALUES (1, 0)")
        yield handler
        handler["own"].close()
        handler["own"].close_pool()


def begin(connection) -> None:
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def test_waits_are_bounded(handler):
    with handler["own"].cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("15s",)
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("5min",)


def test_a_lock_waited_for_too_long_is_a_refusal_to_try_again(handler):
    begin(handler["own"])
    with handler["own"].cursor() as cursor:
        cursor.execute("UPDATE thing SET n = 1 WHERE id = 1")
    met = []

    def wait() -> None:
        connection = handler["own"]
        begin(connection)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
            try:
                cursor.execute("UPDATE thing SET n = 2 WHERE id = 1")
            except OperationalError as error:
                met.append(error)
        connection.rollback()
        connection.close()

    waiting = threading.Thread(target=wait)
    waiting.start()
    waiting.join()
    handler["own"].rollback()
    (error,) = met
    assert isinstance(faults.as_refusal(error), Unavailable)


def test_more_threads_than_pooled_connections_all_write(handler):
    def add() -> None:
        for _ in range(20):
            with handler["own"].cursor() as cursor:
                cursor.execute("UPDATE thing SET n = n + 1 WHERE id = 1")
            handler["own"].close()  # as at the end of a request: back to the pool

    handler["own"].close()
    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with handler["own"].cursor() as cursor:
        cursor.execute("SELECT n FROM thing WHERE id = 1")
        assert cursor.fetchone() == (160,)
        # Ours: what other tests of this process left on the cluster may still be ending.
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [NAME])
        assert 1 <= cursor.fetchone()[0] <= 2
