"""Many rows in one go stand in the table as rows written one by one do, whichever way they are sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from gezhi.engines.workflows.models import WorkItem
from gezhi.foundation import db
from gezhi.foundation.db import inserting
from tests.world import World

ODD = "一\t二\\三\n四\r'五\"\\N\\."


@pytest.fixture
def case(db):
    return World().open("路灯坏了。")


def items(case, count, first=100):
    now = case.opened_at
    return [
        WorkItem(
            case=case, number=first + n, stage=f"s{n}", side=True, branch=ODD if n % 2 else "", owner_seat=n,
            person_id=None, barred=[n, ODD], opened_at=now, due_at=now + timedelta(microseconds=n), ask={"为什么": ODD, "n": None},
        )
        for n in range(count)
    ]  # fmt: skip


def stored(case, first):
    names = [f.attname for f in WorkItem._meta.concrete_fields if f.attname not in ("id", "number")]
    return list(WorkItem.objects.filter(case=case, number__gte=first).order_by("number").values_list(*names))


def test_many_rows_are_the_same_as_one_by_one(case):
    count = inserting.COPIED + 10
    with db.write():
        db.insert_many(items(case, count, 1_000))
        for one in items(case, count, 5_000):
            db.insert(one)
    many = WorkItem.objects.filter(case=case, number__gte=1_000, number__lt=5_000)
    assert many.count() == count and many.get(number=1_001).branch == ODD
    rows = stored(case, 1_000)
    assert rows[:count] == rows[count:] and many.get(number=1_003).ask == {"为什么": ODD, "n": None}


def test_between_statements_that_nobody_waits_for_they_arrive_as_well(case):
    with db.write(), db.pipelined():
        db.insert_many(items(case, inserting.COPIED + 1))
    assert WorkItem.objects.filter(case=case, number__gte=100).count() == inserting.COPIED + 1


@pytest.mark.parametrize("count", [2, inserting.COPIED + 5])
def test_one_row_that_the_database_refuses_keeps_all_out(case, count):
    rows = items(case, count)
    rows[-1].number = rows[0].number
    with pytest.raises(IntegrityError), transaction.atomic():
        db.insert_many(rows)
    assert not WorkItem.objects.filter(case=case, number__gte=100).exists()
