"""A table for the cast, and PostgreSQL on demand in whatever pass."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from gezhi.foundation.events import folding, private
from tests.foundation.events.cast import FIELDS, LID_FIELDS, Box, Lid


def _make_table() -> None:
    if Box._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Box)
            editor.create_model(Lid)


@pytest.fixture(scope="session")
def _box_table(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        _make_table()
    yield
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        editor.delete_model(Lid)
        editor.delete_model(Box)


@pytest.fixture
def boxes(_box_table, transactional_db, own_files, box_state):
    """An empty log on real transactions: what is committed here is seen by other connections."""
    yield
    Lid.objects.all().delete()
    Box.objects.all().delete()


@pytest.fixture
def box_state(monkeypatch):
    """Only boxes have a registered state here: other rooms' rows are their own tests' concern."""
    monkeypatch.setattr(folding, "STATES", {})
    monkeypatch.setattr(folding, "PARTS", {})
    folding.register_state("box", Box, FIELDS)
    folding.register_parts("box", "lid", Lid, LID_FIELDS, parent="box_id")


@pytest.fixture
def own_files(monkeypatch, tmp_path):
    """Roots and journals of earlier tests must not be compared with this test's log."""
    home, elsewhere = Path(settings.GEZHI_HOME), tmp_path / "elsewhere"
    shutil.rmtree(home / "roots", ignore_errors=True)
    (home / "erasures.pending").unlink(missing_ok=True)
    monkeypatch.setenv("GEZHI_ROOTS", str(elsewhere))
    monkeypatch.setenv("GEZHI_ERASURES", str(tmp_path / "journal" / "erasures.jsonl"))
    yield tmp_path
    shutil.rmtree(home / "roots", ignore_errors=True)


@pytest.fixture(scope="module")
def _postgres_database(postgres_cluster, django_db_blocker):
    """A migrated database (this room and what it stands on) in a cluster of its own."""
    with psycopg.connect(postgres_cluster.url("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE events_room")
    before = connections.settings["default"]
    connections.settings["default"] = {
        **before,
        "ENGINE": "gezhi.foundation.db.postgresql",
        "NAME": "events_room",
        "USER": "gezhi",
        "PASSWORD": "",
        "HOST": "127.0.0.1",
        "PORT": str(postgres_cluster.port),
        "OPTIONS": {},
    }
    kept = connections["default"]
    connections["default"] = connections.create_connection("default")
    with django_db_blocker.unblock():
        for app in ("db", "calendar", "events"):
            call_command("migrate", app, verbosity=0)
        _make_table()
        yield
        connections["default"].close()
    connections.settings["default"], connections["default"] = before, kept
    with psycopg.connect(postgres_cluster.url("postgres"), autocommit=True) as admin:
        admin.execute("DROP DATABASE events_room WITH (FORCE)")


@pytest.fixture
def postgres(_postgres_database, django_db_blocker, own_files, box_state, monkeypatch):
    """PostgreSQL as the default database of this test, with an empty log."""
    # Other rooms have no tables here: nothing to erase and no sums to check.
    monkeypatch.setattr(private, "_hooks", [])
    monkeypatch.setattr(folding, "CHECKS", [])
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(
                "TRUNCATE events_event, events_block, events_private, events_epoch, events_cast_box, events_cast_lid"
            )
            cursor.execute("SET session_replication_role = origin")
        yield
