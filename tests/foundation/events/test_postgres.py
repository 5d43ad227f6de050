"""What only PostgreSQL can get wrong: commits out of order, restored clusters, and where text might remain."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest
from django.db import connection

from gezhi.foundation import db, events
from gezhi.foundation.events import GENESIS, Block, Event, Private
from tests.foundation.events.cast import CLERK, make_box

pytestmark = pytest.mark.postgres
SECRET = "柳湾村三组沈一鸣，电话一三九〇〇〇〇，井盖丢了"


@pytest.fixture(autouse=True)
def _empty(postgres):
    yield


def seal_all() -> list[Block]:
    return list(iter(events.seal_now, None))


class Late(threading.Thread):
    """A writer that takes its number early and commits when told to."""

    def __init__(self, stream: str) -> None:
        super().__init__(daemon=True)
        self.stream, self.written, self.commit = stream, threading.Event(), threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            with db.write():
                events.record(self.stream, "late.made", actor=CLERK, patch={}, head=GENESIS)
                self.written.set()
                self.commit.wait(180)
        except BaseException as error:
            self.failure = error
        finally:
            self.written.set()
            connection.close()

    def begin(self) -> Late:
        self.start()
        assert self.written.wait(180)
        return self

    def end(self) -> None:
        self.commit.set()
        self.join(180)
        assert self.failure is None, self.failure


def early(stream: str) -> None:
    with db.write():
        events.record(stream, "early.made", actor=CLERK, patch={}, head=GENESIS)


def test_a_late_commit_is_sealed_too():
    sealed: list[int] = []
    late = Late("late:1").begin()
    for n in range(5):
        early(f"early:{n}")
        start = events.sealed_until()
        events.seal_now()
        sealed += [event.id for event in events.sealed_between(start, events.sealed_until())]
    assert sealed == []  # all five have higher numbers than the one still running
    late.end()
    start = events.sealed_until()
    seal_all()
    sealed += [event.id for event in events.sealed_between(start, events.sealed_until())]
    assert sorted(sealed) == sorted(Event.objects.values_list("id", flat=True)) and len(sealed) == 6
    assert events.verify().clean


def test_the_twin_that_follows_the_highest_id_loses_it():
    last, followed = 0, []
    late = Late("late:1").begin()

    def follow():
        nonlocal last
        for id_ in Event.objects.filter(id__gt=last).order_by("id").values_list("id", flat=True):
            followed.append(id_)
            last = id_

    early("early:1")
    follow()
    late.end()
    follow()
    everything = set(Event.objects.values_list("id", flat=True))
    assert everything - set(followed), "following ids lost nothing: this race is not real any more"


def test_nothing_is_lost_with_many_writers_that_commit_in_any_order():
    stop = threading.Event()
    failures: list[BaseException] = []

    def write(who: int) -> None:
        try:
            for n in range(25):
                with db.write():
                    head = events.record(f"w{who}:{n}", "w.made", actor=CLERK, patch={}, head=GENESIS)
                    stop.wait(0.002 * ((who * 7 + n) % 4))  # commits overtake each other
                    events.record(f"w{who}:{n}", "w.changed", actor=CLERK, patch={}, head=head)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(who,)) for who in range(6)]
    for thread in threads:
        thread.start()
    followed: list[int] = []
    start = 0
    while any(thread.is_alive() for thread in threads):
        events.seal_now()
        end = events.sealed_until()
        followed += [event.id for event in events.sealed_between(start, end)]
        start = end
        stop.wait(0.01)
    seal_all()
    followed += [event.id for event in events.sealed_between(start, events.sealed_until())]
    assert not failures
    assert len(followed) == len(set(followed)) == 6 * 25 * 2
    assert set(followed) == set(Event.objects.values_list("id", flat=True))
    report = events.verify()
    assert report.clean, report.findings


def test_two_sealers_do_not_collide():
    for n in range(3):
        early(f"early:{n}")
    inside, leave, results = threading.Event(), threading.Event(), []

    def hold() -> None:
        try:
            with db.write():
                results.append(events.seal_now())
                inside.set()
                leave.wait(180)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert inside.wait(180)
    assert events.seal_now() is None  # the other one is at it
    leave.set()
    thread.join(180)
    assert results[0].count == 3
    assert [block.position for block in Block.objects.all()] == [1]
    assert events.verify().clean


def test_a_cluster_that_counts_lower_does_not_number_below_the_seal():
    early("early:1")
    first = seal_all()[-1]
    ahead = 1_000_000
    with connection.cursor() as cursor:  # as after a restore from a cluster a million transactions older
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE events_block SET tx_to = tx_to + %s", [ahead])
        cursor.execute("UPDATE events_epoch SET floor = floor + %s", [ahead])
        cursor.execute("SET session_replication_role = origin")
    early("early:2")
    early("early:3")
    numbers = list(Event.objects.order_by("id").values_list("tx", flat=True))
    assert numbers[1] >= first.tx_to + ahead and numbers[2] > numbers[1]
    blocks = seal_all() or seal_all()  # the first look settles the new count
    assert sum(block.count for block in blocks) == 2
    assert events.sealed(Event.objects.all()).count() == 3


def test_after_the_count_moved_the_sealer_waits_for_those_who_began_before():
    early("early:1")
    seal_all()
    late = Late("late:1").begin()  # numbered by the old count
    with connection.cursor() as cursor:
        cursor.execute("UPDATE events_epoch SET tx_offset = tx_offset + 5000, settled = NULL")
    early("early:2")
    for _ in range(3):
        assert events.seal_now() is None
    late.end()
    early("early:3")
    seal_all()
    seal_all()
    assert events.sealed(Event.objects.all()).count() == Event.objects.count() == 4
    assert events.verify().clean


def test_no_text_reaches_the_files_of_postgresql(postgres_cluster):
    box = make_box(note=SECRET)
    salt = bytes(Private.objects.get().salt)
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    data = Path(postgres_cluster.directory) / "data"

    def holds(needle: bytes) -> bool:
        # Bytes, not lines: one salt in sixteen holds a line break, and a tool that reads lines does not find it.
        for file in filter(Path.is_file, data.rglob("*")):
            with contextlib.suppress(FileNotFoundError):  # the server removes files of its own while we look
                if needle in file.read_bytes():
                    return True
        return False

    assert holds(salt)  # the search finds what is there, in table and write-ahead log
    assert not holds(SECRET.encode())
    events.erase(box.stream, actor=CLERK, ground="当事人申请")
    with connection.cursor() as cursor:
        cursor.execute("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'events_private'")
        cursor.execute("CHECKPOINT")
    assert not holds(SECRET.encode())
    assert not Private.objects.exists()
    assert events.verify().clean
