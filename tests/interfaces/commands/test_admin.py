"""gezhi admin create: two administrators, one-time passwords that only open /password, no secret in the log."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from gezhi.foundation import events, packs, people
from gezhi.foundation.errors import Refusal
from gezhi.foundation.events.models import Event
from gezhi.foundation.people import actions
from gezhi.foundation.people.models import Person
from gezhi.interfaces.commands import main
from gezhi.interfaces.jobs import steps
from tests.world import PACKS

pytestmark = pytest.mark.django_db
CREATE = ["admin", "create", "--county", "410883", "--name", "甲某", "--name", "乙某"]
NEW = "梧桐-自行车-搪瓷缸-2026"


@pytest.fixture
def empty():
    packs.install(PACKS / "standard-county", actor=people.system("setup"))


def created(capsys) -> dict[str, str]:
    assert main.main(CREATE) == 0
    return dict(re.findall(r"^(admin\d)\t(\S+)$", capsys.readouterr().out, re.M))


def test_two_hold_the_root_and_manage_people(empty, capsys):
    accounts = created(capsys)
    assert sorted(accounts) == ["admin1", "admin2"] and len(set(accounts.values())) == 2
    directory = people.directory()
    assert len(directory.holders(directory.root)) == 2
    for person in directory.holders(directory.root):
        assert people.actor_for(person).may("people.manage")
    assert events.verify().clean
    log = json.dumps(list(Event.objects.values_list("patch", flat=True)), default=str)
    log += "".join(Person.objects.values_list("password", flat=True))
    assert not any(word in log for word in accounts.values())
    assert Event.objects.filter(kind="site.founded").count() == 1


def test_a_second_time_is_refused_and_changes_nothing(empty, capsys):
    created(capsys)
    before = Event.objects.count()
    assert main.main(CREATE) != 0
    assert Event.objects.count() == before
    assert "已经有管理员" in capsys.readouterr().err


def test_one_person_is_not_enough(empty, capsys):
    assert main.main(CREATE[:-2]) != 0
    assert main.main([*CREATE[:-1], "甲某"]) != 0
    assert not Person.objects.exists()


def test_a_one_time_password_opens_nothing_but_the_page_that_replaces_it(empty, capsys, settings):
    word = created(capsys)["admin1"]
    client = Client()
    answer = client.post("/signin", {"username": "admin1", "password": word, "next": "/desk/people"})
    assert answer.url == "/password"
    assert client.get("/desk/people").status_code == 401
    with pytest.raises(Refusal) as refused:
        people.issue_token(people.sign_in("admin1", word))
    assert refused.value.code == "password.must_change"
    page = client.get("/password").content.decode()
    assert "一次性密码" in page
    for form, code in (
        ({"old": "wrong-wrong-wrong", "new": NEW, "again": NEW}, 401),
        ({"old": word, "new": NEW, "again": NEW + "x"}, 422),
        ({"old": word, "new": "123", "again": "123"}, 422),
        ({"old": word, "new": word, "again": word}, 422),
    ):
        assert client.post("/password", form).status_code == code
        assert client.get("/desk/people").status_code == 401
    # Whoever manages people needs a second factor too (tests/interfaces/desk/test_account.py goes on from there).
    assert client.post("/password", {"old": word, "new": NEW, "again": NEW}).url == "/second-factor"
    assert client.get("/desk/people").status_code == 401
    settings.GEZHI_SECOND_FACTOR = ("off",)
    assert client.get("/desk/people").status_code == 200
    with pytest.raises(Refusal):
        people.sign_in("admin1", word)
    assert people.issue_token(people.sign_in("admin1", NEW)).secret
    assert events.verify().clean


def test_a_password_given_by_a_colleague_has_to_be_changed_and_ones_own_not(empty, capsys):
    created(capsys)
    one, two = (Person.objects.get(username=name).pk for name in ("admin1", "admin2"))
    actions.set_password(two, "grüner-bus-17-kessel", actor=people.actor_for(one))
    assert people.directory().person(two).must_change
    actions.set_password(two, NEW, actor=people.actor_for(two))
    assert not people.directory().person(two).must_change


def test_without_signing_in_the_page_leads_there():
    assert Client().get("/password").url == "/signin"


def test_a_production_start_says_that_nobody_can_sign_in(empty, settings, capsys):
    assert not steps.say_without_administrators()
    settings.PRODUCTION = True
    assert steps.say_without_administrators()
    assert "gezhi admin create" in capsys.readouterr().err
    created(capsys)
    assert not steps.say_without_administrators()
