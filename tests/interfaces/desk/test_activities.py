"""Meetings and activities on the desk, at the resident's and in the field: through forms, as people do it."""

from __future__ import annotations

import re

import pytest
import time_machine
from django.test import Client

from gezhi.engines.matching import signing
from gezhi.engines.matching.models import Booking, Session
from gezhi.foundation import exports, people, places
from gezhi.foundation.db import count_queries
from gezhi.interfaces.api import limits
from tests.engines.matching.conftest import Hall
from tests.interfaces.desk.conftest import Desk
from tests.world import World

FORM = {
    "activity": "evening_school",
    "day": "2026-11-20",
    "from": "19:00",
    "to": "20:30",
    "room": "二楼",
    "role_teacher": "王老师",
}


@pytest.fixture
def hall(db):
    limits.buckets.clear()
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as traveller:
        yield Hall(World(), traveller)


@pytest.fixture
def secretary(hall):
    return Desk(hall.world).of("赵兰")


def text(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, answer.status_code
    return answer.content.decode()


def test_planned_by_a_form_signed_up_by_phone_marked_on_the_sheet_and_closed(hall, secretary):
    sent = FORM | {"place": hall.world.places["lake"], "seats": "2", "key": "form-0001"}
    first = secretary.post("/desk/activities/new", sent)
    assert first.status_code == 302 and secretary.post("/desk/activities/new", sent).status_code == 302
    row = Session.objects.get()  # sent twice, planned once
    url = f"/desk/activities/{row.pk}"
    phone = Client()
    assert "王老师" in text(phone, f"/activities/{row.pk}") and row.title in text(phone, "/activities")
    codes = []
    for n, name in enumerate(("甲一", "乙二", "丙三")):
        answer = phone.post(f"/activities/{row.pk}", {"name": name, "phone": f"1391234567{n}"})
        assert answer.status_code == 303
        codes.append(answer.headers["Location"].rpartition("/")[2])
    assert "候补第 1 位" in text(phone, f"/a/{codes[2]}") and "报上名了" in text(phone, f"/a/{codes[0]}")
    again = phone.post(f"/activities/{row.pk}", {"name": "甲一", "phone": "139 1234 5670"})
    assert again.status_code == 409 and "已经报过名了" in again.content.decode()
    assert phone.post(f"/a/{codes[0]}", {"do": "leave"}).status_code == 303
    assert "报上名了" in text(phone, f"/a/{codes[2]}")
    page = text(secretary, url)
    assert "乙○" in page and "乙二" not in page and "13912345671" not in page
    hall.until(row.ends)
    secretary = Desk(hall.world).of("赵兰")  # the session of the day before has ended
    marks = {f"mark-{b.number}": "attended" for b in Booking.objects.filter(state="booked")}
    assert (
        secretary.post(f"{url}/do/attend", marks | {"heads": "5", "more": "路人甲 13800000000\n丁四"}).status_code
        == 302
    )
    row.refresh_from_db()
    assert (row.attended, row.heads, row.person_times, row.state) == (4, 5, 9, "held")
    assert phone.post(f"/a/{codes[1]}", {"do": "say", "rating": "5", "words": "好"}).status_code == 303
    assert secretary.post(f"{url}/do/close", {"seq": "1"}).status_code == 409  # a stale page
    assert secretary.post(f"{url}/do/close", {}).status_code == 302
    assert "1 人评，平均 5.0 分" in text(secretary, url)


def test_what_was_wrong_is_said_at_its_field_and_what_was_typed_stays(hall, secretary):
    wrong = secretary.post(
        "/desk/activities/new", FORM | {"place": hall.world.places["lake"], "day": "下周", "title": "夜校第一课"}
    )
    assert wrong.status_code == 422 and "日期写作" in wrong.content.decode() and "夜校第一课" in wrong.content.decode()
    row = hall.plan()
    answer = Client().post(f"/activities/{row.pk}", {"name": "甲", "phone": "12"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "这个电话不对" in page and 'value="12"' in page
    assert not Booking.objects.exists()


def test_inside_is_nowhere_for_residents_and_only_for_its_posts_inside(hall, secretary):
    party = hall.plan("party_day", theme="学习", title="十一月主题党日")
    public = hall.plan()
    listed = text(Client(), "/activities")
    assert public.title in listed and party.title not in listed
    assert Client().get(f"/activities/{party.pk}").status_code == 404
    assert Client().post(f"/activities/{party.pk}", {"name": "甲", "phone": "13912345678"}).status_code == 404
    for url in (
        "/desk/activities?month=2026-11",
        "/desk/activities/figures",
        "/desk/activities/due?activity=party_day",
    ):
        assert party.title not in text(Desk(hall.world).of("秦英"), url)
    assert party.title in text(secretary, "/desk/activities?month=2026-11")
    hall.held(party, heads=9)
    secretary = Desk(hall.world).of("赵兰")
    assert ">9<" not in text(Desk(hall.world).of("秦英"), "/desk/activities/figures?activity=party_day")
    assert ">9<" in text(secretary, "/desk/activities/figures?activity=party_day")


def test_work_is_given_first_to_the_place_then_to_its_grids_in_the_order_of_their_numbers(hall):
    world = hall.world
    setup, lake = people.system("setup"), world.places["lake"]
    for name in ("10 号网格", "2 号网格"):
        grid = places.open_place("grid1", name, actor=setup, parent=lake)
        people.actions.open_seats([people.actions.NewSeat("grid_worker", grid)], actor=setup)
    row = hall.plan("branch_meeting", title="四季度支部会")
    page = text(Desk(world).of("赵兰"), f"/desk/activities/{row.pk}")
    chooser = page.partition('id="n-seat"')[2].partition("</select>")[0]
    offered = re.findall(r'<option value="\d+"[^>]*>([^<]+)</option>', chooser)
    seats = people.directory().seats.values()
    own = {s.label for s in seats if s.place_id == lake}
    assert own and set(offered[: len(own)]) == own
    second, tenth = (next(n for n, said in enumerate(offered) if grid in said) for grid in ("2 号网格", "10 号网格"))
    above = [
        offered.index(s.label) for s in seats if s.place_id in places.directory().ancestors(lake) and s.label in offered
    ]
    assert second < tenth < min(above)


def test_numbers_open_and_cost_the_same_for_few_and_many(hall, secretary):
    def build(count: int) -> None:
        for n in range(count):
            row = hall.plan(
                "lecture", theme="law", when=f"2026-11-{19 + n % 9} {8 + n % 3 * 3:02d}:00", roles={"speaker": "甲"}
            )
            hall.guest(row, 10 * count + n)

    costs = []
    text(secretary, "/desk/activities?month=2026-11")  # what is read once for the whole process
    for count in (2, 8):
        build(count)
        with count_queries() as q:
            text(secretary, "/desk/activities?month=2026-11")
        costs.append(q.total)
    assert costs[0] == costs[1] <= 16
    for row in Session.objects.order_by("starts")[:3]:
        hall.held(row, heads=1)
    secretary = Desk(hall.world).of("赵兰")
    page = text(secretary, "/desk/activities/figures?period=2026-11")
    links = re.findall(r'href="(/desk/activities/rows\?[^"]+)"', page)
    assert len(links) > 5
    assert text(secretary, links[0].replace("&amp;", "&")).count("data-row") == 3
    # A number of one room does not open on the page of another.
    query = links[0].replace("&amp;", "&").partition("?")[2]
    assert text(secretary, f"/desk/cases?{query}", 422)
    assert text(secretary, f"/desk/activities/rows?{query.replace('measure=sessions', 'measure=reported')}", 404)


def test_a_guests_phone_is_shown_for_a_purpose_and_the_look_is_logged(hall, secretary):
    row = hall.plan()
    booking = hall.guest(row, 7)
    url = f"/desk/activities/{row.pk}/contact/{booking.number}"
    assert "13800000007" not in text(secretary, url)
    assert secretary.post(url, {"purpose": ""}).status_code == 422
    assert "13800000007" in secretary.post(url, {"purpose": "改期要打电话告诉"}).content.decode()
    assert [r.purpose for r in people.reveals(f"session:{row.pk}")] == ["改期要打电话告诉"]
    assert Desk(hall.world).of("周敏").get(url).status_code == 404  # sees the session, does not convene it


def test_the_sheet_to_sign_is_masked_and_logged_and_the_poster_leads_to_the_sign_up(hall, secretary):
    row = hall.plan()
    hall.guest(row, 3)
    sheet = secretary.post(f"/desk/activities/{row.pk}/sheet").content.decode()
    assert "甲○" in sheet and "13800000003" not in sheet and "签字" in sheet
    assert [e.what for e in exports.recent()] == ["签到表"]
    assert "<svg" in text(secretary, f"/desk/activities/{row.pk}/poster")


def test_moving_tells_who_cannot_come_and_cancelling_shows_to_those_who_signed_up(hall, secretary):
    row, fixed = hall.plan(), hall.plan("lecture", theme="law", when="2026-11-21 19:00")
    one, two = hall.guest(row, 1), hall.guest(row, 2)
    hall.guest(fixed, 1)
    sent = {"day": "2026-11-21", "from": "19:30", "to": "21:00", "room": "三楼"}
    moved = secretary.post(f"/desk/activities/{row.pk}/do/move", sent, follow=True)
    assert "退出了，请告诉他们" in moved.content.decode()
    assert "退出了" in text(Client(), f"/a/{one.code}") and "三楼" in text(Client(), f"/a/{two.code}")
    assert secretary.post(f"/desk/activities/{row.pk}/do/cancel", {"reason": "停电"}).status_code == 302
    assert "这场取消了" in text(Client(), f"/a/{two.code}")
    assert Client().get("/a/ABCDEFGHJK").status_code == 404


def test_my_meetings_on_the_phone(hall, settings):
    row = hall.plan("routine_meeting", title="消防例会")
    signing.sign_up(row.pk, hall.world.people["秦英"], actor=hall.world.actor("赵兰"))
    field = Desk(hall.world).of("秦英")
    assert "消防例会" in text(field, "/field/meetings") and "我的会" in text(field, "/field/")
    assert "我召集的" in text(Desk(hall.world).of("赵兰"), "/field/meetings")
    assert "没有要去的会" in text(Desk(hall.world).of("李禾"), "/field/meetings")
    party = hall.plan("party_day", theme="学习", title="党日", when="2026-11-21 19:00")
    assert "党日" in text(Desk(hall.world).of("赵兰"), "/field/meetings") and party.inside
