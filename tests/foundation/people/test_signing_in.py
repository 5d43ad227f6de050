from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory

from gezhi.foundation import events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, Refusal, SignInNeeded, TooMany
from gezhi.foundation.people import actions, passwords, signin
from gezhi.foundation.people.models import SignInGuard, Token

from .county import SETUP

GOOD = "柳树 铁桥 星期三晚上"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def anna(county):
    return county.person("安宁", username="anning", password=GOOD)


def attempt(password, username="anning", ip="10.0.0.1"):
    try:
        return people.sign_in(username, password, ip=ip)
    except Refusal as refusal:
        return refusal.code


def test_the_right_password_signs_in_whatever_the_case_of_the_name(anna):
    assert people.sign_in(" AnNing ", GOOD, ip="10.0.0.1").id == anna
    assert "person.signed_in" in [event.kind for event in events.history(f"person:{anna}")]


def test_a_wrong_name_and_a_wrong_password_sound_the_same(anna):
    refusals = []
    for username, password in (
        ("anning", "wrong wrong"),
        ("nobody", GOOD),
        ("", GOOD),
        ("'; DROP", "x"),
        ("a" * 500, "\0"),
    ):
        with pytest.raises(SignInNeeded) as caught:
            people.sign_in(username, password, ip="10.0.0.1")
        refusals.append((caught.value.code, caught.value.what, caught.value.why, caught.value.next))
    assert len(set(refusals)) == 1


@pytest.mark.parametrize("username", ["anning", "nobody"])
def test_five_failures_lock_for_a_quarter_of_an_hour_known_or_not(anna, username):
    start = clock.now()
    with time_machine.travel(start, tick=False):
        assert [attempt("wrong", username) for _ in range(5)] == ["sign_in.wrong"] * 5
        with pytest.raises(TooMany) as caught:
            people.sign_in(username, GOOD, ip="10.9.9.9")
        assert caught.value.code == "sign_in.locked" and caught.value.retry_after == 900
    with time_machine.travel(start + 14 * MINUTE, tick=False):
        assert attempt(GOOD, username) == "sign_in.locked"
    locks = (
        events.Event.objects.filter(kind__endswith="in_locked").count()
        + events.Event.objects.filter(kind="sign_in.locked").count()
    )
    assert locks == 1
    with time_machine.travel(start + 16 * MINUTE, tick=False):
        assert attempt("wrong", username) == "sign_in.wrong"


def test_success_forgets_the_failures_and_old_ones_do_not_count(anna):
    for _ in range(3):
        assert [attempt("wrong") for _ in range(4)] == ["sign_in.wrong"] * 4
        assert attempt(GOOD).id == anna
    start = clock.now()
    for hour in range(6):
        with time_machine.travel(start + hour * timedelta(hours=1), tick=False):
            assert attempt("wrong") == "sign_in.wrong"


def test_the_fifth_attempt_may_still_be_right(anna):
    assert [attempt("wrong") for _ in range(4)] == ["sign_in.wrong"] * 4
    assert attempt(GOOD).id == anna
    assert SignInGuard.objects.filter(locked_until__isnull=False).count() == 0


def test_an_address_is_treated_more_gently_but_not_without_end(anna, monkeypatch):
    monkeypatch.setattr(signin, "ADDRESS_FAILURES", 8)
    codes = [attempt("wrong", f"somebody{n}", ip="10.1.1.1") for n in range(9)]
    assert codes == ["sign_in.wrong"] * 8 + ["sign_in.locked"]
    assert attempt(GOOD, ip="10.1.1.1") == "sign_in.locked"
    assert attempt(GOOD, ip="10.2.2.2").id == anna


def test_the_tables_name_neither_accounts_nor_addresses(anna):
    attempt("wrong", "zhangsanfeng", ip="192.168.77.5")
    for row in SignInGuard.objects.values_list("key", flat=True):
        assert b"zhang" not in bytes(row) and len(bytes(row)) == 16
    assert not events.Event.objects.filter(patch__contains="192.168").exists()


def request_of(session=None):
    request = RequestFactory().get("/")
    request.session = session or SessionStore()
    return request


def test_a_session_ends_with_sign_out_a_new_password_and_leaving(county, anna):
    def signed_in():
        request = request_of()
        request.session["lang"] = "en"
        request.session.save()
        before = request.session.session_key
        people.start_session(request, people.sign_in("anning", GOOD, ip=""))
        assert request.session.session_key != before and request.session["lang"] == "en"
        assert people.current_person(request).id == anna
        return request

    request = signed_in()
    people.sign_out(request)
    people.sign_out(request)
    assert people.current_person(request) is None

    request = signed_in()
    own = people.actor_for(anna)
    actions.set_password(anna, GOOD + " neu", actor=own)
    assert people.current_person(request) is None
    actions.set_password(anna, GOOD, actor=own)

    request = signed_in()
    actions.deactivate(anna, actor=SETUP)
    assert people.current_person(request) is None
    assert attempt(GOOD) == "sign_in.wrong"
    with pytest.raises(Conflict, match="people.not_active"):
        people.actor_for(anna)
    actions.reactivate(anna, actor=SETUP)
    assert attempt(GOOD).id == anna
    assert people.current_person(request) is None
    assert people.current_person(request_of()) is None


def test_tokens_live_half_a_day_and_are_kept_as_hashes(anna):
    person = people.sign_in("anning", GOOD)
    issued = people.issue_token(person)
    assert people.person_for_token(issued.secret).id == anna
    assert issued.secret.encode() not in bytes(Token.objects.get().hash)
    for wrong in ("", "x", issued.secret[:-1], issued.secret + "\ud800"):
        with pytest.raises(SignInNeeded, match="token.wrong"):
            people.person_for_token(wrong)
    start = clock.now()
    with time_machine.travel(start + timedelta(hours=11, minutes=59)):
        assert people.person_for_token(issued.secret).id == anna
    with time_machine.travel(start + timedelta(hours=12, minutes=1)), pytest.raises(SignInNeeded):
        people.person_for_token(issued.secret)
    people.revoke_token(issued.secret)
    people.revoke_token(issued.secret)
    with pytest.raises(SignInNeeded):
        people.person_for_token(issued.secret)


def test_a_new_password_ends_tokens(anna):
    issued = people.issue_token(people.sign_in("anning", GOOD))
    actions.set_password(anna, GOOD + " 2", actor=people.actor_for(anna))
    with pytest.raises(SignInNeeded):
        people.person_for_token(issued.secret)


@pytest.mark.parametrize(
    "password",
    ["", "short", "aaaaaaaaaaaa", "1234567890", "qwertyuiop", "abcdefghij", "password2026", "gezhi-demo", "Admin12345",
     "13800138000", "anning2026x", "0987654321", "woaini1314520", "1990-01-01 01", "x" * 129, "ababababababab"],
)  # fmt: skip
def test_passwords_anybody_would_try_are_refused_with_a_reason(password):
    with pytest.raises(Invalid) as caught:
        passwords.check(password, username="anning")
    assert caught.value.code == "password.weak" and caught.value.why


@pytest.mark.parametrize("password", [GOOD, "correct horse battery", "9f!kLm2#qZ", "松溪河边三只白鹭吃早饭"])
def test_passwords_that_are_fine(password):
    assert passwords.check(password, username="anning") is None
    with pytest.raises(Invalid):  # the same one is refused to whoever is called so
        passwords.check(password, username=password)


def test_the_demo_password_is_for_made_up_people_and_is_noticed(county):
    assert not people.demo_people_exist()
    with pytest.raises(Invalid, match="password.weak"):
        actions.create_person("真实", actor=SETUP, username="zhen", password="gezhi-demo")
    made_up = county.person("网格员", username="grid", password="gezhi-demo")
    assert people.demo_people_exist()
    actions.deactivate(made_up, actor=SETUP)
    assert not people.demo_people_exist()


def test_who_may_give_a_password_to_whom(county, anna):
    county.seat("admin", "county", "丁一")
    county.seat("grid_worker", "lake1", "安宁")
    actions.set_password(anna, GOOD + " 3", actor=county.actor("丁一"))
    with pytest.raises(NotAllowed):
        actions.set_password(county.person("丁一"), GOOD, actor=county.actor("安宁"))


def test_sign_in_names_are_unique_and_plain(county, anna):
    with pytest.raises(Conflict, match="people.username_taken"):
        actions.create_person("别人", actor=SETUP, username="ANNING", password=GOOD)
    for bad in ("x", "1abc", "a b", "a" * 41, "<b>", ""):
        with pytest.raises(Invalid, match="people.username_wrong"):
            actions.create_person("别人", actor=SETUP, username=bad, password=GOOD)
    with pytest.raises(Invalid, match="password.weak"):
        rows = [actions.NewPerson("甲", username=name, password=GOOD) for name in ("jia", "yi")]
        actions.create_people(rows, actor=SETUP)


def test_what_concerns_a_person_only_does_not_read_the_county_and_is_known_everywhere_after(anna):
    people.directory()
    with count_queries() as q:
        actions.set_username(anna, "anning2", actor=SETUP)
        actions.set_password(anna, GOOD, actor=SETUP)
        actions.set_language(anna, "en", actor=SETUP)
    assert q.total <= 30 and not [s for s in q.statements if "people_seat" in s or "people_holding" in s]
    known = people.directory().person(anna)
    assert (known.username, known.language, known.session_epoch) == ("anning2", "en", 2)
    with pytest.raises(Conflict) as taken:
        actions.create_person("别人", username="anning2", actor=SETUP)
    assert taken.value.code == "people.username_taken"
