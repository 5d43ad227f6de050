"""The same one-time code arrives twice at one instant, as from somebody who looked over a shoulder: it opens once."""

from __future__ import annotations

import threading
from contextlib import nullcontext, suppress

import pytest
from django.db.models import QuerySet

from gezhi.foundation import people
from gezhi.foundation.errors import Refusal, SignInNeeded
from gezhi.foundation.people import second_factor, signin, totp
from gezhi.foundation.people.models import RecoveryCode, SecondFactor
from tests.crash.test_two_officers import race
from tests.foundation.people.county import County
from tests.foundation.people.test_second_factor import GOOD, code_now, set_up

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anna(transactional_db, at_ten) -> int:
    return County().person("安宁", username="anning", password=GOOD)


def both(anna: int, code: str) -> list[str]:
    """What two sign-ins with the same code come to, one beside the other."""
    person = people.directory().person(anna)
    outcomes = race(*[lambda: signin.second_step(person, code)] * 2)
    assert all(isinstance(one, str | Refusal) for one in outcomes), outcomes
    return sorted(one.code if isinstance(one, Refusal) else str(one) for one in outcomes)


def test_a_code_of_the_app_opens_for_one_of_two(anna):
    set_up(anna)
    assert both(anna, code_now(anna)) == ["app", "sign_in.otp_wrong"]
    with pytest.raises(SignInNeeded):
        signin.second_step(people.directory().person(anna), code_now(anna))


def test_a_recovery_code_opens_for_one_of_two(anna):
    codes = set_up(anna)
    assert both(anna, codes[0]) == ["recovery", "sign_in.otp_wrong"]
    assert RecoveryCode.objects.filter(used_at=None).count() == len(codes) - 1


def test_where_looking_and_using_up_are_two_steps_it_opens_for_both(anna, monkeypatch):
    """The twin: no lock, and the code is used up whatever was there before."""
    set_up(anna)
    looked = threading.Barrier(2)

    def naive(person_id: int, given: str, *, seconds: float) -> str:
        row = SecondFactor.objects.get(person_id=person_id)
        step = totp.step_of(second_factor._opened(row), given, seconds)
        fresh = step is not None and row.last_step < step
        with suppress(threading.BrokenBarrierError):
            looked.wait(timeout=60)
        SecondFactor.objects.filter(person_id=person_id).update(last_step=step)
        return "app" if fresh else ""

    monkeypatch.setattr(second_factor, "take", naive)
    monkeypatch.setattr(signin.db, "write", nullcontext)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_asked: rows.all())
    monkeypatch.setattr(signin, "_record", lambda *_args: None)  # nothing is recorded outside a write
    assert both(anna, code_now(anna)) == ["app", "app"]
