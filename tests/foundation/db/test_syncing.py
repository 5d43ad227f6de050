"""Nobody hears of a commit before the log is on disk as far as its own frames, and the door does not wait for the disk."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from gezhi.foundation.db.sqlite import syncing
from gezhi.foundation.db.sqlite.door import Door


class Disk:
    """What `os.fdatasync` has brought to disk: the length of the log when it was last synced."""

    def __init__(self, log: Path) -> None:
        self.log, self.reached, self.calls = log, 0, 0
        self.before = lambda: None

    def sync(self, descriptor: int) -> None:
        self.calls += 1
        length = os.fstat(descriptor).st_size
        self.before()
        self.reached = max(self.reached, length)


@pytest.fixture
def site(tmp_path, monkeypatch, django_db_blocker):
    path = tmp_path / "site.sqlite3"
    disk = Disk(Path(f"{path}-wal"))
    monkeypatch.setattr(syncing.os, "fdatasync", disk.sync)
    with django_db_blocker.unblock():
        handler = ConnectionHandler({"default": {"ENGINE": "gezhi.foundation.db.sqlite", "NAME": str(path)}})
        with handler["default"].cursor() as cursor:
            cursor.execute("CREATE TABLE thing (id integer PRIMARY KEY, name text)")
        yield handler, disk, path
        handler["default"].close()


def committed(connection, name: str) -> None:
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    with connection.prepared_cursor() as cursor:
        cursor.execute("INSERT INTO thing (name) VALUES (%s)", [name])
    connection.commit()
    connection.set_autocommit(True)


def test_a_commit_is_told_when_its_frames_are_on_disk(site):
    handler, disk, _path = site
    for number in range(20):
        committed(handler["default"], f"thing {number}")
        assert disk.reached == disk.log.stat().st_size


def test_without_the_sync_it_would_be_told_too_early(site, monkeypatch):
    handler, disk, _path = site
    monkeypatch.setattr(syncing, "careful", False)
    committed(handler["default"], "early")
    assert disk.reached < disk.log.stat().st_size


def test_a_statement_outside_a_transaction_is_on_disk_too(site):
    handler, disk, _path = site
    with handler["default"].cursor() as cursor:
        cursor.execute("INSERT INTO thing (name) VALUES ('alone')")
    assert disk.reached == disk.log.stat().st_size


def test_while_one_waits_for_the_disk_others_write_and_share_the_next_sync(site):
    handler, disk, path = site
    slow, go_on = threading.Event(), threading.Event()
    told: list[str] = []

    def first_is_slow() -> None:
        if disk.calls == begun + 1:
            slow.set()
            assert go_on.wait(180)

    begun = disk.calls
    disk.before = first_is_slow

    def write(name: str) -> None:
        committed(handler["default"], name)
        told.append(name)
        handler["default"].close()

    threads = [threading.Thread(target=write, args=("first",))]
    threads[0].start()
    assert slow.wait(180)
    threads += [threading.Thread(target=write, args=(f"other {n}",)) for n in range(4)]
    for thread in threads[1:]:
        thread.start()
    door = Door(str(path))
    seen, until = 0, time.monotonic() + 180
    while seen < 5:  # all five stand in the log although nothing is on disk yet: the door did not wait
        assert time.monotonic() < until
        with handler["default"].cursor() as cursor:
            seen = cursor.execute("SELECT count(*) FROM thing").fetchone()[0]
    assert told == []
    door.enter()  # the last of the five has left it and has its ticket
    door.close()
    go_on.set()
    for thread in threads:
        thread.join()
    assert len(told) == 5 and disk.reached == disk.log.stat().st_size
    assert disk.calls == begun + 2  # the first, and one for all who came while it ran


def test_a_log_that_was_removed_and_begun_again_is_synced(site):
    handler, disk, path = site
    committed(handler["default"], "before")
    handler["default"].close()  # the last one: SQLite removes the log
    assert not disk.log.exists()
    disk.reached = 0
    committed(handler["default"], "after")
    assert disk.reached == disk.log.stat().st_size > 0


def test_a_disk_that_refuses_is_not_kept_from_the_caller(site):
    handler, disk, _path = site

    def full() -> None:
        raise OSError(28, "No space left on device")

    disk.before = full
    with pytest.raises(OperationalError, match="brought to disk"):
        committed(handler["default"], "lost?")
    disk.before = lambda: None
    handler["default"].close()
