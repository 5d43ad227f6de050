"""Server, worker and supervisor are killed during work; `GEZHI_KILLS` says how often (8, each process at least once; in full 200)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg
import pytest

KILLS = int(os.environ.get("GEZHI_KILLS", "8"))
pytestmark = pytest.mark.slow


def killed(directory: Path, *arguments: str, kills: int = KILLS) -> dict:
    """The report of one run in a process of its own, on a database of its own."""
    command = [sys.executable, "-m", "tests.crash.kill", str(directory), "--kills", str(kills), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def check(report: dict, kills: int) -> None:
    assert report["problems"] == []
    assert report["kills"] == kills
    assert set(report["killed"]) == {"answering", "worker", "server", "supervisor"}
    assert report["cases"] == report["acknowledged"] > kills
    assert report["actions"] > kills
    # Calls were cut off and made again.
    assert report["retries"] > 0
    # Clocks of every kind fired while processes died: what was counted was not nothing.
    # On a slow machine one late look brings breach and rungs up together, as one event.
    fired = set(report["events"])
    assert "case.lapse" in fired and fired & {"item.breached", "item.escalated"}


def test_nothing_acknowledged_is_lost_and_every_clock_fires_once(tmp_path):
    report = killed(tmp_path)
    check(report, KILLS)
    assert report["cases"] == report["acknowledged"]


@pytest.mark.postgres
def test_nor_on_postgresql(tmp_path, postgres_cluster):
    name = f"kill_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_cluster.url("postgres"), autocommit=True) as database:
        database.execute(f"CREATE DATABASE {name}")
    kills = max(8, KILLS // 4)
    report = killed(tmp_path, "--database-url", postgres_cluster.url(name), kills=kills)
    check(report, kills)
    assert report["cases"] == report["acknowledged"]


def test_the_counting_sees_what_is_lost_doubled_or_fired_twice(db, world):
    """The twin: each thing the counting is to find, done by hand, is found."""
    from gezhi.engines.workflows.models import Case, WorkItem
    from gezhi.foundation import events, people
    from tests.crash import counting

    def answer(case: Case) -> dict:
        return {"id": str(case.id), "code": case.code, "number": case.number, "due_at": str(case.due_at)}

    first, second = world.open("第一盏灯"), world.open("第二盏灯")
    made = {"a": [answer(first)], "b": [answer(second)]}
    assert counting.requests(made) == [] == counting.acts({}) == counting.clocks()
    # A request acknowledged and not there; one there that nobody was told of; one twice; one under another code.
    assert counting.requests(made | {"c": [{**answer(first), "id": "1"}]})
    assert counting.requests({"a": made["a"]})
    world.open("第二盏灯")
    assert counting.requests(made)
    assert counting.requests({"a": [{**answer(first), "code": second.code}], "b": made["b"]})
    # An action acknowledged that never happened.
    assert counting.acts({first.id: ["settle"]})
    # A clock that fired twice, one that fired early, one that never fired.
    item = WorkItem.objects.get(case=first)
    from gezhi.engines.workflows.record import item_patch

    head = events.Head(first.event_seq, bytes(first.event_hash))
    for at in ("2026-11-18T02:00:01Z", "2026-11-18T02:00:02Z"):
        patch = {f"item:{item.number}": {**item_patch(item), "warned_at": at}}
        head = events.record(f"case:{first.id}", "item.warned", actor=people.system("clock"), patch=patch, head=head)
    found = counting.clocks()
    assert any("fired 2 times" in words for words in found)
    assert any("due set(), fired {'warned_at'}" in words for words in found)
    WorkItem.objects.filter(case=second).update(warn_at=item.opened_at)
    assert any(f"case:{second.id}" in words for words in counting.clocks())
