"""Two phones record the same visit at once: one is kept. Without the lock both believe they are first."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest import mock

import pytest
import time_machine
from django.db import IntegrityError

from gezhi.engines.duties import access, actions, closing
from gezhi.engines.duties.models import Done, Enrolment
from gezhi.engines.duties.schema import rule
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
        made.line, made.clock = made.elder(), traveller
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


def test_a_visit_recorded_while_its_window_closes_is_one_row(village):
    """The phone sends at midnight, as the clock closes the window: one row, done, and nothing missed beside it."""
    outcomes = at_midnight(village)
    rows = list(Done.objects.filter(rule="monthly-health").values_list("state", "late"))
    # Before or after: the record stands; made before midnight, it is in time.
    assert rows == [("done", False)], (rows, outcomes)
    assert not [o for o in outcomes if isinstance(o, Exception)], outcomes


def test_without_the_lock_the_closing_meets_the_visit(village):
    """The twin: neither looks at what the other has written, and only the table keeps them apart."""
    enrolled = Enrolment.objects.get(rule="monthly-health")
    owing = list(Enrolment.objects.filter(rule="monthly-health"))
    with (
        mock.patch.object(closing, "_owing", lambda *_: owing),  # found owed before the visit came
        mock.patch.object(closing, "_mark", unseen),
        mock.patch.object(access, "enrolment_to_change", lambda *_: enrolled),
        mock.patch.object(access, "done_to_change", lambda *_: None),
    ):
        outcomes = at_midnight(village)
    assert [o for o in outcomes if isinstance(o, IntegrityError)], outcomes


def unseen(rule, owing):
    """`_mark` without a look at the rows that are there."""
    with mock.patch.object(Done.objects, "select_for_update", lambda: Done.objects.none()):
        return MARK(rule, owing)


MARK = closing._mark


def at_midnight(village):
    """The doctor's record of a visit made the day before, and the closing of that window."""
    known, made = rule("monthly-health"), datetime(2026, 12, 2, 4, tzinfo=UTC)
    period = known.named("2026-11")
    village.clock.move_to(datetime(2026, 12, 2, 16, 1, tzinfo=UTC))

    def visit():
        return actions.fulfil(
            "monthly-health", village.line.subject_id, "2026-11", READING, actor=village.actor("韩竹"), claimed_at=made
        )

    def close():
        return closing.close(known, period)

    return race(visit, close)
