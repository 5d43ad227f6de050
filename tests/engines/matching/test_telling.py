"""Who is told what: colleagues by a line, guests by a text message, nobody who may not see it."""

from __future__ import annotations

import pytest

from gezhi.engines.matching import planning, signing, telling
from gezhi.foundation import notices, people
from gezhi.foundation.notices import choosing
from gezhi.foundation.notices.models import Delivery, Notice
from tests.engines.matching.conftest import HOUR
from tests.interfaces.desk.conftest import Desk


@pytest.fixture
def sms(hall):
    """A way out for text messages; nothing is sent in these tests."""
    hall.world.seat("admin", "county", "卢一舟")
    given = {
        "channel": "sms",
        "title": "短信",
        "url": "https://sms.example/send",
        "secret": "S",
        "templates": "*=SMS_1",
    }
    return choosing.set_gateway(None, given, actor=hall.world.actor("卢一舟"))


def lines(hall, name: str) -> list[str]:
    return [line.text for line in notices.inbox(hall.world.actor(name))[0]]


def test_colleagues_are_told_that_they_are_expected_moved_and_cancelled(hall):
    secretary = hall.world.actor("赵兰")
    row = hall.plan("routine_meeting", title="消防例会", room="二楼")
    signing.sign_up(row.pk, hall.world.people["秦英"], actor=secretary)
    planning.move(row.pk, row.starts + 24 * HOUR, row.ends + 24 * HOUR, actor=secretary)
    planning.cancel(row.pk, actor=secretary, reason="改天再开")
    found = lines(hall, "秦英")
    assert [
        "取消" in found[0],
        "改到11月21日19:00" in found[1],
        "请您参加“消防例会”：11月20日19:00，二楼" in found[2],
    ] == [True] * 3
    assert lines(hall, "李禾") == []
    notice = Notice.objects.filter(person=hall.world.people["秦英"]).first()
    answer = Desk(hall.world).of("秦英").get(f"/desk/notices/{notice.pk}")
    assert answer.headers["Location"] == f"/desk/activities/{row.pk}"


def test_what_is_kept_to_posts_is_told_to_nobody_else(hall):
    party = hall.plan("party_day", theme="学习")
    stream, people_ = f"session:{party.pk}", hall.world.people
    asked = {(stream, people_[name]) for name in ("赵兰", "秦英", "钱立", "周敏")} | {(stream, None)}
    assert telling.may_know(asked) == {(stream, people_["赵兰"])}
    meeting = hall.plan("evening_school")
    assert (f"session:{meeting.pk}", None) in telling.may_know({(f"session:{meeting.pk}", None)})


def test_a_guest_who_comes_up_is_told_by_text_message_once(hall, sms):
    row = hall.plan(seats=1)
    first, second = hall.guest(row, 1), hall.guest(row, 2)
    assert not Delivery.objects.exists()  # signing up is answered on the page
    signing.withdraw(row.pk, first.number, actor=people.resident(), code=first.code)
    told = Delivery.objects.get()
    assert (told.code, told.contact_ref, told.template) == (second.code, second.contact_ref, "activity_place")
    planning.cancel(row.pk, actor=hall.world.actor("赵兰"), reason="停电")
    assert Delivery.objects.filter(template="activity_cancelled").values_list("code", flat=True).get() == second.code
