"""今天要办: overdue first, one tap does the main thing, the finished sink to the bottom, nothing is lost overnight."""

from __future__ import annotations

import re
from datetime import timedelta

from gezhi.engines.workflows.models import WorkItem
from gezhi.foundation import people
from gezhi.foundation.db import count_queries
from tests.interfaces.portal.conftest import SCRIPT
from tests.mechanisms import mechanism


def lines(page: str) -> list[str]:
    """Titles of the open lines, in order."""
    return re.findall(r'<h3><a href="[^"]+">([^<]+)</a></h3>', page)


def button(page: str, case, action: str) -> dict[str, str]:
    """The hidden values of a line's main button."""
    form = re.search(rf'action="/field/case/{case.id}/do/{action}".*?</form>', page, re.S).group(0)
    return dict(re.findall(r'name="(_\w+)" value="([^"]*)"', form))


def test_a_stranger_is_sent_to_the_door_and_brought_back(world, client):
    assert client.get("/field/")["Location"] == "/signin?next=%2Ffield%2F"
    assert client.get("/field/report", headers=SCRIPT).status_code == 401


def test_overdue_comes_first_then_today_then_later(field, world, at_ten):
    old = world.to_verify(world.open("旧的一件，等核查。"))
    at_ten.shift(timedelta(days=2))
    world.to_verify(world.open("新的一件，等核查。"))
    page = field.page("秦英")
    assert lines(page) == ["旧的一件，等核查", "新的一件，等核查"]
    assert page.index("先办这 1 件") < page.index("旧的一件") < page.index("新的一件")
    assert world.main(old).due_at < world.main(old).opened_at + timedelta(days=2)
    assert "超时" in page


def test_an_empty_day_says_so(field):
    page = field.page("秦英")
    assert "今天的事办完了" in page
    assert lines(page) == []


def test_one_tap_does_the_main_thing_and_it_sinks_to_the_pile(field, world):
    case = world.to_verify(world.open())
    page = field.page("秦英")
    answer = field.of("秦英").post(f"/field/case/{case.id}/do/pass", button(page, case, "pass"))
    assert (answer.status_code, answer["Location"]) == (303, "/field/")
    case.refresh_from_db()
    assert case.stage == "follow_up"
    page = field.page("秦英")
    assert lines(page) == []
    assert "今天办完 1 件" in page


def test_a_second_tap_and_a_repeated_sending_do_it_once(field, world):
    case = world.to_verify(world.open())
    sent = button(field.page("秦英"), case, "pass")
    url = f"/field/case/{case.id}/do/pass"
    answers = [field.of("秦英").post(url, sent, headers=SCRIPT).status_code for _tap in range(3)]
    assert answers == [200, 200, 200]
    case.refresh_from_db()
    assert case.stage == "follow_up"
    assert WorkItem.objects.filter(case_id=case.id, stage="verify", state="done").count() == 1
    assert WorkItem.objects.filter(case_id=case.id, stage="follow_up").count() == 1


def test_a_step_that_needs_words_opens_its_form_instead(field, world):
    case = world.open("北门路面破了个坑。")
    world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    page = field.page("秦英")
    assert f'href="/field/case/{case.id}#do-finish"' in page
    assert f'action="/field/case/{case.id}/do/finish"' not in page


@mechanism("M066")
def test_yesterdays_unfinished_stay_until_done_or_handed_over(field, world, at_ten):
    case = world.to_verify(world.open())
    for _day in range(3):
        at_ten.shift(timedelta(days=1))
        field.sign_in_again()
        assert len(lines(field.page("秦英"))) == 1
    people.actions.appoint(world.seats["grid"], world.person("许小禾"), actor=people.system("setup"))
    people.actions.leave(world.people["秦英"], actor=people.system("setup"))
    assert len(lines(field.page("许小禾"))) == 1
    sent = button(field.page("许小禾"), case, "pass")
    field.of("许小禾").post(f"/field/case/{case.id}/do/pass", sent)
    assert lines(field.page("许小禾")) == []


@mechanism("M052")
def test_who_handled_it_neither_sees_it_to_verify_nor_may(field, world):
    case = world.open("北门路面破了个坑。")
    world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    world.do(case, "finish", "秦英", result="填平了。")
    assert lines(field.page("秦英")) == []
    answer = field.of("秦英").post(
        f"/field/case/{case.id}/do/pass", {"_key": "key-00000001", "_item": world.main(case).number}, headers=SCRIPT
    )
    assert answer.status_code == 403
    case.refresh_from_db()
    assert case.stage == "verify"


def test_the_drawer_offers_the_other_ways_only(field, world):
    case = world.to_verify(world.open())
    item = world.main(case).number
    drawer = field.of("秦英").get(f"/field/case/{case.id}/ways?item={item}", headers={"HX-Request": "true"})
    inside = drawer.content.decode()
    assert "没办好，返工" in inside
    assert "/do/pass" not in inside
    assert "<html" not in inside
    assert "<html" in field.page("秦英", f"/field/case/{case.id}/ways?item={item}")


def test_the_list_costs_the_same_for_one_line_and_for_ten(field, world):
    world.to_verify(world.open())
    field.page("秦英")
    with count_queries() as one:
        field.page("秦英")
    for number in range(9):
        world.to_verify(world.open(f"第 {number} 件。"))
    with count_queries() as ten:
        field.page("秦英")
    assert one.total == ten.total
    assert ten.total <= 14, ten.statements
