"""Appraisals on pages: a changed rule is looked at before it counts; whom it is about objects at the portal and is answered."""

from __future__ import annotations

import copy
from datetime import date

import pytest
import time_machine
from django.test import Client

from gezhi.engines.appraisals import marking, rounds
from gezhi.engines.appraisals.models import Objection, Result
from gezhi.engines.workflows import phones
from gezhi.foundation import events, packs, people, subjects
from gezhi.foundation.db import count_queries
from gezhi.foundation.people import crypto
from tests.interfaces.desk.conftest import Desk
from tests.world import World

SYSTEM = people.system("test")
PHONE, BEFORE = "13800000031", date(2025, 3, 1)


@pytest.fixture
def world(db):
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as traveller:
        made = World("xinxing-community")
        made.clock = traveller
        yield made


def family(world, name, phone, kept):
    """A household of the grid with a member who has this phone; it took on ten things and did so many of them."""
    lake1 = world.places["lake1"]
    house = subjects.add("living_household", {"name": f"{name}家"}, actor=SYSTEM, place_id=lake1, since=BEFORE)
    who = subjects.add("person", {"name": name, "phone": phone}, actor=SYSTEM, place_id=lake1, synthetic=True)
    subjects.relate("household_member", who.pk, house.pk, actor=SYSTEM)
    subjects.enter("unit_family", house.pk, {"asked": 10, "kept": kept}, actor=SYSTEM, since=BEFORE)
    return house.pk


def verified(phone):
    """Somebody who typed the code that was sent to their phone."""
    client, mark = Client(), crypto.blind("phone", phone)
    client.post("/me/phone", {"phone": phone})
    client.post("/me/phone", {"mine": mark.hex(), "digits": phones.digits_for(mark), "tail": ""})
    return client


def text(answer):
    return answer.content.decode()


def test_a_changed_rule_is_seen_before_it_counts_and_a_household_objects_and_is_answered(world):
    desk = Desk(world)
    zhao, zhou = desk.of("赵兰"), desk.of("周敏")
    house, other = family(world, "甲某", PHONE, 6), family(world, "乙某", "13800000032", 9)
    row = rounds.open_round("unit_family", world.places["lake"], "2025", actor=world.actor("赵兰"))
    for id in (house, other):
        marking.judge(row.pk, id, "word", 80, actor=world.actor("秦英"), words="平时看的")
    url = f"/desk/appraisals/{row.pk}"
    zhao.post(f"{url}/do/seal")
    result = Result.objects.get(subject_id=house)
    assert (str(result.score.normalize()), result.band) == ("66", "none")
    body = copy.deepcopy(dict(packs.registry().body("rubric", "unit_family")))
    body["items"][0]["weight"], body["items"][1]["weight"] = "0.4", "0.6"
    version = packs.publish("rubric", "unit_family", body, actor=SYSTEM, how={"note": "test"}).version
    assert f"{url}/rejudge" in text(zhao.get(url)) and f"{url}/rejudge" not in text(zhou.get(url))
    with count_queries() as spent:
        shown = zhao.get(f"{url}/rejudge")
    assert spent.total <= 40, spent.statements
    page = text(shown)
    assert all(said in page for said in (result.label, "66 → <b>72</b>", "继续创建 → <b>优</b>", "42 → <b>24</b>"))
    result.refresh_from_db()
    assert result.band == "none"  # looked at, not written
    sent = {"version": version, "seen": shown.context["seen"], "reason": "会上定的"}
    assert zhao.post(f"{url}/rejudge", sent | {"reason": ""}).status_code == 422
    assert zhao.post(f"{url}/rejudge", sent | {"seen": "0" * 16}).status_code == 409
    assert zhao.post(f"{url}/rejudge", sent).status_code == 302
    result.refresh_from_db()
    assert (str(result.score.normalize()), result.band) == ("72", "good")
    # Nobody sees it before it is published; then the household sees its own and nobody else's.
    resident = verified(PHONE)
    assert "创建单元争优" not in text(resident.get("/me"))
    zhao.post(f"{url}/do/publish")
    assert zhao.get(f"{url}/rejudge").status_code == 409
    with count_queries() as spent:
        page = text(resident.get("/me"))
    assert spent.total <= 36, spent.statements
    assert "72 分" in page and "60 分 × 0.4 = 24" in page and "84 分" not in page and "乙○" not in page
    assert Client().post("/me/object", {"round": row.pk, "subject": house}).status_code == 422
    said = {"round": row.pk, "subject": house, "item": "kept", "words": "还有一件没算进去"}
    assert resident.post("/me/object", said | {"subject": other}).status_code == 404
    assert resident.post("/me/object", said | {"words": ""}).status_code == 422
    assert resident.post("/me/object", said).status_code == 303
    assert resident.post("/me/object", said).status_code == 409  # one waits already
    made = Objection.objects.get()
    assert (
        made.person_id is None and "还有一件没算进去" in text(zhou.get(url)) and "等答复" in text(resident.get("/me"))
    )
    assert "还有一件" not in text(verified("13800000032").get("/me"))
    given = {"number": made.number, "words": "查了，确有一件", "points": "70"}
    zhou.post(f"{url}/do/answer", given)
    page = text(resident.get("/me"))
    assert "答复：查了，确有一件" in page and "成立，改为 70 分" in page and "76 分" in page
    for address in (url, f"{url}/{house}", "/desk/appraisals", "/desk/rubrics/unit_family"):
        with count_queries() as spent:
            assert zhao.get(address).status_code == 200
        assert spent.total <= 40, (address, spent.total, spent.statements)
    row.refresh_from_db()
    world.clock.move_to(row.object_until)
    late = verified(PHONE)
    assert late.post("/me/object", said).status_code == 409 and "提异议" not in text(late.get("/me"))
    assert events.verify().clean
