"""Two phones record the same visit at once: one is kept. Without the lock both believe they are first."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest import mock

import pytest
import time_machine
from django.db import IntegrityError

from gezhi.engines.duties import access, actions
from gezhi.engines.duties.models import Done, Enrolment
from gezhi.foundation.errors import Conflict
from gezhi.foundation.people import actions as staff
from tests.crash.test_two_officers import race
from tests.engines.duties.scene import Village
from tests.foundation.people.county import SETUP

pytestmark = pytest.mark.django_db(transaction=True)
READING = {"systolic": 130, "diastolic": 80}


@pytest.fixture
def village(transactional_db):
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as traveller:
        made = Village()
        staff.appoint(made.seats["doctor"], made.person("卫生员"), actor=SETUP)
        made.line = made.elder()
        traveller.move_to(datetime(2026, 12, 1, 4, tzinfo=UTC))
        yield made


def both(village):
    def record(name):
        return lambda: actions.fulfil(
            "monthly-health", village.line.subject_id, "2026-11", READING, actor=village.actor(name), key=name * 3
        )

    return race(record("韩竹"), record("卫生员"))


def test_one_duty_a_subject_and_period(village):
    outcomes = both(village)
    kept = [o for o in outcomes if isinstance(o, tuple)]
    told = [o for o in outcomes if not isinstance(o, tuple)]
    assert len(kept) == len(told) == 1 and Done.objects.filter(state="done").count() == 1, outcomes
    assert isinstance(told[0], Conflict) and told[0].code == "duties.settled", told


def test_without_the_lock_both_believe_they_are_first(village):
    enrolled = Enrolment.objects.get(rule="monthly-health")
    with (
        mock.patch.object(access, "enrolment_to_change", lambda *_: enrolled),
        mock.patch.object(access, "done_to_change", lambda *_: None),
    ):
        outcomes = both(village)
    # Nobody was told of the other: only the table's own constraint kept them apart.
    assert sorted(type(o).__name__ for o in outcomes) == [IntegrityError.__name__, "tuple"], outcomes
