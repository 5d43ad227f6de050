"""Doing an action through the desk: from the side sheet and from a plain form; refused kindly, nothing typed lost."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from gezhi.engines.workflows.models import Case
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid
from gezhi.interfaces.site import words


def hidden(html: str) -> dict[str, str]:
    """The control values a form carries."""
    return dict(re.findall(r'<input type="hidden" name="(_\w+)" value="([^"]*)"', html))


def sheet(client, case, action, item=1, **query):
    address = f"/desk/cases/{case.id}/do/{action}?item={item}"
    response = client.get(address, query or None, headers={"HX-Request": "true"})
    assert response.status_code == 200, response.content
    return response.content.decode()


def test_a_dispatch_from_the_side_sheet_moves_the_case_and_goes_on_with_the_list(desk, world):
    case = world.open("村东排水沟又堵了。")
    client = desk.of("赵兰")
    html = sheet(client, case, "dispatch")
    assert "三事分流" in html
    form = hidden(html) | {"sort": "big", "unit": world.seats["water"], "_back": "/desk/?stage=triage"}
    response = client.post(f"/desk/cases/{case.id}/do/dispatch", form, headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert response.headers["HX-Redirect"] == "/desk/?stage=triage"
    case.refresh_from_db()
    assert (case.stage, case.handler_seat) == ("sign", world.seats["water"])
    assert "“分派”已经办了" in client.get("/desk/").content.decode()


def test_the_same_form_sent_twice_dispatches_once(desk, world):
    case = world.open()
    client = desk.of("赵兰")
    form = hidden(sheet(client, case, "dispatch")) | {"sort": "big", "unit": world.seats["water"]}
    first = client.post(f"/desk/cases/{case.id}/do/dispatch", form)
    again = client.post(f"/desk/cases/{case.id}/do/dispatch", form)
    assert (first.status_code, again.status_code) == (302, 302)
    case.refresh_from_db()
    assert case.event_seq == 2


def test_who_handles_nothing_is_not_offered_and_is_refused(desk, world):
    case = world.open()
    client = desk.of("赵兰")
    form = sheet(client, case, "dispatch")
    for seat, offered in (("city", True), ("street", True), ("auditor", False), ("admin", False)):
        assert (f'value="{world.seats[seat]}"' in form) is offered, seat
    given = hidden(form) | {"sort": "big", "unit": world.seats["auditor"]}
    answer = client.post(f"/desk/cases/{case.id}/do/dispatch", given)
    assert answer.status_code == 422 and "这个席位不办事，请另选一个。" in answer.content.decode()
    joint = {"unit": world.seats["city"], "units": [world.seats["power"], world.seats["admin"]]}
    with pytest.raises(Invalid) as refused:
        world.do(case, "dispatch_joint", "赵兰", **joint)
    assert list(refused.value.field_errors) == ["units"]
    world.do(case, "dispatch_joint", "赵兰", **joint | {"units": [world.seats["power"]]})
    told = client.get(f"/desk/cases/{case.id}").content.decode()
    assert "协办单位：县供电公司" in told  # who was asked to help stands in the story


def test_the_places_of_a_sweep_stand_in_the_story(desk, world):
    case = world.open("排查井盖。", workflow="sweep", place="east", by="周敏", channel="counter")
    there = [world.places["lake1"], world.places["lake2"]]
    world.do(case, "send", "周敏", places=there)
    told = desk.of("周敏").get(f"/desk/cases/{case.id}").content.decode()
    first, second = (places.directory().label(place, "village") for place in there)
    assert f"查哪些地方：{first}、{second}" in told


def test_without_scripts_the_form_is_a_page_and_leads_back(desk, world):
    case = world.to_sign(world.open())
    client = desk.of("马东")
    page = client.get(f"/desk/cases/{case.id}/do/accept?item=2&back=/desk/")
    assert page.status_code == 200
    assert "<title>" in page.content.decode()
    form = hidden(page.content.decode()) | {"plan": "下午去"}
    response = client.post(f"/desk/cases/{case.id}/do/accept", form)
    assert (response.status_code, response.headers["Location"]) == (302, "/desk/")
    case.refresh_from_db()
    assert case.stage == "handle"


def test_a_link_back_never_leaves_the_desk(desk, world):
    case = world.to_sign(world.open())
    client = desk.of("马东")
    form = hidden(sheet(client, case, "accept", item=2))
    for wrong in ("https://elsewhere.example/", "//elsewhere.example/desk/", "/signout"):
        page = client.get(f"/desk/cases/{case.id}/do/accept", {"item": 2, "back": wrong})
        assert 'name="_back" value=""' in page.content.decode()
    response = client.post(f"/desk/cases/{case.id}/do/accept", form | {"_back": "https://elsewhere.example/"})
    assert response.headers["Location"] == f"/desk/cases/{case.id}"


def test_a_missing_answer_comes_back_marked_with_everything_typed(desk, world):
    case = world.open()
    client = desk.of("赵兰")
    form = hidden(sheet(client, case, "dispatch")) | {"sort": "big", "note": "请带发电机"}
    response = client.post(f"/desk/cases/{case.id}/do/dispatch", form, headers={"HX-Request": "true"})
    html = response.content.decode()
    assert response.status_code == 422
    assert 'aria-invalid="true"' in html
    assert "请带发电机" in html
    assert re.search(r'value="big" checked', html)
    case.refresh_from_db()
    assert case.stage == "triage"


def test_a_stale_click_says_who_was_faster_and_keeps_the_words(desk, world):
    case = world.open()
    client = desk.of("赵兰")
    form = hidden(sheet(client, case, "dispatch")) | {
        "sort": "big",
        "unit": world.seats["water"],
        "note": "写了很久的话",
    }
    world.do(case, "dispatch", "赵兰", sort="big", unit=world.seats["city"])
    response = client.post(f"/desk/cases/{case.id}/do/dispatch", form, headers={"HX-Request": "true"})
    html = response.content.decode()
    assert response.status_code == 409
    assert "赵○做了“分派”" in html
    assert "写了很久的话" in html
    assert "县城管局" in html  # who has it now
    case.refresh_from_db()
    assert case.handler_seat == world.seats["city"]


def test_the_doer_cannot_verify_through_the_desk(desk, world):
    case = world.to_verify(world.open())
    client = desk.of("马东")
    page = client.get(f"/desk/cases/{case.id}").content.decode()
    assert "现在还不能“查过，办好了”" in page
    response = client.post(f"/desk/cases/{case.id}/do/pass", {"_item": 4, "_key": "k-12345678"})
    assert response.status_code == 403
    case.refresh_from_db()
    assert case.stage == "verify"


def test_only_what_is_possible_now_is_a_button_and_the_main_one_has_its_key(desk, world):
    case = world.open()
    page = desk.of("赵兰").get(f"/desk/cases/{case.id}").content.decode()
    bar = page[page.index('aria-label="现在可以做的"') :]
    assert re.search(r'class="btn main"[^>]*do/dispatch[^>]*data-key="e"', bar)
    assert "do/finish" not in bar
    other = desk.of("马东").get(f"/desk/cases/{case.id}")
    assert other.status_code == 404


def test_scripts_in_words_are_shown_as_words(desk, world):
    bad = '<script>alert(1)</script> & "引号" <img src=x onerror=alert(2)>'
    case = world.open(bad)
    world.to_sign(case)
    world.do(case, "return", "马东", ground=bad, proposed=world.seats["water"])
    for name, address in (
        ("周敏", "/desk/"),
        ("周敏", f"/desk/cases/{case.id}"),
        ("周敏", "/desk/cases"),
        ("周敏", f"/desk/cases/{case.id}/do/dispatch?item=3"),
    ):
        html = desk.of(name).get(address).content.decode()
        assert "<script>alert" not in html
        assert "<img src=x" not in html


def test_a_full_number_is_shown_after_saying_why_and_the_look_is_kept(desk, world):
    case = world.open(contact_name="王桂兰", contact_phone="13800002671")
    client = desk.of("赵兰")
    page = client.get(f"/desk/cases/{case.id}").content.decode()
    assert "138****2671" in page
    assert "13800002671" not in page
    short = client.post(f"/desk/cases/{case.id}/reveal", {"purpose": "看"})
    assert short.status_code == 422
    assert "13800002671" not in short.content.decode()
    shown = client.post(f"/desk/cases/{case.id}/reveal", {"purpose": "打电话约上门时间"}).content.decode()
    assert "13800002671" in shown
    (look,) = people.reveals(f"case:{case.id}")
    assert (look.purpose, look.field) == ("打电话约上门时间", "phone")
    assert "打电话约上门时间" in client.get(f"/desk/cases/{case.id}").content.decode()


def test_a_unit_without_the_power_sees_no_full_number(desk, world):
    case = world.to_sign(world.open(contact_name="王桂兰", contact_phone="13800002671"))
    client = desk.of("马东")
    allowed = people.actor_for(world.people["马东"]).may("personal.reveal")
    response = client.post(f"/desk/cases/{case.id}/reveal", {"purpose": "打电话约上门时间"})
    assert (response.status_code == 200) is allowed
    assert ("13800002671" in response.content.decode()) is allowed
    assert Case.objects.get(pk=case.id).event_seq == case.event_seq


def test_a_dispatch_can_be_taken_back_by_whoever_may_sort_again(desk, world):
    case = world.open()
    world.do(case, "pass_up", "赵兰", reason="不归社区管")
    client = desk.of("周敏")
    form = hidden(sheet(client, case, "dispatch", item=2)) | {
        "sort": "big",
        "unit": world.seats["water"],
        "_back": "/desk/",
    }
    client.post(f"/desk/cases/{case.id}/do/dispatch", form)
    html = client.get("/desk/").content.decode()
    undo = re.search(r'<a href="(/desk/cases/\d+/do/resort\?item=\d+)"[^>]*data-key="z"', html)
    assert undo
    taken = hidden(client.get(undo[1]).content.decode()) | {"reason": "派错了"}
    assert client.post(f"/desk/cases/{case.id}/do/resort", taken).status_code == 302
    case.refresh_from_db()
    assert case.stage == "triage_street"


def test_what_was_chosen_and_the_day_that_was_named_stand_in_the_story(desk, world):
    case = world.to_sign(world.open())
    unit, clerk = desk.of("马东"), desk.of("赵兰")
    for action, item, typed in (
        ("accept", 2, {}),
        ("park", 3, {"reason": "等上级批资金。", "next_date": (clock.today() + timedelta(days=40)).isoformat()}),
    ):
        form = hidden(sheet(unit, case, action, item=item)) | typed
        assert unit.post(f"/desk/cases/{case.id}/do/{action}", form).status_code == 302
    html = clerk.get(f"/desk/cases/{case.id}").content.decode()
    day = words.full_date(clock.now() + timedelta(days=40), clock.now())
    assert f"哪天再告诉居民：{day}" in html and "“等上级批资金。”" in html


def test_another_methods_action_of_the_same_name_is_called_what_that_method_calls_it(desk, world):
    case = world.open("修好村口的灯。", workflow="meeting_task", by="周敏", handler=world.seats["city"], channel="case")
    world.do(case, "finish", "马东", result="修好了。")
    html = desk.of("周敏").get(f"/desk/cases/{case.id}").content.decode()
    assert "：办好了。" in html and "请人核查" not in html and "“修好了。”" in html
    assert "登记的话" in html and "居民原话" not in html
    assert "居民原话" in desk.of("周敏").get(f"/desk/cases/{world.open().id}").content.decode()


def test_what_a_methods_own_people_set_is_not_said_to_be_the_residents(desk, world):
    asked = world.to_closed(world.open())
    task = world.open("周五前把路灯线路查一遍。", workflow="meeting_task", by="赵兰", handler=world.seats["city"])
    world.do(task, "finish", "马东", result="查过了")
    world.do(task, "pass", "赵兰")
    pages = [desk.of("赵兰").get(f"/desk/cases/{case.id}").content.decode() for case in (asked, task)]
    assert ["，居民说：解决了" in page for page in pages] == [True, False]
    assert all("已结案" in page for page in pages)
