"""GET /healthz."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from gezhi.foundation import db
from gezhi.foundation.jobs import workers
from gezhi.interfaces.site import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def unknown(monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)


def test_it_tells_database_version_and_the_workers_age(client):
    body = client.get("/healthz").json()
    assert body == {"status": "ok", "database": connection.vendor, "version": body["version"], "worker_age": None}
    workers.beat("one")
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json()["worker_age"] >= 0


def test_pending_migrations_are_not_healthy_until_applied(client):
    recorder = MigrationRecorder(connection)
    with db.write():
        recorder.record_unapplied("jobs", "0001_initial")
    assert client.get("/healthz").status_code == 503
    with db.write():
        recorder.record_applied("jobs", "0001_initial")
    assert client.get("/healthz").status_code == 200


def test_an_unreachable_database_is_not_healthy(client, monkeypatch):
    def unreachable():
        raise OperationalError("connection refused")

    monkeypatch.setattr(health, "heartbeat_age", unreachable)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["status"] == "database unreachable"
