"""The second factor: RFC 6238, each code once, failures locked with the passwords, secrets nowhere in the clear."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from gezhi.foundation import events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, Refusal, SignInNeeded, TooMany
from gezhi.foundation.people import actions, second_factor, signin, totp
from gezhi.foundation.people.models import RecoveryCode, SecondFactor

from .county import SETUP, County

GOOD = "柳树 铁桥 星期三晚上"
HALF_MINUTE = timedelta(seconds=30)


@pytest.fixture
def county(db):
    """The clock stands: a code is another one half a minute later, and no test is to meet that by chance."""
    with time_machine.travel("2026-11-18T02:00:10+00:00", tick=False):
        yield County()


@pytest.fixture
def anna(county):
    return county.person("安宁", username="anning", password=GOOD)


def secret_of(person: int) -> bytes:
    return second_factor._opened(SecondFactor.objects.get(person_id=person))


def code_now(person: int, steps: int = 0) -> str:
    return totp.code(secret_of(person), totp.step_at(signin._real_now()) + steps)


def set_up(person: int) -> tuple[str, ...]:
    info = people.directory().person(person)
    second_factor.begin(info)
    return signin.confirm_factor(info, code_now(person, -1))


def refused(call, *args, **kwargs) -> str:
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    return caught.value.code


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
        (2000000000, "69279037"), (20000000000, "65353130"),
    ],
)  # fmt: skip
def test_the_codes_are_those_of_rfc_6238(seconds, code):
    assert totp.code(b"12345678901234567890", totp.step_at(seconds), digits=8) == code


@given(st.binary(min_size=20, max_size=20), st.integers(600, 2**33), st.integers(-5, 5))
def test_only_the_step_before_now_and_after_are_taken(secret, seconds, away):
    given_code = totp.code(secret, totp.step_at(seconds) + away)
    near = {totp.code(secret, totp.step_at(seconds) + n): n for n in (-1, 0, 1)}
    found = totp.step_of(secret, given_code, seconds)
    if abs(away) <= 1:
        assert found is not None and totp.code(secret, found) == given_code
    elif given_code not in near:
        assert found is None


def test_signing_in_asks_for_the_code_and_takes_each_once(anna):
    set_up(anna)
    assert refused(people.sign_in, "anning", GOOD) == "sign_in.otp_needed"
    assert refused(people.sign_in, "anning", GOOD, otp="000000") == "sign_in.otp_wrong"
    # The code that set it up is used already.
    assert refused(people.sign_in, "anning", GOOD, otp=code_now(anna, -1)) == "sign_in.otp_wrong"
    fresh = code_now(anna)
    assert people.sign_in("anning", GOOD, otp=f" {fresh[:3]} {fresh[3:]} ").id == anna
    assert refused(people.sign_in, "anning", GOOD, otp=fresh) == "sign_in.otp_wrong"
    assert refused(people.sign_in, "anning", "wrong", otp=code_now(anna, 1)) == "sign_in.wrong"
    assert people.sign_in("anning", GOOD, otp=code_now(anna, 1)).id == anna
    with time_machine.travel(clock.now() + 10 * HALF_MINUTE, tick=False):
        assert people.sign_in("anning", GOOD, otp=code_now(anna)).id == anna
    assert events.verify().clean


def test_a_recovery_code_opens_once(anna):
    codes = set_up(anna)
    assert len(set(codes)) == 10 and second_factor.codes_left(anna) == 10
    assert people.sign_in("anning", GOOD, otp=codes[3].upper()).id == anna
    assert refused(people.sign_in, "anning", GOOD, otp=codes[3]) == "sign_in.otp_wrong"
    assert second_factor.codes_left(anna) == 9
    renewed = second_factor.renew_codes(people.directory().person(anna))
    assert refused(people.sign_in, "anning", GOOD, otp=codes[4]) == "sign_in.otp_wrong"
    assert people.sign_in("anning", GOOD, otp=renewed[0]).id == anna


def test_wrong_codes_lock_with_the_passwords_and_the_password_buys_no_more_tries(anna):
    set_up(anna)
    person = people.directory().person(anna)
    for _ in range(5):
        people.first_step("anning", GOOD)  # the right password between guesses takes nothing of their count away
        assert refused(people.second_step, person, "000000") == "sign_in.otp_wrong"
    with pytest.raises(TooMany):
        people.second_step(person, code_now(anna))
    with pytest.raises(TooMany):
        people.first_step("anning", GOOD)
    assert "person.sign_in_locked" in [event.kind for event in events.history(f"person:{anna}")]
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        assert people.sign_in("anning", GOOD, otp=code_now(anna)).id == anna


def test_setting_it_up_ends_other_sessions_and_tokens(anna):
    token = people.issue_token(people.directory().person(anna)).secret
    set_up(anna)
    with pytest.raises(SignInNeeded):
        people.person_for_token(token)


def test_nothing_is_switched_on_before_the_first_right_code(anna):
    info = people.directory().person(anna)
    assert refused(signin.confirm_factor, info, "123456") == "factor.not_begun"
    second_factor.begin(info)
    with pytest.raises(Invalid):
        signin.confirm_factor(info, "12345x")
    assert people.sign_in("anning", GOOD).id == anna
    signin.confirm_factor(info, code_now(anna))
    with pytest.raises(Conflict):
        second_factor.begin(people.directory().person(anna))


def test_neither_secret_nor_codes_stand_in_a_table_or_the_log(anna):
    codes = set_up(anna)
    secret = secret_of(anna)
    kept = bytes(SecondFactor.objects.get().secret) + b"".join(
        bytes(h) for h in RecoveryCode.objects.values_list("hash", flat=True)
    )
    log = json.dumps(list(events.Event.objects.values_list("patch", flat=True)))
    assert secret not in kept and totp.text_of(secret) not in log
    for code in codes:
        assert code.replace("-", "").encode() not in kept and code not in log
    SecondFactor.objects.update(person_id=anna, secret=bytes(SecondFactor.objects.get().secret)[:-1] + b"\0")
    with pytest.raises(Conflict):  # sealed for its row, and against change
        secret_of(anna)


def test_who_must_have_it_is_a_rule_over_powers(county, settings):
    grid = county.seat("grid_worker", "lake1", "秦英")
    auditor = actions.create_person("薛衡", actor=SETUP, username="xueheng", password=GOOD)
    county.people["薛衡"] = auditor
    county.seat("auditor", "county", "薛衡")
    plain = actions.create_person("石青", actor=SETUP)
    actions.appoint(grid, plain, actor=SETUP)

    def musts() -> set[str]:
        known = people.directory()
        names = {"auditor": auditor, "worker": plain, "demo": county.people["秦英"]}
        return {name for name, id in names.items() if second_factor.required(known.person(id))}

    assert musts() == {"auditor"}
    settings.GEZHI_SECOND_FACTOR = ("all",)
    assert musts() == {"auditor", "worker"}  # synthetic people never must
    settings.GEZHI_SECOND_FACTOR = ("case.see",)
    assert musts() == {"auditor", "worker"}
    settings.GEZHI_SECOND_FACTOR = ("off",)
    assert musts() == set()
    settings.GEZHI_SECOND_FACTOR = ("audit.read",)
    info = people.directory().person(auditor)
    assert refused(people.issue_token, info) == "factor.must_set"
    set_up(auditor)
    assert people.issue_token(people.directory().person(auditor)).secret
    assert refused(second_factor.remove, people.directory().person(auditor)) == "factor.needed"
    settings.GEZHI_SECOND_FACTOR = ("off",)
    second_factor.remove(people.directory().person(auditor))
    assert not SecondFactor.objects.exists() and not RecoveryCode.objects.exists()


def test_somebody_else_resets_it_never_oneself_and_it_is_told(county, anna):
    set_up(anna)
    county.seat("admin", "county", "安宁", "卢一舟")
    admin = county.actor("卢一舟")
    assert refused(second_factor.reset, anna, actor=county.actor("安宁"), reason="lost") == "factor.not_oneself"
    assert refused(second_factor.reset, anna, actor=admin, reason="") == "factor.reason"
    county.seat("grid_worker", "lake1", "秦英")
    with pytest.raises(NotAllowed):
        second_factor.reset(anna, actor=county.actor("秦英"), reason="lost")
    second_factor.reset(anna, actor=admin, reason="lost")
    last = events.history(f"person:{anna}")[-1]
    assert (last.kind, last.actor_person, last.patch["@why"]) == ("person.factor_reset", admin.person_id, "lost")
    assert people.sign_in("anning", GOOD).id == anna
    assert refused(second_factor.reset, anna, actor=admin, reason="lost") == "factor.none"
    assert events.verify().clean
