"""Four processes of four threads raise and settle matters on one SQLite file: nobody starves, nothing is lost."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys

import pytest

from tests.crash.running import Site, environment

PROCESSES, THREADS, CASES = 4, 4, 6


@pytest.mark.slow
def test_sixteen_writers_of_cases(tmp_path):
    env = environment(tmp_path)
    subprocess.run([sys.executable, "-m", "tests.crash.running"], env=env, check=True)
    command = [sys.executable, "-m", "tests.crash.crowd"]
    processes = [
        subprocess.Popen(
            [*command, f"p{n}", str(THREADS), str(CASES)], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for n in range(PROCESSES)
    ]
    reports = []
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
    assert len(reports) == PROCESSES * THREADS
    assert [fault for report in reports for fault in report["failed"]] == []
    made = {case for report in reports for case in report["made"]}
    assert len(made) == PROCESSES * THREADS * CASES
    # Nobody starves: everybody is through with all of theirs, and nobody was told to come again. (How evenly turns are
    # dealt out is counted in tests/concurrency/test_sqlite_writers.py: seconds are the machine's, not the door's.)
    assert [len(report["made"]) for report in reports] == [CASES] * (PROCESSES * THREADS)

    with sqlite3.connect(tmp_path / "home" / "gezhi.sqlite3") as database:
        rows = dict(database.execute("SELECT id, event_seq FROM workflows_case"))
        (items,) = database.execute("SELECT count(*) FROM workflows_workitem").fetchone()
        (numbers,) = database.execute("SELECT count(DISTINCT number) FROM workflows_case").fetchone()
        (told,) = database.execute("SELECT count(*) FROM events_event WHERE stream LIKE 'case:%'").fetchone()
    database.close()
    assert rows == dict.fromkeys(made, 2)
    assert (items, numbers, told) == (2 * len(made), len(made), 2 * len(made))
    verified = Site(env, tmp_path / "log").run("verify")
    assert verified.returncode == 0, verified.stdout
