"""A case on the phone, and reporting what was found on the way."""

from __future__ import annotations

import re

from django.core.files.uploadedfile import SimpleUploadedFile

from gezhi.engines.workflows.models import Case
from gezhi.foundation import files
from gezhi.foundation.db import count_queries
from tests.foundation.files.pictures import jpeg
from tests.interfaces.portal.conftest import SCRIPT


def controls(page: str, action: str) -> dict[str, str]:
    form = re.search(rf'action="[^"]*/do/{action}".*?</form>', page, re.S).group(0)
    return dict(re.findall(r'name="(_\w+)" value="([^"]*)"', form))


def photo(name: str = "a.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, jpeg(), "image/jpeg")


def test_the_page_shows_words_clock_story_and_only_what_can_be_done(field, world):
    case = world.to_verify(world.open("三楼楼道灯坏了一周。"))
    page = field.page("秦英", f"/field/case/{case.id}")
    assert "三楼楼道灯坏了一周。" in page
    assert 'class="clockbar"' in page
    assert "/do/pass" in page
    assert "/do/fail" in page
    assert "/do/dispatch" not in page


def test_another_villages_worker_does_not_learn_that_it_exists(field, world):
    case = world.to_verify(world.open())
    field.page("孙田", f"/field/case/{case.id}", status=404)
    answer = field.of("孙田").post(f"/field/case/{case.id}/do/pass", {"_key": "key-00000001"}, headers=SCRIPT)
    assert answer.status_code in (403, 404)
    assert field.page("秦英", f"/field/case/{case.id}")


def test_handling_with_words_and_photos(field, world):
    case = world.open("北门路面破了个坑。")
    world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    sent = controls(field.page("秦英", f"/field/case/{case.id}"), "finish")
    client = field.of("秦英")
    refused = client.post(f"/field/case/{case.id}/do/finish", {**sent, "result": ""})
    assert refused.status_code == 422
    assert "这一项要填" in refused.content.decode()
    done = client.post(f"/field/case/{case.id}/do/finish", {**sent, "result": "填平了。", "photos": [photo()]})
    assert done.status_code == 303
    case.refresh_from_db()
    assert case.stage == "verify"
    (kept,) = files.of(f"case:{case.id}")
    assert client.get(f"/field/case/{case.id}/photo/{kept.id}")["Content-Type"] == "image/jpeg"
    assert field.of("孙田").get(f"/field/case/{case.id}/photo/{kept.id}").status_code == 404


def test_returning_names_ground_and_unit(field, world):
    case = world.to_sign(world.open(), "city")
    page = field.page("马东", f"/field/case/{case.id}")
    sent = {**controls(page, "return"), "ground": "路灯归供电管", "proposed": world.seats["power"]}
    assert field.of("马东").post(f"/field/case/{case.id}/do/return", sent).status_code == 303
    case.refresh_from_db()
    assert (case.stage, case.returns) == ("triage_street", 1)


def test_a_stale_click_says_what_happened_and_gives_the_words_back(field, world):
    case = world.to_verify(world.open())
    sent = controls(field.page("秦英", f"/field/case/{case.id}"), "fail")
    world.do(case, "fail", "秦英", finding="还在闪。")
    answer = field.of("秦英").post(f"/field/case/{case.id}/do/fail", {**sent, "finding": "四楼也不亮"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "刚刚变了" in page
    case.refresh_from_db()
    assert case.reworks == 1


def test_the_full_number_needs_a_purpose_and_the_resident_sees_who_looked(field, world, client):
    case = world.to_verify(world.open(contact_phone="13800000000", contact_name="王某兰"))
    shown = field.page("秦英", f"/field/case/{case.id}")
    assert "13800000000" not in shown
    assert "138****0000" in shown
    if "看全号" not in shown:
        assert field.of("秦英").post(f"/field/case/{case.id}/phone", {"purpose": "约上门时间"}).status_code == 403
    refused = field.of("赵兰").post(f"/field/case/{case.id}/phone", {"purpose": ""})
    assert refused.status_code == 422
    answer = field.of("赵兰").post(f"/field/case/{case.id}/phone", {"purpose": "约上门的时间"})
    assert "13800000000" in answer.content.decode()
    mine = client.get(f"/r/{case.code}").content.decode()
    assert "约上门的时间" in mine
    assert "13800000000" not in mine


def test_reporting_begins_at_ones_own_grid_and_says_who_gets_it(field, world):
    page = field.page("秦英", "/field/report")
    assert f'<option value="{world.places["lake1"]}" selected>' in page
    assert "7 号楼" in page
    assert "湖滨社区" in page
    assert "今天 16:00 前定谁来办" in page


def test_what_was_reported_is_a_case_of_the_worker_once(field, world):
    sent = {
        "text": "4 号楼北侧通道堆了杂物。",
        "place": world.places["lake1"],
        "key": "key-report-1",
        "contact": "none",
    }
    client = field.of("秦英")
    for _sending in range(2):
        answer = client.post("/field/report", {**sent, "photos": [photo()]})
        assert answer.status_code == 303
    case = Case.objects.get()
    assert (case.channel, case.reporter_id, case.grid_id) == (
        "field",
        world.people["秦英"],
        world.places["lake1a"],
    ) or (
        case.channel,
        case.reporter_id,
        case.place_id,
    ) == ("field", world.people["秦英"], world.places["lake1"])
    assert "报上去了" in client.get("/field/").content.decode()


def test_a_report_without_words_is_refused_and_keeps_its_place(field, world):
    answer = field.of("秦英").post("/field/report", {"text": "", "place": world.places["lake2"], "key": "key-report-2"})
    assert answer.status_code == 422
    assert f'<option value="{world.places["lake2"]}" selected>' in answer.content.decode()


def test_the_hint_suggests_and_shows_the_words_it_understood(field, world):
    answer = field.of("秦英").post(
        "/field/report/hint", {"text": "村口路灯不亮", "place": world.places["hill"]}, headers=SCRIPT
    )
    said = answer.json()
    assert said["suggested"], "the standard pack has hint words for street lamps"
    assert any("路灯" in word for word in said["suggested"][0]["words"])
    assert "南岗村" in said["goes"]["seat"]


def test_a_suggestion_is_never_taken_by_itself(field, world):
    client = field.of("秦英")
    client.post("/field/report", {"text": "村口路灯不亮", "place": world.places["lake1"], "key": "key-report-3"})
    assert Case.objects.get().category == ""


def test_the_case_page_has_a_query_budget(field, world):
    case = world.to_follow_up(world.open())
    url = f"/field/case/{case.id}"
    field.page("赵兰", url)
    with count_queries() as count:
        field.page("赵兰", url)
    assert count.total <= 16, count.statements
