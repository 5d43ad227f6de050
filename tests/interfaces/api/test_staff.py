"""Staff through the API: signing in, lists that show what is theirs, actions that notice what has changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gezhi.engines.workflows.models import Case
from gezhi.foundation import db, people, text
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import actions as staffing
from tests.foundation.files import pictures
from tests.interfaces.api.world import PASSWORD, SETUP

pytestmark = pytest.mark.django_db


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["items"]]


# --- signing in --------------------------------------------------------------------------------------


def test_signing_in_gives_a_token_and_signing_out_ends_it(world):
    answer = world.post("/session", {"username": "secretary", "password": PASSWORD})
    assert answer.status_code == 201
    body = answer.json()
    assert body["seats"][0]["label"] == "迎秀社区书记" or body["seats"][0]["label"]
    assert "secretary" not in body["name"] and "○" in body["name"]
    headers = {"Authorization": f"Bearer {body['token']}"}
    assert world.client.get("/api/v1/cases", headers=headers).status_code == 200
    assert world.client.delete("/api/v1/session", headers=headers).status_code == 204
    gone = world.client.get("/api/v1/cases", headers=headers)
    assert gone.status_code == 401 and gone.json()["error"]["code"] == "token.wrong"
    assert gone["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("username", ["secretary", "nobody", "' OR 1=1 --", "secretary\x00"])
def test_wrong_sign_ins_say_the_same_whoever_is_asked_for(world, username):
    answer = world.post("/session", {"username": username, "password": "wrong-password"})
    assert answer.status_code == 401 and answer.json()["error"]["code"] == "sign_in.wrong"


def test_five_failures_lock_politely(world):
    for _ in range(5):
        world.post("/session", {"username": "street", "password": "wrong"})
    answer = world.post("/session", {"username": "street", "password": PASSWORD})
    assert answer.status_code == 429 and answer.json()["error"]["code"] == "sign_in.locked"
    assert int(answer["Retry-After"]) > 60


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer x", "Basic c2VjcmV0", "bearer \xff", "Bearer " + "a" * 5000]
)
def test_forged_tokens_open_nothing(world, header):
    answer = world.client.get("/api/v1/cases", HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401 and answer.json()["error"]["next"]


def test_a_token_dies_with_its_holder_s_account(world):
    token = world.token("grid")
    staffing.deactivate(world.person["grid"], actor=SETUP)
    assert world.client.get("/api/v1/cases", headers={"Authorization": f"Bearer {token}"}).status_code == 401


# --- lists -------------------------------------------------------------------------------------------


@pytest.fixture
def matters(world):
    here = [world.raise_matter(f"第 {n} 盏路灯不亮") for n in range(3)]
    there = world.post("/requests", {"text": "自来水有霉味", "place": "马桥村"}).json()
    for made in [*here, there]:
        case = Case.objects.get(pk=made["id"])
        words = "自来水有霉味" if made is there else "路灯不亮"
        text.index("case", case.id, [case.number, words])
    return {"here": [m["id"] for m in here], "there": there["id"]}


def test_everybody_sees_their_own_places_newest_first(world, matters):
    here, there = matters["here"], matters["there"]
    assert ids(world.get("/cases", by="secretary")) == here[::-1]
    assert ids(world.get("/cases", by="neighbour")) == [there]
    assert ids(world.get("/cases", by="street")) == [there, *here[::-1]]
    assert ids(world.get("/cases", by="department")) == []


def test_pages_follow_their_cursor_and_miss_nothing(world, matters):
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = world.get(f"/cases?limit=1&cursor={cursor}", by="street").json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
    assert seen == [matters["there"], *matters["here"][::-1]]


def test_filters(world, matters):
    here, there = matters["here"], matters["there"]
    closed = world.act("secretary", here[0], "settle", {"result": "换了灯泡"})
    assert closed.status_code == 200
    with db.write():
        Case.objects.filter(pk=here[1]).update(late_at=clock.now() - timedelta(hours=1), category="Q1")
    by = "street"
    assert ids(world.get("/cases?state=closed", by=by)) == []
    assert ids(world.get("/cases?state=open", by=by)) == [there, *here[::-1]]
    assert ids(world.get("/cases?overdue=true", by=by)) == [here[1]]
    assert ids(world.get("/cases?place=马桥村", by=by)) == [there]
    assert ids(world.get(f"/cases?owner={world.seat['neighbour']}", by=by)) == [there]
    assert ids(world.get("/cases?q=霉味", by=by)) == [there]
    assert ids(world.get("/cases?q=霉味", by="secretary")) == []
    number = world.get(f"/cases/{there}", by=by).json()["number"]
    assert ids(world.get(f"/cases?q={number}", by=by)) == [there]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=half", "state"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("limit=%D9%A3", "limit"),
        ("owner=abc", "owner"),
        ("owner=-1", "owner"),
        ("owner=99999999999999999999", "owner"),
        ("overdue=perhaps", "overdue"),
        ("category=没有这类", "category"),
        ("place=没有这里", "place"),
        ("q=%E2%80%AEx", "q"),
        ("colour=red", "colour"),
    ],
)
def test_wrong_filters_are_named(world, query, field):
    answer = world.get(f"/cases?{query}", by="street")
    assert answer.status_code == 422 and field in answer.json()["error"]["fields"], answer.content


@pytest.mark.parametrize("cursor", ["x", "1:2:3", "%00", "a" * 3000])
def test_forged_cursors_are_refused(world, cursor):
    answer = world.get(f"/cases?cursor={cursor}", by="street")
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "page.cursor"


# --- one case ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", ["0", "-1", "x", "1" * 30, "1e3", "%20", "../session", "999"])
def test_forged_case_numbers_are_not_found(world, id):
    answer = world.get(f"/cases/{id}", by="street")
    assert answer.status_code in (404, 405) and answer.json()["error"]["code"]


def test_another_village_s_case_is_not_even_confirmed(world, matters):
    id = matters["there"]
    assert world.get(f"/cases/{id}", by="secretary").status_code == 404
    answer = world.post(f"/cases/{id}/actions/dispatch", {"item": 1, "expected_seq": 1}, by="secretary")
    assert answer.status_code == 404


def test_a_stale_click_gets_the_fresh_case_and_changes_nothing(world, matters):
    id = matters["here"][0]
    seen = world.get(f"/cases/{id}", by="secretary").json()
    world.act("secretary", id, "dispatch", {"sort": "big", "unit": world.seat["department"]})
    before = Case.objects.get(pk=id).event_seq
    answer = world.post(
        f"/cases/{id}/actions/dispatch",
        {"item": 1, "expected_seq": seen["seq"], "data": {"sort": "big", "unit": world.seat["department"]}},
        by="secretary",
    )
    body = answer.json()
    assert answer.status_code == 409 and body["error"]["code"] == "case.stale"
    assert body["case"]["stage"] == "sign" and body["case"]["seq"] == before == Case.objects.get(pk=id).event_seq
    english = world.post(f"/cases/{id}/actions/dispatch", {"item": 1, "expected_seq": 1}, by="secretary", lang="en")
    assert english.status_code == 409


def test_the_same_key_acts_once(world, matters):
    id = matters["here"][0]
    body = {"item": 1, "expected_seq": 1, "data": {"sort": "big", "unit": world.seat["department"]}}
    first = world.post(f"/cases/{id}/actions/dispatch", body, by="secretary", key="k")
    again = world.post(f"/cases/{id}/actions/dispatch", body, by="secretary", key="k")
    other = world.post(f"/cases/{id}/actions/dispatch", {**body, "data": {"sort": "private"}}, by="secretary", key="k")
    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert other.json()["error"]["code"] == "case.key_reused"
    assert Case.objects.get(pk=id).event_seq == 2


def test_wrong_values_are_named_and_nothing_is_written(world, matters):
    id = matters["here"][0]
    for data, field in [
        ({}, "sort"),
        ({"sort": "huge"}, "sort"),
        ({"sort": "big"}, "unit"),
        ({"sort": "big", "unit": 999999}, "unit"),
        ({"sort": "big", "unit": "x' OR 1=1"}, "unit"),
        ({"sort": "big", "unit": world.seat["department"], "colour": "red"}, "colour"),
        ({"sort": "private", "note": "字" * 501}, "note"),
        ({"sort": "private", "note": "a\u202eb"}, "note"),
    ]:
        answer = world.post(
            f"/cases/{id}/actions/dispatch", {"item": 1, "expected_seq": 1, "data": data}, by="secretary"
        )
        assert answer.status_code == 422 and field in answer.json()["error"]["fields"], (data, answer.content)
    assert Case.objects.get(pk=id).event_seq == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"item": "one"}, "item"),
        ({"item": 1.5}, "item"),
        ({"item": True}, "item"),
        ({"item": [1]}, "item"),
        ({"expected_seq": {}}, "expected_seq"),
        ({"data": []}, "data"),
        ({"data": "x"}, "data"),
        ({"sort": "big"}, "sort"),
    ],
)
def test_a_wrong_envelope_is_named(world, matters, body, field):
    answer = world.post(f"/cases/{matters['here'][0]}/actions/dispatch", body, by="secretary")
    assert answer.status_code == 422 and field in answer.json()["error"]["fields"], answer.content


@pytest.mark.parametrize("action", ["lapse", "no_such", "pass", "x'--", "solved%00"])
def test_actions_that_are_not_drawn_here(world, matters, action):
    answer = world.post(f"/cases/{matters['here'][0]}/actions/{action}", {"item": 1}, by="secretary")
    assert answer.status_code in (403, 422) and answer.json()["error"]["code"].startswith(("case.", "not_allowed"))


def test_the_doer_does_not_verify_and_is_told_why(world, matters):
    id = matters["here"][0]
    staffing.substitute(
        world.seat["grid"], world.person["department"], actor=SETUP, until=clock.now() + timedelta(days=5)
    )
    world.act("secretary", id, "dispatch", {"sort": "big", "unit": world.seat["department"]})
    world.act("department", id, "accept")
    world.act("department", id, "finish", {"result": "换了"})
    case = world.get(f"/cases/{id}", by="department").json()
    verify = next(a for a in case["actions"] if a["action"] == "pass")
    assert not verify["allowed"] and verify["why_not"]
    item = next(i for i in case["items"] if i["state"] == "open")
    answer = world.post(f"/cases/{id}/actions/pass", {"item": item["number"]}, by="department")
    assert answer.status_code == 403 and answer.json()["error"]["code"] == "case.doer_verifies"
    assert world.act("grid", id, "pass").status_code == 200


def test_a_photo_for_an_action(world, matters):
    id = matters["here"][0]
    world.act("secretary", id, "dispatch", {"sort": "big", "unit": world.seat["department"]})
    world.act("department", id, "accept")
    headers = {"Authorization": f"Bearer {world.token('department')}"}
    upload = SimpleUploadedFile("a.jpg", pictures.jpeg())
    kept = world.client.post("/api/v1/photos", {"photos": upload}, headers=headers)
    assert kept.status_code == 201
    photo = kept.json()["id"]
    assert world.get(f"/photos/{photo}", by="grid").status_code == 404, "not yet bound: its keeper's alone"
    assert world.get(f"/photos/{photo}", by="department").status_code == 200
    assert world.act("department", id, "finish", {"result": "换了", "photos": [photo]}).status_code == 200
    assert world.get(f"/photos/{photo}", by="grid").status_code == 200
    assert world.get(f"/photos/{photo}", by="neighbour").status_code == 404


def test_demo_tokens_are_for_synthetic_people_only(world):
    made = world.post("/demo/session", {"person": world.person["grid"]}, by="admin")
    assert made.status_code == 201
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    assert world.client.get("/api/v1/cases", headers=headers).status_code == 200
    real = staffing.create_person("秦真", actor=SETUP, username="real", password="quiet-Harvest-91", synthetic=False)
    assert world.post("/demo/session", {"person": real}, by="admin").status_code == 404
    for wrong in ("x", "0", "-1", "9" * 30, "٣"):
        assert world.post("/demo/session", {"person": wrong}, by="admin").status_code == 404
    assert world.post("/demo/session", {"person": world.person["grid"]}, by="secretary").status_code == 403
    for username in ("director", "deputy"):
        assert people.directory().persons[world.person[username]].synthetic
