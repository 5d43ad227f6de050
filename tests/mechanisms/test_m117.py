"""M117 书记办公室常开: whoever walks in is written down in one line by another's hand, dispute, hardship or policy."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.rules import show_code
from gezhi.foundation import events, packs, people
from tests.mechanisms import mechanism

pytestmark = mechanism("M117", file="packs/qinnan-transport/services.yaml")

LINES = ("停车老被罚，想问问政策。", "货款要不回来，家里揭不开锅。", "老李说我撞了他的车，要赔三千。")


@pytest.fixture
def world(county):
    return county("qinnan-transport")


@pytest.fixture
def counter(world) -> Client:
    """The secretary's browser, standing at the counter page."""
    client = Client()
    person = people.directory().person(world.people["赵兰"])
    session = client.session
    session["person"], session["person_epoch"] = person.id, person.session_epoch
    session.save()
    client.cookies["sessionid"] = session.session_key
    return client


def test_the_door_is_the_counter_channel(world):
    body = packs.registry().body("services", "qinnan-transport")
    assert [c["channel"] for c in body["channels"]] == ["counter"]
    assert {s["code"] for s in body["services"]} == {"dispute", "hardship", "policy"}


@pytest.mark.parametrize("line", LINES)
def test_one_line_and_the_persons_yes_are_enough(world, counter, line):
    page = counter.get("/desk/counter").content.decode()
    key = re.search(r'name="_key" value="([^"]+)"', page)[1]
    # The place is the counter's own and stands there already; nothing else but the line and the consent is asked.
    home = re.search(r'<option value="(\d+)" selected>', page)[1]
    sent = {"_key": key, "text": line, "place": home, "consent": "present", "channel": "counter"}
    answer = counter.post("/desk/counter", sent)
    case = Case.objects.get()
    assert answer.headers["Location"] == f"/desk/cases/{case.id}/receipt"
    assert (case.channel, case.on_behalf, case.reporter_id) == ("counter", True, world.people["赵兰"])
    assert case.village_id == world.places["lake"]
    assert WorkItem.objects.filter(case=case, state=OPEN, owner_seat__isnull=False).count() == 1
    receipt = counter.get(answer.headers["Location"]).content.decode()
    assert show_code(case.code) in receipt and line.rstrip("。") in receipt
    opened = events.history(f"case:{case.id}")[0]
    assert opened.actor_person == world.people["赵兰"]  # by whose hand it was written stays in the record


def test_without_the_persons_yes_nothing_is_written_and_the_line_is_kept(world, counter):
    answer = counter.post("/desk/counter", {"text": LINES[0], "place": world.places["lake"], "_key": "walk-in-0001"})
    assert answer.status_code == 422 and LINES[0] in answer.content.decode()
    assert not Case.objects.exists()


def test_who_walked_in_finds_it_again_by_phone_at_the_same_counter(world, counter):
    counter.post(
        "/desk/counter",
        {"text": LINES[1], "place": world.places["lake"], "consent": "present", "contact_phone": "199 0008 1111"},
    )
    found = counter.get("/desk/counter", {"find": "19900081111"}).content.decode()
    assert LINES[1].rstrip("。") in found
    assert LINES[1].rstrip("。") not in counter.get("/desk/counter", {"find": "19900082222"}).content.decode()
