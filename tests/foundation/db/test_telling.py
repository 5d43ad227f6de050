"""INSERTs of a pipelined write go to PostgreSQL as one statement, and stand as if each had gone alone."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection

from gezhi.engines.workflows.models import WorkItem
from gezhi.foundation import db
from gezhi.foundation.events.models import Private
from tests.foundation.db.test_inserting import items, stored
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def case():
    return World().open("路灯坏了。")


def test_they_are_one_statement_and_get_their_ids(case):
    together, apart = items(case, 4, 1_000), items(case, 4, 70_000)
    together[2].owner_seat = apart[2].owner_seat = 5_000_000_000  # a number of another size is no other statement
    with db.count_queries() as seen, db.write(), db.pipelined():
        for one in together:
            db.insert(one)
    assert len([sql for sql in seen.statements if "INSERT" in sql]) == (1 if connection.vendor == "postgresql" else 4)
    assert [WorkItem.objects.get(number=one.number).pk for one in together] == [one.pk for one in together]
    with db.write():
        for one in apart:
            db.insert(one)
    rows = stored(case, 1_000)
    assert len(rows) == 8 and rows[:4] == rows[4:]


def test_what_is_executed_next_finds_them(case):
    with db.write(), db.pipelined():
        db.insert(items(case, 1)[0])
        assert WorkItem.objects.filter(case=case, number=100).exists()


def test_one_that_is_refused_keeps_all_out_and_the_next_write_is_not_disturbed(case):
    first, again = items(case, 1)[0], items(case, 1)[0]
    with pytest.raises(IntegrityError), db.write(), db.pipelined():
        db.insert(first)
        db.insert(again)
    assert not WorkItem.objects.filter(case=case, number=100).exists()
    with db.write(), db.pipelined():
        db.insert(items(case, 1, 200)[0])
    assert WorkItem.objects.filter(case=case, number__gte=100).count() == 1


def test_what_was_not_sent_when_the_block_failed_is_never_sent(case):
    with pytest.raises(ZeroDivisionError), db.write(), db.pipelined():
        db.insert(items(case, 1)[0])
        raise ZeroDivisionError
    with db.write(), db.pipelined():
        db.insert(items(case, 1, 200)[0])
    assert set(WorkItem.objects.filter(case=case, number__gte=100).values_list("number", flat=True)) == {200}


def test_ids_taken_ahead_are_taken_once(case):
    with db.write():
        taken = [id for _ in range(300) for id in db.ids_ahead(Private, 2)]
        made = db.new_ids(Private, 1)
    if connection.vendor == "postgresql":
        assert len(set(taken)) == 600 and made[0] not in taken
        assert taken == sorted(taken)
    else:  # nothing is taken ahead: they stand only once they are used
        assert taken == [*taken[:2]] * 300 and made == taken[:1]
