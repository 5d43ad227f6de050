"""Four processes of four threads write one SQLite file: nobody starves, nothing is lost."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS, PROCESSES, THREADS = 3, 4, 4


def race(home: Path, mode: str) -> tuple[list[dict], int, int]:
    """Run the race in a fresh home; returns (report per thread, final counter, rows written)."""
    home.mkdir()
    file = home / "gezhi.sqlite3"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE db_revision (name varchar(40) PRIMARY KEY, value bigint NOT NULL)")
        database.execute("INSERT INTO db_revision VALUES ('counter', 0)")
    database.close()
    environment = {**os.environ, "GEZHI_HOME": str(home)}
    environment.pop("GEZHI_DATABASE_URL", None)
    command = [sys.executable, "-m", "tests.concurrency.writers"]
    processes = [
        subprocess.Popen(
            [*command, f"p{number}", str(SECONDS), str(THREADS), mode],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        for number in range(PROCESSES)
    ]
    reports: list[dict] = []
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in processes:
        out, _ = process.communicate()
        assert process.returncode == 0
        reports += json.loads(out)
    with sqlite3.connect(file) as database:
        (counter,) = database.execute("SELECT value FROM db_revision WHERE name = 'counter'").fetchone()
        (rows,) = database.execute("SELECT count(*) FROM db_revision WHERE name <> 'counter'").fetchone()
    database.close()
    return reports, counter, rows


@pytest.mark.slow
def test_nobody_starves_and_nothing_is_lost(tmp_path):
    reports, counter, rows = race(tmp_path / "home", "door")
    done = [report["done"] for report in reports]
    assert len(reports) == PROCESSES * THREADS
    assert sum(report["refused"] for report in reports) == 0
    assert counter == rows == sum(done)
    # Everybody writes: the slowest thread at least a quarter of an even share ...
    assert min(done) * 4 >= sum(done) / len(done)
    # ... and in turn: nobody is overtaken by more than a few rounds of all the others, but where the machine took the
    # processor away between noting and asking, which it does to one round in hundreds.
    for report in reports:
        overtaken = sorted(report["overtaken"])
        assert overtaken[: max(1, len(overtaken) - 1 - len(overtaken) // 50)][-1] <= 5 * PROCESSES * THREADS


@pytest.mark.slow
def test_without_the_door_writers_are_refused(tmp_path):
    """The twin: the same race on the engine as it comes shows that the race is real."""
    reports, counter, rows = race(tmp_path / "home", "bare")
    assert sum(report["refused"] for report in reports) > 0
    assert counter == rows  # SQLite itself loses nothing; it refuses
