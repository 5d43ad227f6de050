"""Sessions end by age, by idleness and everywhere at once; through the pages, as a person meets them."""

from __future__ import annotations

import pytest
from django.test import Client

from gezhi.foundation import events, people
from gezhi.foundation.errors import NotAllowed, SignInNeeded
from gezhi.foundation.people import persons, signin

from .county import SETUP

GOOD = "柳树 铁桥 星期三晚上"
MINUTE, HOUR = 60, 3600


@pytest.fixture
def anna(county):
    return county.person("安宁", username="anning", password=GOOD)


@pytest.fixture
def now(monkeypatch):
    """Seconds that the test moves; the demo's clock has no part in sessions."""

    class Now:
        at = 1_800_000_000.0

    monkeypatch.setattr(signin, "_real_now", lambda: Now.at)
    return Now


def signed_in() -> Client:
    client = Client()
    assert client.post("/signin", {"username": "anning", "password": GOOD}).status_code == 302
    return client


def inside(client: Client) -> bool:
    return client.get("/password").status_code == 200


def test_a_session_in_use_lives_until_its_age_and_no_longer(anna, now, settings):
    settings.GEZHI_SESSION_HOURS, settings.GEZHI_IDLE_MINUTES = 2, 30
    client = signed_in()
    for _ in range(8):
        now.at += 14 * MINUTE
        assert inside(client)
    now.at += 9 * MINUTE
    assert not inside(client)


def test_a_session_left_alone_ends(anna, now, settings):
    settings.GEZHI_SESSION_HOURS, settings.GEZHI_IDLE_MINUTES = 12, 30
    client = signed_in()
    now.at += 29 * MINUTE
    assert inside(client)
    now.at += 31 * MINUTE
    assert not inside(client)


def test_reading_writes_the_session_every_five_minutes_at_most(anna, now, settings):
    settings.GEZHI_SESSION_HOURS, settings.GEZHI_IDLE_MINUTES = 12, 60
    client = signed_in()

    def noted() -> bool:
        return "sessionid" in client.get("/password").cookies

    assert not noted()
    now.at += 4 * MINUTE
    assert not noted()
    now.at += 2 * MINUTE
    assert noted() and not noted()


def test_one_button_ends_every_session_and_token(anna):
    one, other = signed_in(), signed_in()
    token = people.issue_token(people.directory().person(anna)).secret
    assert inside(one) and inside(other)
    assert one.post("/signout/everywhere").status_code == 302
    assert not inside(one) and not inside(other)
    with pytest.raises(SignInNeeded):
        people.person_for_token(token)
    assert "person.sessions_ended" in [event.kind for event in events.history(f"person:{anna}")]
    assert Client().post("/signout/everywhere").status_code == 302  # nobody signed in: nothing to end
    assert inside(signed_in()) and events.verify().clean


def test_nobody_ends_a_strangers_sessions(county, anna):
    client = signed_in()
    county.seat("grid_worker", "lake1", "秦英")
    with pytest.raises(NotAllowed):
        persons.end_sessions(anna, actor=county.actor("秦英"))
    assert inside(client)
    persons.end_sessions(anna, actor=SETUP)
    assert not inside(client)


@pytest.mark.parametrize("cookie", ["", "x", "a" * 32, "a" * 4096, "'; drop table", "\u00ff\u00fe", "../../etc"])
def test_a_forged_session_is_nobody(anna, cookie):
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = cookie
    answer = client.get("/desk/")
    assert answer.status_code == 401 and "登录" in answer.content.decode()


@pytest.mark.parametrize("token", ["", "x", "a" * 8000, "é", "null", "Bearer", "\u4e2d"])
def test_a_forged_token_is_nobody(anna, token):
    header = f"Bearer {token}".encode().decode("latin-1")
    answer = Client(raise_request_exception=False).get("/api/v1/cases", headers={"Authorization": header})
    assert answer.status_code == 401 and answer.json()["error"]["what"]
