"""A rule put in force beside others: over lines that are being changed, by two writers, and again after one has failed."""

from __future__ import annotations

import threading
from unittest import mock

import pytest
import time_machine
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from gezhi.engines.duties import publishing, sweeping
from gezhi.engines.duties.models import Enrolment, Publication
from gezhi.engines.duties.ranges import Ranges
from gezhi.foundation import db, subjects
from gezhi.foundation.subjects.models import Entry
from tests.crash.test_two_officers import race
from tests.engines.duties.scene import SYSTEM, Village
from tests.environment import POSTGRES

RULE = "elder-visit"
postgres = pytest.mark.skipif(not POSTGRES, reason="SQLite has one writer at a time")


@given(
    lines=st.sets(st.integers(1, 60), max_size=25),
    steps=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9)), max_size=60),
)
def test_the_mark_never_passes_what_is_not_written(lines, steps):
    """Three writers take and end ranges in any order: no line below the mark is in an open range or was never handed out."""
    ranges = Ranges(lambda beyond: min((n for n in lines if n > beyond), default=None), 0)
    held, written, marks = {}, set(), [0]

    def finish(writer):
        mine = held.pop(writer)
        mark = ranges.mark(mine)
        written.update(n for n in lines if mine.after < n <= mine.upto)
        if mark is not None:
            marks.append(mark)
            assert {n for n in lines if n <= mark} <= written
        ranges.done(mine)

    for writer, size in steps:
        if writer in held:
            finish(writer)
        elif (mine := ranges.take(size)) is not None:
            assert not any(h.after < mine.upto and mine.after < h.upto for h in held.values())
            held[writer] = mine
    for writer in list(held):
        finish(writer)
    assert marks == sorted(set(marks))
    if lines and written == lines:
        assert marks[-1] >= max(lines)
    ranges.stop()
    assert ranges.take(1) is None


@pytest.fixture
def village(transactional_db):
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False):
        yield Village()


def begun_anew() -> None:
    Enrolment.objects.filter(rule=RULE).delete()
    Publication.objects.filter(rule=RULE).update(reached=0, finished=False)


def beside_a_change(line: Entry, patience: float) -> list[object]:
    """The line is ended in a write that stays open until the publication is over, `patience` seconds at most."""
    begun_anew()
    changed, published = threading.Event(), threading.Event()

    def end():
        with db.write():
            subjects.end(line.pk, actor=SYSTEM)
            changed.set()
            published.wait(patience)

    def publish():
        changed.wait(30)
        made = publishing.publish(RULE)
        published.set()
        return made

    return race(end, publish)


@postgres
@pytest.mark.django_db(transaction=True)
def test_a_change_under_way_is_waited_for_and_two_writers_enrol_each_once(village):
    lines = [village.alone(f"老{n}") for n in range(9)]
    assert beside_a_change(lines[0], 0.5) == [None, 8]
    assert not Enrolment.objects.filter(rule=RULE, entry_id=lines[0].pk, until=None).exists()
    with mock.patch.object(sweeping, "LOCKED", ""):  # the twin: who does not wait enrols somebody who is leaving
        assert beside_a_change(lines[1], 60) == [None, 8]
    assert Enrolment.objects.filter(rule=RULE, entry_id=lines[1].pk, until=None).exists()
    _two_writers(lines[2:])


def _two_writers(lines: list[Entry]) -> None:
    """Ranges of two ids by two connections; then one fails half-way, and whoever goes on ends with the same."""
    begun_anew()
    real, seen = sweeping._Writer._insert, []

    def note(self, of, found, serving):
        seen.append((threading.get_ident(), of))
        gate.wait(30)  # both are in their first range at once
        return real(self, of, found, serving)

    def fails(self, of, found, serving):
        if threading.current_thread().name != "second writer":
            failed.set()
            raise OSError("gone")
        failed.wait(30)
        return real(self, of, found, serving)

    gate, failed = threading.Barrier(2), threading.Event()
    small = {"ALONE": 1, "FIRST": 2, "LEAST": 2, "MOST": 2}
    with mock.patch.multiple(sweeping, **small):
        with mock.patch.object(sweeping._Writer, "_insert", note), mock.patch.object(gate, "wait", _twice(gate)):
            assert publishing.publish(RULE) == len(lines)
        assert len({thread for thread, _of in seen}) == 2
        standing = set(Enrolment.objects.filter(rule=RULE).values_list("entry_id", "seat_id"))
        assert {entry for entry, _seat in standing} == {line.pk for line in lines}
        begun_anew()
        with mock.patch.object(sweeping._Writer, "_insert", fails), pytest.raises(OSError):
            publishing.publish(RULE)
        row = Publication.objects.get(rule=RULE)
        written = set(Enrolment.objects.filter(rule=RULE).values_list("entry_id", flat=True))
        assert not row.finished and {line.pk for line in lines if line.pk <= row.reached} <= written
        publishing.publish(RULE)
    assert set(Enrolment.objects.filter(rule=RULE).values_list("entry_id", "seat_id")) == standing
    assert Publication.objects.get(rule=RULE).finished and connection.vendor == "postgresql"


def _twice(gate: threading.Barrier):
    """The barrier for the first two who come; nobody waits afterwards."""
    real, left, lock = gate.wait, [2], threading.Lock()

    def wait(timeout):
        with lock:
            left[0] -= 1
            first = left[0] >= 0
        return real(timeout) if first else 0

    return wait
