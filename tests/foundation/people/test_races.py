"""Two administrators at once. The twin without the lock shows that the race is real where rows are locked singly."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from django.db import connection

from gezhi.foundation import people
from gezhi.foundation.db.models import Revision
from gezhi.foundation.errors import Refusal
from gezhi.foundation.people import actions, terms

from .county import SETUP, County


def two_leave_at_once(monkeypatch, patience: float = 0.5):
    """A root of three; two of them leave, each looking before the other has written, for which the first waits
    `patience` seconds at most. Returns the outcomes."""
    county = County()
    actions.appoint(county.root, county.person("第三人"), actor=SETUP)
    first, second, _third = people.directory().holders(county.root)
    looked = threading.Barrier(2)
    look = terms.held_always

    def look_and_wait(*args):
        answer = look(*args)
        with suppress(threading.BrokenBarrierError):  # broken = the other queues: the lock at work
            looked.wait(patience)
        return answer

    monkeypatch.setattr(terms, "held_always", look_and_wait)
    outcomes = []

    def leave(person):
        try:
            actions.leave(person, actor=SETUP)
            outcomes.append("left")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=leave, args=(person,)) for person in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes), len(people.directory().holders(county.root))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_leave_the_root_at_once_one_has_to_stay(monkeypatch):
    assert two_leave_at_once(monkeypatch) == (["left", "people.root_needs_two"], 2)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_would_go(monkeypatch):
    if connection.vendor == "sqlite":
        # One writer at a time whatever we do: the lock is the database's own door.
        assert two_leave_at_once(monkeypatch) == (["left", "people.root_needs_two"], 2)
        return
    monkeypatch.setattr(Revision.objects, "select_for_update", Revision.objects.all)
    assert two_leave_at_once(monkeypatch, 60) == (["left", "left"], 1)
