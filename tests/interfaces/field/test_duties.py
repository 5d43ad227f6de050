"""今天要办 holds visits and cases in one list: one tap, taken back, a sentence that becomes a case, and a phone without signal."""

from __future__ import annotations

import re
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.test import Client

from gezhi.engines.duties import slips
from gezhi.engines.duties.models import Done
from gezhi.engines.duties.rhythms import Period
from gezhi.engines.duties.rules import planned
from gezhi.engines.duties.schema import rule
from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.foundation import calendar, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries, revisions
from gezhi.interfaces.field.duties import _turn
from tests.engines.duties.scene import SYSTEM, publish
from tests.interfaces.portal.conftest import SCRIPT


@pytest.fixture
def elder(world):
    """An elder of the first grid, whom 秦英 visits each week."""
    facts = {"name": "秦老", "born": "1944-03-05", "sex": "f"}
    who = subjects.add("person", facts, actor=SYSTEM, place_id=world.places["lake1"], synthetic=True)
    subjects.enter("lone_elder", who.pk, {"self_care": "able"}, actor=SYSTEM)
    publish()
    return who


def url(who, end=""):
    return f"/field/duty/elder-visit/{who.pk}/{rule('elder-visit').period(clock.now()).key}{end}"


def test_visits_and_cases_stand_in_one_list(field, world, elder):
    world.to_verify(world.open("井盖响，等核查。"))
    page = field.page("秦英")
    assert "秦○，82 岁" in page and "井盖响，等核查" in page and "正常" in page and "有事" in page
    assert "秦老" not in page  # masked
    assert "秦○" not in field.page("李禾")  # the next grid's worker


def test_one_tap_and_taken_back(field, elder):
    answer = field.of("秦英").post(url(elder), {"_key": "tap-00001"})
    assert (answer.status_code, answer["Location"]) == (303, "/field/")
    page = field.page("秦英")
    assert "秦○：记好了" in page and f'action="{url(elder, "/back")}"' in page
    assert "今天办完 1 件" in page and 'data-duty-at="elder-visit' not in page
    assert f'action="{url(elder, "/back")}"' not in field.page("秦英")  # the slip is shown once
    field.of("秦英").post(url(elder, "/back"))
    assert "秦○，82 岁" in field.page("秦英")


def test_a_sentence_becomes_a_case_with_place_and_person(field, world, elder):
    client = field.of("秦英")
    assert client.post(url(elder, "/trouble"), {"_key": "tap-00002"}).status_code == 422  # nothing was said
    answer = client.post(
        url(elder, "/trouble"), {"_key": "tap-00003", "words": "厨房水龙头漏水，怕滑倒。"}, headers=SCRIPT
    )
    assert answer.status_code == 200
    case, row = Case.objects.get(), Done.objects.get()
    assert (row.case_id, row.state, row.trouble, case.place_id) == (case.pk, "done", True, world.places["lake1"])
    again = client.post(
        url(elder, "/trouble"), {"_key": "tap-00003", "words": "厨房水龙头漏水，怕滑倒。"}, headers=SCRIPT
    )
    assert again.status_code == 200 and Case.objects.count() == 1  # the same sending twice
    assert client.post(url(elder, "/back")).status_code == 409  # a case hangs on it


def test_what_waited_in_the_phone_counts_from_when_it_was_made(field, elder, at_ten):
    made = url(elder)
    at_ten.shift(timedelta(days=6))  # Tuesday of the next week: the window closed on Sunday
    from gezhi.engines.duties import closing

    closing.close_windows()
    assert Done.objects.get(rule="elder-visit").state == "missed"
    field.sign_in_again()
    # The phone's clock is a year slow; how long it waited is right all the same.
    sent = {"_key": "tap-00004", "_at": "2025-11-19T02:00:00Z", "_sent": "2025-11-24T02:00:00Z"}
    assert field.of("秦英").post(made, sent, headers=SCRIPT).status_code == 200
    row = Done.objects.get(rule="elder-visit")
    assert (row.state, row.late) == ("done", False) and row.at == clock.now() - timedelta(days=5)


def test_others_cannot_open_or_record_it(field, elder):
    for name in ("李禾", "赵兰", "周敏"):
        assert field.of(name).get(url(elder)).status_code == 404
        assert field.of(name).post(url(elder), {"_key": "tap-00005"}).status_code == 404
    assert not Done.objects.exists()


def test_whoever_was_visited_can_see_it(field, elder):
    client = field.of("秦英")
    client.post(url(elder), {"_key": "tap-00007"})
    page = client.get(url(elder)).content.decode()
    assert "请对方扫一扫" in page
    code = slips.code_of(Done.objects.get().pk)
    said = Client().get(f"/v/{code}").content.decode()
    assert "独居老人走访" in said and "记的是一切正常" in said and "秦○" not in said
    assert Client().get(f"/v/{code[:-1]}0" if code[-1] != "0" else f"/v/{code[:-1]}1").status_code == 404
    client.post(url(elder, "/back"))
    assert Client().get(f"/v/{code}").status_code == 404


def test_the_tree_is_drawn_and_named(field, elder):
    page = field.page("秦英", "/field/tree")
    assert page.count('class="leaf bare"') == 1 and "还没有去过" in page
    assert re.search(r"<b>秦○，\d\d 岁</b>", page)  # of two neighbours with one surname
    field.of("秦英").post(url(elder), {"_key": "tap-00006"})
    page = field.page("秦英", "/field/tree")
    assert page.count('class="leaf green"') == 1 and "秦老" not in page
    assert "还没有分给您联系的人" in field.page("李禾", "/field/tree")


@pytest.mark.once("days are dealt out in Python; of the database it asks only which are holidays")
def test_a_year_long_window_does_not_stand_in_today_for_months(db):
    """It comes on its planned day, stays a week, folds with its last day said, and comes back in its last seven days."""
    period = Period("2026-H1", clock.midnight(date(2026, 1, 1)), clock.midnight(date(2026, 7, 1)))

    def turn(subject, day, window=None):
        window = window or period
        owed = SimpleNamespace(period=window.key, opens=window.opens, closes=window.closes, subject_id=subject)
        return _turn(owed, clock.midnight(day) + timedelta(hours=9))

    days = [period.first + timedelta(days=n) for n in range((period.last - period.first).days + 1)]
    for subject in (0, 40):
        at = planned(period, subject, calendar.is_workday)
        with revisions.scope():
            found = {day: turn(subject, day) for day in days}
        assert [d for d, t in found.items() if t == "today"] == sorted(
            {d for n in range(7) if (d := at + timedelta(days=n)) in found} | {period.last}
        )
        assert {found[d] for d in days[-8:-1]} <= {"week", "today"}
        assert sum(t == "later" for t in found.values()) >= len(days) - 22
    month = Period("2026-03", clock.midnight(date(2026, 3, 1)), clock.midnight(date(2026, 4, 1)))
    at = planned(month, 3, calendar.is_workday)  # a month's visit stays from its planned day until it is made
    assert {turn(3, date(2026, 3, n), month) for n in range(at.day, 32)} == {"today"}


def test_what_lies_folded_says_how_much_and_until_when(field, elder, world, at_ten):
    case = world.to_verify(world.open("旧的一件，等核查。"))
    due = world.main(case).due_at
    page = field.page("秦英")
    assert "七天里还有" in page or "今天" in page
    WorkItem.objects.filter(case_id=case.id, state="open").update(due_at=due + timedelta(days=30))
    page = field.page("秦英")
    when = clock.local(due + timedelta(days=30))
    assert f"还有 1 项，最早 {when.month} 月 {when.day} 日 到期" in page


def test_queries_do_not_grow_with_the_list(field, world, elder):
    field.page("秦英")
    with count_queries() as one:
        field.page("秦英")
    for number in range(8):
        facts = {"name": f"老{number}", "born": "1940-01-01", "sex": "m"}
        who = subjects.add("person", facts, actor=SYSTEM, place_id=world.places["lake1"], synthetic=True)
        subjects.enter("lone_elder", who.pk, {"self_care": "able"}, actor=SYSTEM)
    with count_queries() as nine:
        page = field.page("秦英")
    assert len(re.findall(r"data-duty-at", page)) == 9
    assert one.total == nine.total <= 20, nine.statements
