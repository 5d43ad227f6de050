"""A line entered while its subject ends. The twin without the lock shows that the race is real where rows are locked singly."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from django.db import connection
from django.db.models import Manager

from gezhi.foundation import subjects
from gezhi.foundation.errors import Refusal
from gezhi.foundation.subjects import lines
from gezhi.foundation.subjects.models import Entry, Subject
from tests.foundation.subjects.test_subjects import ago, number
from tests.world import World


def entered_while_it_ends(monkeypatch, patience: float = 1.0):
    """(outcomes, live lines of a subject that has ended); who enters waits `patience` seconds at most for the end."""
    world = World()
    actor = world.actor("赵兰")
    facts = {"name": "柳青山", "id_number": number("19500101", 1)}
    row = subjects.add("person", facts, actor=actor, place_id=world.places["lake1"], since=ago(9))
    looked, ended = threading.Event(), threading.Event()
    refuse = lines._refuse_second

    def look_and_wait(*args):
        looked.set()
        ended.wait(patience)  # not set in time = the other queues: the lock at work
        return refuse(*args)

    monkeypatch.setattr(lines, "_refuse_second", look_and_wait)
    outcomes = []

    def run(act, before, after):
        try:
            with suppress(Refusal):
                before()
                act()
                outcomes.append("done")
        finally:
            after()
            connection.close()

    enter = threading.Thread(
        target=run,
        args=(
            lambda: subjects.enter("lone_elder", row.pk, {"self_care": "able"}, actor=actor),
            lambda: None,
            looked.set,
        ),
    )
    leave = threading.Thread(
        target=run, args=(lambda: subjects.end_subject(row.pk, "died", actor=actor), lambda: looked.wait(60), ended.set)
    )
    for thread in (enter, leave):
        thread.start()
    for thread in (enter, leave):
        thread.join()
    gone = Subject.objects.exclude(ended="").values("pk")
    return len(outcomes), Entry.objects.filter(until=None, subject_id__in=gone).count()


@pytest.mark.django_db(transaction=True)
def test_nobody_lives_on_in_a_register_after_their_end(monkeypatch):
    done, ghosts = entered_while_it_ends(monkeypatch)
    assert done >= 1 and ghosts == 0


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_a_line_would_outlive_its_subject(monkeypatch):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer; there is no lock of a row to leave out.")
    monkeypatch.setattr(Manager, "select_for_update", lambda self, **_options: self.get_queryset())
    assert entered_while_it_ends(monkeypatch, 60) == (2, 1)
