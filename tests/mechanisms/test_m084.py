"""M084 党员大会提问整治道路排水: a resolution becomes a tracked item that says which resolution it came of."""

from __future__ import annotations

from datetime import date

import pytest

from gezhi.engines.matching import minutes
from gezhi.flows.meetings import doors
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import meeting_hall, page

pytestmark = [
    mechanism("M084", file="packs/yueshi-village/activities/members_meeting.yaml"),
    mechanism("M084", file="packs/yueshi-village/workflows/drainage.yaml"),
]
WORDS = "整治村东排水沟"


def test_a_resolution_is_carried_out_by_a_seat_by_a_day_and_its_case_names_it(county, at_ten):
    hall = meeting_hall(county, at_ten, "yueshi-village")
    world, secretary = hall.world, hall.world.actor("赵兰")
    meeting = hall.plan("members_meeting", when="2026-11-20 09:00", roles={"host": "赵兰", "recorder": "秦英"})
    plain = minutes.note(meeting.pk, "decision", "通过上月纪要", actor=secretary)
    with pytest.raises(Invalid):
        minutes.note(meeting.pk, "decision", WORDS, actor=secretary, seat_id=world.seats["grid"])
    line = minutes.note(
        meeting.pk, "decision", WORDS, actor=secretary, seat_id=world.seats["grid"], due_on=date(2026, 12, 31)
    )
    hall.held(meeting, heads=20)
    with pytest.raises(Conflict):  # a resolution nobody carries out keeps the meeting open
        minutes.close(meeting.pk, {"summary": "已开。"}, actor=secretary)
    _item, case = doors.assign(meeting.pk, line.number, actor=secretary)
    with pytest.raises(Conflict):
        doors.assign(meeting.pk, plain.number, actor=secretary)
    session, item, words = doors.source(case)
    assert (session.pk, item.number, item.case_id, words) == (meeting.pk, line.number, case.pk, WORDS)
    assert (case.workflow, case.handler_seat) == ("drainage", world.seats["grid"])
    assert f"记录第 {line.number} 条" in page(hall, "赵兰", f"/desk/cases/{case.pk}")
    minutes.close(meeting.pk, {"summary": "已开。"}, actor=secretary)


def test_it_is_tracked_to_the_end_within_the_money_it_found(county, at_ten):
    hall = meeting_hall(county, at_ten, "yueshi-village")
    world, secretary = hall.world, hall.world.actor("赵兰")
    meeting = hall.plan("members_meeting", when="2026-11-20 09:00")
    given = {"seat_id": world.seats["grid"], "due_on": date(2026, 12, 31)}
    line = minutes.note(meeting.pk, "decision", WORDS, actor=secretary, **given)
    hall.held(meeting, heads=20)
    _item, case = doors.assign(meeting.pk, line.number, actor=secretary)
    world.do(case, "ready", "秦英", committed=5000, sources="村集体")
    world.do(case, "pay", "秦英", amount=4200, for_what="水泥管")
    with pytest.raises(Invalid) as refused:
        world.do(case, "pay", "秦英", amount="800.01", for_what="人工")
    assert list(refused.value.field_errors) == ["amount"]
    world.do(case, "done", "秦英", result="换了三十米管。")
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "right", "秦英", seen="通了。")
    assert world.do(case, "right", "赵兰", seen="通了。").outcome == "done"
