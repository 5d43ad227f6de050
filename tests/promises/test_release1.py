"""A county that ran the first release updates: its open cases live on, on the version they began with.

tests/data/release1.*.tar.xz are homes made by that release (synthetic people): 46 cases, over twenty open, over ten
thousand events, in one sealed block.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"


def run(environment: dict[str, str], *module: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *module], cwd=ROOT, text=True, capture_output=True, timeout=900,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "gezhi.interfaces.site.settings"} | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def unpack(kind: str, into: Path) -> dict[str, str]:
    """The home of the release; returns the environment that points there."""
    with tarfile.open(DATA / f"release1.{kind}.tar.xz") as archive:
        archive.extractall(into, filter="data")
    return {"GEZHI_HOME": str(into / "home"), "GEZHI_KEYS": str(into / "keys"), "GEZHI_DATABASE_URL": ""}


def lives_on(environment: dict[str, str]) -> list[Any]:
    """The update, and work on an old case and a new one; returns what the log's verification found then."""
    run(environment, "gezhi.interfaces.commands.main", "migrate")
    run(environment, "gezhi.interfaces.commands.main", "verify")
    told: dict[str, Any] = json.loads(run(environment, "tests.promises.release1_acts").splitlines()[-1])
    before = told["before"]
    assert before["cases"] == 46 and before["open"] > 20 and before["versions"] == [1] and before["clean"]
    assert told["done"] == ["triage:dispatch", "sign:accept", "handle:finish", "verify:pass", "follow_up:solved"]
    assert told["old"] == [1, "closed", "done", "yes"] and told["told"] == "closed"
    assert told["new"][:2] == [2, "open"]
    assert told["open"] == before["open"]  # one less, one more
    run(environment, "gezhi.interfaces.commands.main", "verify")
    return told["findings"]


@pytest.mark.slow
def test_on_sqlite(tmp_path):
    assert lives_on(unpack("sqlite", tmp_path)) == []


@pytest.mark.slow
@pytest.mark.postgres
def test_on_postgresql(tmp_path, postgres_cluster):
    environment = unpack("postgres", tmp_path)
    postgres_cluster.create("release1")
    sql = (tmp_path / "release1.pg.sql").read_bytes()
    url = postgres_cluster.url("release1")
    loaded = subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", url], input=sql, capture_output=True)
    assert loaded.returncode == 0, loaded.stderr.decode()
    assert lives_on(environment | {"GEZHI_DATABASE_URL": url}) == []


def test_a_home_whose_log_was_changed_is_not_called_clean(tmp_path):
    """The verification that the two tests above rely on would notice."""
    import sqlite3

    environment = unpack("sqlite", tmp_path)
    run(environment, "gezhi.interfaces.commands.main", "migrate")
    with sqlite3.connect(tmp_path / "home" / "gezhi.sqlite3") as database:
        (number,) = database.execute("SELECT id FROM workflows_case WHERE state = 'open' LIMIT 1").fetchone()
        database.execute("UPDATE workflows_case SET stage = 'verify', phase = 'x' WHERE id = ?", (number,))
    done = subprocess.run(
        [sys.executable, "-m", "gezhi.interfaces.commands.main", "verify"], cwd=ROOT, capture_output=True,
        env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode != 0
