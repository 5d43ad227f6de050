"""M091 幸福院: who came and who ate, day by day; activities that are due twice a week show when they are missed."""

from __future__ import annotations

from datetime import date, timedelta

from gezhi.engines.duties import actions, closing, findings
from gezhi.engines.duties.schema import rule
from gezhi.engines.matching import cadence
from tests.mechanisms import mechanism
from tests.mechanisms.duties import enter, owed, person, publish, standing
from tests.mechanisms.meetings import at, meeting_hall, page

pytestmark = mechanism("M091", file="packs/dongzhangwang-village/duties/home-day.yaml")


def test_attendance_and_meals_of_each_day_come_from_one_record_an_elder(county, at_ten):
    world = county("dongzhangwang-village")
    publish()
    elders = [person(world, f"老{c}") for c in "甲乙丙"]
    for who in elders:
        enter("happy_home", who, lunch=True)
    known, lake = rule("home-day"), ("village", world.places["lake"])
    told = {
        "2026-11-18": [{"came": True, "meal": "ate"}, {"came": True, "meal": "home"}, {"came": False}],
        "2026-11-19": [{"came": True, "meal": "ate"}, {"came": True, "meal": "ate"}],
    }
    for day, answers in told.items():
        assert {o.subject_id for o in owed(world, "赵兰", "home-day") if o.state == "open"} == {e.pk for e in elders}
        for who, data in zip(elders, answers, strict=False):
            actions.fulfil("home-day", who.pk, day, data, actor=world.actor("赵兰"))
        at_ten.shift(timedelta(days=1))
        closing.close_windows()
    days = [findings.tally(known, known.named(day), lake) for day in told]
    assert days == [
        {"came": {"true": 2, "false": 1}, "meal": {"ate": 1, "home": 1}},
        {"came": {"true": 2}, "meal": {"ate": 2}},
    ]
    second = standing("home-day", date(2026, 11, 19))
    assert (second.due, second.done, second.missed) == (3, 2, 1)
    assert [o.state for o in owed(world, "赵兰", "home-day") if o.subject_id == elders[2].pk] == ["missed", "open"]


def test_two_activities_a_week_are_due_and_a_week_with_one_is_short(county, at_ten):
    hall = meeting_hall(county, at_ten, "dongzhangwang-village")
    for when, theme in (("2026-11-23 09:00", "opera"), ("2026-11-25 15:00", "chess"), ("2026-11-30 09:00", "film")):
        row = hall.plan("home_activity", when=when, theme=theme)
        hall.closed(row, heads=12)
    hall.until(at("2026-12-08 10:00"))
    weeks = cadence.due("home_activity", date(2026, 11, 23), date(2026, 12, 6), place=hall.world.places["lake"])
    assert [(w.state, w.done, w.times) for w in weeks] == [("done", 2, 2), ("missed", 1, 2)]
    assert "缺了" in page(hall, "赵兰", "/desk/activities/due?activity=home_activity")
