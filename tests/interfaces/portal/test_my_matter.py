"""My matter by its code: plain steps, saying solved or not, adding, who looked, and what stays closed."""

from __future__ import annotations

import re

import pytest

from gezhi.engines.workflows import rules
from gezhi.engines.workflows.models import WorkItem
from gezhi.engines.workflows.views import contact_text
from gezhi.foundation import people
from gezhi.foundation.db import count_queries
from gezhi.interfaces.api import limits
from tests.interfaces.portal.conftest import SCRIPT


def page(resident, case, query: str = "") -> str:
    answer = resident.client.get(f"/r/{rules.show_code(case.code)}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def controls(text: str, action: str) -> dict[str, str]:
    """The hidden values of the form that sends an action."""
    form = re.search(rf'action="[^"]*/{action}".*?</form>', text, re.S).group(0)
    return dict(re.findall(r'name="(_\w+)" value="([^"]*)"', form))


def say(resident, case, action: str, **data):
    sent = {**controls(page(resident, case), action), **data}
    return resident.client.post(f"/r/{case.code}/{action}", sent)


def test_the_five_plain_steps_are_there_and_the_present_one_is_lit(resident, world):
    case = world.to_handle(world.open())
    shown = page(resident, case)
    titles = ["收到", "有人管了", "正在办", "查过了", "请您说句话"]
    assert re.findall(r'<div class="line"><b>([^<]+)</b>', shown) == titles
    assert re.findall(r'<li class="(\w+)"><span class="mark', shown) == ["done", "done", "now", "ahead", "ahead"]
    assert "县城管局" in shown


def test_what_was_done_on_the_spot_is_not_said_under_receiving_it(resident, world):
    shown = page(resident, world.do(world.open(), "settle", "赵兰", result="当场拧紧了。"))
    said = re.findall(r'<div class="line"><b>([^<]+)</b>(.*?)</li>', shown, re.S)
    assert [title for title, rest in said if "当场拧紧了。" in rest] == ["正在办"]


def test_names_of_staff_are_masked(resident, world):
    shown = page(resident, world.to_follow_up(world.open()))
    assert "马东" not in shown
    assert "马○" in shown
    assert "换了灯和声控开关。" in shown


def test_staff_notes_stay_inside(resident, world):
    case = world.to_handle(world.open())
    case = world.do(case, "note", "马东", words="这户上次态度不好")
    assert "态度不好" not in page(resident, case)


def test_solved_closes_and_thanks(resident, world):
    case = world.to_follow_up(world.open())
    answer = say(resident, case, "solved", rating="very")
    assert answer.status_code == 303
    case.refresh_from_db()
    assert (case.state, case.solved, case.rating) == ("closed", "yes", "very")
    assert "谢谢您回话" in resident.client.get(answer["Location"]).content.decode()


def test_a_second_tap_on_solved_changes_nothing(resident, world):
    case = world.to_follow_up(world.open())
    sent = {**controls(page(resident, case), "solved"), "rating": "very"}
    first = resident.client.post(f"/r/{case.code}/solved", sent)
    case.refresh_from_db()
    seq = case.event_seq
    second = resident.client.post(f"/r/{case.code}/solved", sent)
    case.refresh_from_db()
    assert (first.status_code, second.status_code, case.event_seq) == (303, 303, seq)


def test_not_solved_asks_one_question_and_starts_again(resident, world):
    case = world.to_follow_up(world.open())
    refused = say(resident, case, "unsolved", why="")
    assert refused.status_code == 422
    assert "哪里还不行" in refused.content.decode()
    say(resident, case, "unsolved", why="只亮了一天，又灭了。")
    case.refresh_from_db()
    assert (case.state, case.reopenings, case.stage) == ("open", 1, "triage_street")


def test_after_closing_it_can_be_reopened_here(resident, world):
    case = world.to_closed(world.open())
    assert "没解决，重新办" in page(resident, case)
    say(resident, case, "reopen", why="又坏了。")
    case.refresh_from_db()
    assert case.state == "open"


def test_without_scripts_the_question_opens_as_a_page(resident, world):
    case = world.to_follow_up(world.open())
    assert '<dialog class="drawer" id="back" open' in page(resident, case, "?say=unsolved")


def test_a_stale_click_is_told_and_its_words_come_back(resident, world):
    case = world.to_follow_up(world.open())
    sent = {**controls(page(resident, case), "unsolved"), "why": "还是不亮"}
    world.do(case, "record", "赵兰", solved="yes", rating="very")
    answer = resident.client.post(f"/r/{case.code}/unsolved", sent)
    assert answer.status_code in (409, 422)
    assert "还是不亮" in answer.content.decode() or "刚刚变了" in answer.content.decode()


def test_adding_a_sentence_reaches_the_case(resident, world):
    case = world.open()
    answer = say(resident, case, "add", words="四楼的灯也不亮了。")
    assert answer.status_code == 303
    assert resident.client.get(answer["Location"]).status_code == 200


def test_a_resident_may_do_nothing_that_is_not_offered(resident, world):
    case = world.open()
    sent = controls(page(resident, case), "add")
    answer = resident.client.post(f"/r/{case.code}/dispatch", {**sent, "sort": "small"}, headers=SCRIPT)
    assert answer.status_code in (403, 404)
    case.refresh_from_db()
    assert case.stage == "triage"


def test_who_looked_at_my_number_is_listed_with_the_purpose(resident, world):
    case = world.open(contact_phone="13800000000", contact_name="王某兰")
    assert "还没有人看过全号" in page(resident, case)
    ref, _phone = contact_text(case, "phone")
    people.reveal(
        ref,
        actor=world.actor("赵兰"),
        purpose="约上门的时间",
        about=f"case:{case.id}",
        field="phone",
        path=world.path("lake1"),
    )
    shown = page(resident, case)
    assert "约上门的时间" in shown
    assert "湖滨社区" in shown


@pytest.mark.parametrize(
    "write", [str.lower, rules.show_code, lambda c: f" {c[:4]} {c[4:]} ", lambda c: c.replace("A", "Ａ")]
)
def test_a_code_is_found_however_it_is_written(resident, world, write):
    case = world.open()
    answer = resident.client.post("/find", {"code": write(case.code)})
    assert answer.status_code == 302
    assert answer["Location"] == f"/r/{rules.show_code(case.code)}"


def test_every_single_wrong_character_is_caught_before_the_database(resident, world):
    code = world.open().code
    for place, char in enumerate(code):
        wrong = code[:place] + ("2" if char != "2" else "3") + code[place + 1 :]
        answer = resident.client.post("/find", {"code": wrong})
        assert answer.status_code == 404
        assert "可能抄错了一个字" in answer.content.decode()
        assert wrong in answer.content.decode()


def test_guessing_codes_is_slow(resident, world, settings):
    settings.GEZHI_RATE_GUESSES = "3/m"
    limits.buckets.clear()
    answers = [resident.client.get(f"/r/{rules.new_code()}").status_code for _n in range(4)]
    assert answers == [404, 404, 404, 429]


def test_matters_of_this_phone_come_as_rows_and_forged_codes_are_left_out(resident, world):
    case = world.open()
    rows = resident.client.get(f"/mine?codes={case.code},AAAAAAAAAA,<b>").content.decode()
    assert rows.count('class="row"') == 1
    assert "<b>&lt;" not in rows


def test_the_receipt_prints_the_address_as_a_square_code(resident, world):
    case = world.open()
    shown = resident.client.get(f"/r/{case.code}/receipt").content.decode()
    assert 'class="only-print receipt-print"' in shown
    assert f"/r/{rules.show_code(case.code)}" in shown
    square = shown.split('class="qr">')[1]
    assert square.lstrip().startswith("<svg")
    assert "&lt;svg" not in shown


def test_the_page_has_a_query_budget_whatever_the_age(resident, world):
    young, old = world.open(), world.to_closed(world.open("另一件事。"))
    for case in (young, old):
        page(resident, case)
        with count_queries() as count:
            page(resident, case)
        assert count.total <= 10, count.statements


def test_what_was_not_accepted_says_so_and_claims_no_work(resident, world):
    case = world.open("要求法院改判。")
    world.do(case, "decline", "赵兰", ground="court", reason="民事诉讼法规定的诉讼事项。")
    side = WorkItem.objects.get(case_id=case.id, side=True)
    case = world.do(case, "decline_approve", "方晓", item=side.number, answer="请向法院申请再审，可到司法所问。")
    shown = page(resident, case)
    assert re.findall(r'<div class="line"><b>([^<]+)</b>', shown) == ["收到", "不予受理"]
    assert "<dd>不予受理</dd>" in shown and "办结了" not in shown and "没解决，重新办" not in shown
    assert "有异议，或者情况变了" in shown and "申请再审" in shown
