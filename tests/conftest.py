"""What every test can rely on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations

from tests import environment
from tests.postgres import Cluster

# A busy machine is no failure: no example has a deadline. (Generating slowly on one is none either.) The examples are the
# same in every run, so that none meets a new one where it only wanted to know whether all is well: new ones are for a
# night's run, GEZHI_EXAMPLES=10.
hypothesis.settings.register_profile(
    "gezhi",
    deadline=None,
    derandomize="GEZHI_EXAMPLES" not in os.environ,
    max_examples=environment.some(100),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    print_blob=True,
)
hypothesis.settings.load_profile("gezhi")


#: Folders whose files take longest, begun first: at the end of a run nobody waits for one long story.
LONGEST = ("browser", "promises", "crash", "concurrency")


def pytest_configure(config: pytest.Config) -> None:
    """Hashing a password is slow on purpose; here it is the same hashing with the least of everything.

    Spread over processes, files are begun in our order on SQLite: xdist's own begins with the file of most tests, and a
    story of two minutes is one test.
    """
    settings.PASSWORD_HASHERS = ["tests.hashing.Quick"]
    if not environment.POSTGRES and hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(config, items):
    """On the pass on PostgreSQL only what touches a database is run, and is not said to be the same on any (`once`);
    the longest files begin first."""
    if not environment.POSTGRES:
        items.sort(key=lambda item: _turn(item.path))
        return
    again = [item for item in items if _touches_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(again)])
    items[:] = again


def _turn(path: Path) -> int:
    folder = path.relative_to(Path(__file__).parent).parts[0]
    return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)


def _touches_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("once"):
        return False
    fixtures = {"db", "transactional_db", "django_db_setup", "live_server"}
    return bool(item.get_closest_marker("django_db") or fixtures & set(getattr(item, "fixturenames", ())))


@pytest.fixture(autouse=True)
def _nothing_remembered():
    """What a test before this one left outside the database: views in memory, and the roots it exported."""
    from gezhi.foundation.db import revisions

    shutil.rmtree(Path(settings.GEZHI_HOME) / "roots", ignore_errors=True)
    revisions.forget()
    yield
    revisions.forget()


@pytest.fixture(scope="session")
def postgres_cluster():
    """A cluster for tests that need PostgreSQL whatever the pass (mark them `postgres`)."""
    cluster = Cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    """Between transactional tests tables are emptied, which the triggers on the event log rightly refuse."""
    execute_sql_flush = BaseDatabaseOperations.execute_sql_flush

    def flush(self, sql_list):
        sql_list = [*sql_list, "DELETE FROM search_document"]  # no model's table
        if self.connection.vendor == "postgresql":
            sql_list = ["SET session_replication_role = replica", *sql_list, "SET session_replication_role = origin"]
            return execute_sql_flush(self, sql_list)
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql IS NOT NULL")
            triggers = cursor.fetchall()
        drops = [f'DROP TRIGGER "{name}"' for name, _ in triggers]
        return execute_sql_flush(self, [*drops, *sql_list, *(sql for _, sql in triggers)])

    type(connection.ops).execute_sql_flush = flush
    yield
    type(connection.ops).execute_sql_flush = execute_sql_flush
