"""A matter was raised as an ordinary one and is kept apart later: the doors of test_protected, after the grid worker did so.

Everybody who could see it before comes again, by the pages that they had open as well.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from gezhi.engines.workflows import apart
from gezhi.engines.workflows.models import Case
from gezhi.flows import following
from gezhi.foundation import events, notices
from gezhi.foundation.calendar import clock
from gezhi.foundation.jobs import claims, registry
from gezhi.foundation.notices.models import Delivery, Notice
from gezhi.foundation.people import actions as staffing
from tests.foundation.people.county import SETUP
from tests.interfaces.desk.conftest import Desk
from tests.promises import test_protected as doors
from tests.promises.test_protected import PHONE, TABLE, WHO, WORDS, Scene
from tests.world import World

GROUND = "话里说的是书记给亲戚办低保。"


@pytest.fixture
def midway(db) -> Scene:
    """The county with a matter raised as an ordinary one, indexed and told of, and not yet kept apart."""
    world = World()
    staffing.substitute(
        world.seats["secretary"], world.person("代青"), actor=SETUP, until=clock.now() + timedelta(days=20)
    )
    answer = Client().post(
        "/",
        {
            "text": WORDS, "place": str(world.places["lake1"]), "contact": "phone", "contact_phone": PHONE,
            "key": "midway", "public_ok": "true", "photos": [doors.jpeg_file()],
        },
    )  # fmt: skip
    assert answer.status_code in (302, 303)
    case = Case.objects.get()
    assert case.protected == ""
    photo = next(e for e in events.history(f"case:{case.id}")).patch["act"]["photos"][0]
    registry.discover()
    events.seal_now()
    following.follow()
    claims.drain()
    return Scene(world, Desk(world), case, photo, {})


def keep_apart(scene: Scene, by: str = "g") -> None:
    url = f"/desk/cases/{scene.case.id}/protect"
    page = scene.get(by, url)
    assert WORDS[:8] in page and "转为保密事项" in page
    seq = Case.objects.get(pk=scene.case.pk).event_seq
    answer = scene.client(by).post(url, {"about": "village", "ground": GROUND, "_seq": seq, "_key": "apart"})
    assert answer.status_code == 302, answer.content.decode()[:1000]
    scene.case.refresh_from_db()


def learners(scene: Scene, letters: str) -> dict[str, str]:
    """door -> those of `letters` who learn of the matter there; doors that compare figures are left to the other file."""
    doors._late(scene)
    skipped = doors.COMPARED | doors.PUBLIC
    return {door: "".join(w for w in letters if doors.learn(scene, door, w)) for door in TABLE if door not in skipped}


def test_every_door_shuts_at_once_behind_those_who_must_not_know(midway):
    expected = {door: "".join(w for w in who[0] if w in "gsdoc") for door, who in TABLE.items()}
    before = learners(midway, "gsdoc")
    assert {"s", "d"} <= set(before["case page"]) & set(before["list of cases"]) & set(before["search by words"])
    keep_apart(midway)
    after = learners(midway, "gsdoc")
    assert {d: (w, expected[d]) for d, w in after.items() if w != expected[d]} == {}


@pytest.mark.once("that the comparison can fail is shown by one failure")
def test_without_the_lines_that_name_them_the_doors_stay_open(midway, monkeypatch):
    """The twin: kept apart in name only, the secretary and her deputy go on reading."""
    monkeypatch.setattr(apart, "_mark", lambda case, kind, lines, step: None)
    monkeypatch.setattr(apart, "_enter", lambda step, now, before: None)
    apart.protect(midway.case.id, "village", GROUND, actor=midway.world.actor("秦英"))
    after = learners(midway, "sd")
    assert {"case page", "list of cases", "API, list", "search by words", "photo"} <= {d for d, w in after.items() if w}


def test_pages_that_stood_open_and_keys_sent_again_tell_nothing(midway):
    case, secretary = midway.case, midway.client("s")
    form = {"_item": 1, "_seq": case.event_seq, "_key": "open-page", "words": "我看一下。"}
    assert secretary.post(f"/desk/cases/{case.id}/do/note", form).status_code == 302
    token = {"Authorization": f"Bearer {_token(midway, 's')}", "Idempotency-Key": "again"}
    body = json.dumps({"data": {"words": "再看一下。"}})
    url = f"/api/v1/cases/{case.id}/actions/note"
    assert Client(headers=token).post(url, body, content_type="application/json").status_code == 200
    keep_apart(midway)
    for again in (form, form | {"_key": "another"}, form | {"_item": 99}):
        answer = secretary.post(f"/desk/cases/{case.id}/do/note", again, follow=True)
        assert answer.status_code == 404 and WORDS[:6] not in answer.content.decode()
    for more in ("again", "new"):
        answer = Client(headers=token | {"Idempotency-Key": more}).post(url, body, content_type="application/json")
        assert answer.status_code == 404 and WORDS[:6] not in answer.content.decode()
    for url in ("protect", "merge/1", "gather", "similar", "receipt"):
        assert secretary.get(f"/desk/cases/{case.id}/{url}").status_code == 404


@pytest.mark.django_db(transaction=True)  # only what is committed is sealed, and only what is sealed is followed
def test_lines_about_it_are_taken_back_and_the_one_above_is_told(midway):
    world, case = midway.world, midway.case
    stream = f"case:{case.id}"
    had = set(Notice.objects.filter(stream=stream, read_at=None).values_list("person", flat=True))
    assert had, "somebody was told of it as an ordinary matter"
    waiting = {person: notices.unread(person) for person in had}
    keep_apart(midway)
    assert not Notice.objects.filter(stream=stream).exists()
    assert all(notices.unread(person) < waiting[person] for person in had)
    assert not Delivery.objects.filter(stream=stream, state="waiting", code="").exists()
    events.seal_now()
    following.follow()
    claims.drain()
    told = set(Notice.objects.filter(stream=stream).values_list("person", flat=True))
    assert told and told <= {world.people["周敏"], world.people["吕岩"]}


def test_the_reporter_keeps_the_code_and_is_told_of_the_step_above(midway):
    keep_apart(midway)
    code = doors.rules.show_code(midway.case.code)
    page = midway.get("R", f"/r/{code}")
    assert WORDS[:8] in page and GROUND not in page and "赵兰" not in page
    assert midway.api("R", f"/requests/{midway.case.code}").status_code == 200


def test_a_former_holder_and_a_later_one_do_not_come_back_to_it(midway):
    keep_apart(midway)
    world = midway.world
    staffing.leave(world.people["赵兰"], actor=SETUP)
    staffing.appoint(world.seats["secretary"], world.person("新来"), actor=SETUP)
    for name in ("赵兰", "新来"):
        assert midway.desk.of(name).get(f"/desk/cases/{midway.case.id}").status_code in (403, 404)


def test_by_the_api_it_is_kept_apart_as_well(midway):
    url = f"/cases/{midway.case.id}/protect"
    assert midway.api("g", url, {"about": "somebody", "ground": GROUND}).status_code == 422
    answer = midway.api("g", url, {"about": "village", "ground": GROUND})
    assert answer.status_code == 200 and answer.json() == {"number": midway.case.number, "sees": False}
    assert midway.api("g", f"/cases/{midway.case.id}").status_code == 404
    assert midway.api("o", f"/cases/{midway.case.id}").status_code == 200
    assert midway.api("w", url, {"about": "village", "ground": GROUND}).status_code == 404


def _token(scene: Scene, letter: str) -> str:
    from gezhi.foundation import people

    return people.issue_token(people.directory().person(scene.world.people[WHO[letter][0]])).secret
