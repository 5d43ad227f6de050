"""Duties and sessions through the API: owed, recorded once, waived by somebody above; a place taken and given back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.duties.models import Done
from gezhi.engines.matching import planning
from gezhi.foundation import people, subjects
from gezhi.foundation.calendar import clock
from gezhi.interfaces.api import round_shapes
from tests.engines.duties.scene import SYSTEM, publish
from tests.interfaces.api.test_openapi import strict

pytestmark = pytest.mark.django_db


@pytest.fixture
def elder(world) -> str:
    """The path of this week's visit to an elder of the first grid, whom the worker `grid` visits."""
    facts = {"name": "秦老", "born": "1940-03-05", "sex": "f"}
    who = subjects.add("person", facts, actor=SYSTEM, place_id=world.place["第 1 网格"], synthetic=True)
    # Known since last week, so that the week's window is owed whatever day it is.
    subjects.enter("lone_elder", who.pk, {"self_care": "able"}, actor=SYSTEM)
    publish()
    from gezhi.engines.duties.schema import rule

    period = rule("elder-visit").period(clock.now())
    assert period is not None
    return f"/duties/elder-visit/{who.pk}/{period.key}"


def test_what_is_owed_is_recorded_once(world, elder):
    answer = world.get(elder, by="grid")
    strict(round_shapes.DutyOut, answer)
    assert (answer.json()["about"], answer.json()["state"]) == ("秦○", "open")
    strict(round_shapes.DutyPage, world.get("/duties", by="grid"))
    sent = {"data": {"self_care": "partly"}, "note": "腿肿"}
    first = world.post(f"{elder}/record", sent, by="grid", key="k1")
    strict(round_shapes.RecordOut, first)
    assert first.json() == {"state": "done", "late": False, "new": True, "case": None}
    assert world.post(f"{elder}/record", sent, by="grid", key="k1").json() == first.json() | {"new": False}
    other = world.post(f"{elder}/record", {"note": "别的"}, by="grid", key="k1")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "duties.settled")
    assert Done.objects.filter(state="done").count() == 1
    entry = subjects.Entry.objects.get(register="lone_elder")
    assert entry.values["self_care"] == "partly"
    assert world.get("/duties", by="grid").json() == {"items": []}


def test_something_wrong_opens_a_case(world, elder):
    answer = world.post(f"{elder}/record", {"note": "燃气没关", "trouble": True}, by="grid", key="k2")
    number = answer.json()["case"]
    assert number and world.get("/cases", by="director").json()["items"][0]["number"] == number
    assert (
        world.post(f"{elder}/record", {"note": "燃气没关", "trouble": True}, by="grid", key="k2").json()["case"]
        == number
    )


def test_whose_it_is_not_finds_nothing(world, elder):
    for who in ("neighbour", "auditor", "admin"):
        assert world.get(elder, by=who).status_code == 404
        assert world.post(f"{elder}/record", {}, by=who).status_code == 404
    assert world.get(elder, by="secretary").status_code == 200  # supervises, does not visit
    assert world.post(f"{elder}/record", {}, by="secretary").status_code == 404
    assert world.get(elder).status_code == 401
    for strange in (
        "/duties/nothing/1/2026",
        "/duties/elder-visit/x/2026-W47",
        f"{elder}9",
        "/duties/elder-visit/1/²²²²",
    ):
        assert world.get(strange, by="grid").status_code == 404
    wrong = world.post(f"{elder}/record", {"data": {"self_care": "dancing"}, "more": 1}, by="grid")
    assert wrong.status_code == 422
    assert world.get("/duties?place=1", by="grid").status_code == 422


def test_waived_by_somebody_above_and_never_by_whoever_owes_it(world, elder):
    assert world.post(f"{elder}/waive", {"ground": "hospital"}, by="grid").status_code == 403
    assert world.post(f"{elder}/waive", {"ground": "tired"}, by="secretary").status_code == 422
    answer = world.post(f"{elder}/waive", {"ground": "hospital", "note": "县医院"}, by="secretary")
    strict(round_shapes.WaivedOut, answer)
    assert answer.json() == {"state": "waived", "ground": "hospital"}
    assert world.post(f"{elder}/waive", {"ground": "hospital"}, by="secretary").status_code == 409


def test_a_place_is_taken_once_and_given_back_once(world):
    starts = clock.now() + timedelta(days=3)
    secretary = people.actor_for(world.person["secretary"])
    place = world.place["迎秀社区居委会"]
    row = planning.plan(
        "party_day", place, theme="学习", starts=starts, ends=starts + timedelta(hours=2), actor=secretary
    )
    listed = world.get("/sessions", by="secretary")
    strict(round_shapes.MeetingPage, listed)
    assert [item["id"] for item in listed.json()["items"]] == [str(row.pk)]
    assert world.get("/sessions?since=9999-12-31", by="secretary").json() == {"items": []}
    assert world.get("/sessions?since=0001-01-01", by="secretary").json() == {"items": []}
    assert world.get("/sessions?since=soon", by="secretary").status_code == 422

    def send(method: str, by: str = "secretary"):
        return getattr(world.client, method)(
            f"/api/v1/sessions/{row.pk}/booking", headers=world._headers(by, "", "zh-Hans")
        )

    first = send("put")
    strict(round_shapes.BookingOut, first)
    assert first.json()["state"] == "booked" and send("put").json() == first.json()
    assert send("put", "neighbour").status_code == send("delete", "neighbour").status_code == 404
    back = send("delete")
    assert back.json() == first.json() | {"state": "withdrawn"} == send("delete").json()
    row.refresh_from_db()
    assert row.booked == 0
