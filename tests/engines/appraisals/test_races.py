"""Two press “seal” in the same instant: one round is sealed, once. Without the lock both believe they are first."""

from __future__ import annotations

from unittest import mock

import pytest
import time_machine
from django.db import IntegrityError

from gezhi.engines.appraisals import access, rounds
from gezhi.engines.appraisals.models import Result, Round
from gezhi.engines.appraisals.schema import rubric
from gezhi.foundation import events
from gezhi.foundation.errors import Conflict
from tests.crash.test_two_officers import race
from tests.engines.appraisals.scene import NEW_YEAR, Stars

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ready(transactional_db):
    with time_machine.travel("2026-12-01T02:00:00+00:00", tick=False) as traveller:
        stars = Stars()
        row = stars.open_round()
        traveller.move_to(NEW_YEAR)
        while events.seal_now() is not None:
            pass
        yield stars, row


def both(stars, row):
    def seal(name):
        return lambda: rounds.seal(row.pk, actor=stars.actor(name))

    return race(seal("姜岩"), seal("姜川"))


def test_two_seal_at_once_and_one_is_told(ready):
    outcomes = both(*ready)
    kept = [o for o in outcomes if isinstance(o, Round)]
    told = [o for o in outcomes if not isinstance(o, Round)]
    assert len(kept) == len(told) == 1, outcomes
    assert isinstance(told[0], Conflict) and told[0].code == "appraisal.state", told
    assert Result.objects.count() == kept[0].subjects == 3


def test_without_the_lock_both_believe_they_are_first(ready):
    stars, row = ready

    def unlocked(round_id, *, actor, states):
        return Round.objects.get(pk=row.pk).__class__(**FIELDS), rubric("star_branch")

    known = Round.objects.get(pk=row.pk)
    FIELDS = {field.attname: getattr(known, field.attname) for field in Round._meta.concrete_fields}
    with mock.patch.object(access, "to_run", unlocked):
        outcomes = both(stars, row)
    # Nobody was told that the other had sealed it: only the table's own constraint kept them apart.
    assert sorted(type(o).__name__ for o in outcomes) == [IntegrityError.__name__, "Round"], outcomes
