"""Revision numbers: one query while remembered, never the same number twice."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError

from gezhi.foundation import db
from gezhi.foundation.db import revisions

pytestmark = pytest.mark.django_db


def test_a_name_never_bumped_is_absent_and_a_bumped_one_moves():
    assert "places" not in revisions.current()
    with db.write():
        first = revisions.bump("places")
        assert revisions.current()["places"] == first
    with db.write():
        second = revisions.bump("places")
    assert second > first
    assert revisions.current()["places"] == second


def test_in_a_scope_the_database_is_asked_once():
    with revisions.scope(), db.count_queries() as q:
        revisions.current()
        revisions.current()
    assert q.total == 1
    with db.count_queries() as q:
        revisions.current()
        revisions.current()
    assert q.total == 2


def test_a_write_asks_afresh():
    with revisions.scope():
        revisions.current()
        with db.write(), db.count_queries() as q:
            revisions.current()
            revisions.current()
        assert q.total == 1


def test_a_rolled_back_number_does_not_come_back():
    with db.write():
        revisions.bump("people")
    with pytest.raises(LookupError), db.write():
        lost = revisions.bump("people")
        raise LookupError
    assert revisions.current()["people"] != lost
    with db.write():
        assert revisions.bump("people") != lost


def test_nor_does_it_where_the_clock_stands_still(monkeypatch):
    now = revisions.time.time_ns()
    monkeypatch.setattr(revisions.time, "time_ns", lambda: now)
    with db.write():
        revisions.bump("people")
    for _attempt in range(50):
        with pytest.raises(LookupError), db.write():
            lost = revisions.bump("people")
            raise LookupError
        with db.write():
            assert revisions.bump("people") != lost


def test_assign_keeps_the_value():
    with db.write():
        revisions.assign("clock.offset", 86400)
        revisions.assign("clock.offset", 3600)
    assert revisions.current()["clock.offset"] == 3600


@pytest.mark.django_db(transaction=True)
def test_outside_a_write_a_number_does_not_move():
    assert not transaction.get_connection().in_atomic_block
    with pytest.raises(TransactionManagementError):
        revisions.bump("places")


def test_what_was_read_last_is_assumed_until_the_next_write():
    with db.write():
        revisions.bump("places")
    with revisions.scope():
        held = revisions.current()
    with revisions.scope(), db.count_queries() as q, revisions.assuming() as guessed:
        assert guessed and revisions.assumed() and revisions.current() == held and q.total == 0
        with db.write():
            assert not revisions.assumed() and revisions.current() == held and q.total == 1
        assert not revisions.assumed()
    with revisions.scope():
        with revisions.assuming():
            pass
        assert not revisions.assumed()
        with db.count_queries() as q:
            revisions.current()
        assert q.total == 1


def test_outside_a_request_and_where_they_are_known_nothing_is_assumed():
    revisions.current()
    with revisions.assuming() as guessed:
        assert not guessed
    with revisions.scope():
        held = revisions.current()
        with revisions.assuming() as guessed:
            assert not guessed and revisions.current() is held and not revisions.assumed()
