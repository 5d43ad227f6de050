"""M104 医务室进幸福院·健康讲座: hours on the portal, lectures met or missed, persons apart from person-times, readings by the doctor alone."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from gezhi.engines.matching import cadence
from gezhi.flows import visits
from gezhi.foundation.errors import NotAllowed
from gezhi.foundation.measures import Cut, measure
from tests.mechanisms import mechanism
from tests.mechanisms.duties import enter, owed, person, publish
from tests.mechanisms.meetings import at, meeting_hall, page, refused
from tests.numbers import says

pytestmark = mechanism("M104", file="packs/nanfan-village/activities/clinic_hours.yaml")


def test_clinic_hours_stand_on_the_portal_every_tuesday_and_a_week_without_one_shows(county, at_ten):
    hall = meeting_hall(county, at_ten, "nanfan-village")
    hall.world.seat("village_doctor", "lake", "韩竹")
    with refused("session.invalid"):
        hall.plan("clinic_hours", when="2026-11-25 08:30", by="韩竹", roles={"host": "村医"})  # a Wednesday
    row = hall.plan("clinic_hours", when="2026-11-24 08:30", by="韩竹", roles={"host": "村医"})
    shown = Client().get(f"/activities?place={hall.world.places['lake']}").content.decode()
    assert "幸福院医务室坐诊" in shown and "8:30" in shown
    hall.guest(row, 1)
    hall.closed(row, "韩竹")
    hall.until(at("2026-12-08 10:00"))
    weeks = cadence.due("clinic_hours", date(2026, 11, 23), date(2026, 12, 6), place=hall.world.places["lake"])
    assert [w.state for w in weeks] == ["done", "missed"]


def test_lectures_are_met_or_missed_and_persons_are_not_person_times(county, at_ten):
    hall = meeting_hall(county, at_ten, "nanfan-village")
    first = hall.plan("health_lecture", when="2026-11-20 09:00", roles={"speaker": "镇卫生院"})
    second = hall.plan("health_lecture", when="2026-11-27 09:00", roles={"speaker": "镇卫生院"})
    for row, who in ((first, (1, 2, 3)), (second, (2, 3))):
        for n in who:
            hall.guest(row, n)
    hall.closed(first, heads=10)
    hall.closed(second)
    hall.until(at("2027-01-02 10:00"))
    months = cadence.due("health_lecture", date(2026, 11, 1), date(2026, 12, 31), place=hall.world.places["lake"])
    assert [m.state for m in months] == ["done", "missed"]
    assert "缺了" in page(hall, "赵兰", "/desk/activities/due?activity=health_lecture")
    cut = Cut(at("2026-11-01 00:00"), at("2027-01-01 00:00"), at("2027-01-01 00:00"))
    told = measure(["person_times", "heads"], period=cut) | measure(["persons", "named_times"], period=cut)
    assert {k: f.value for k, f in told.items()} == {"person_times": 15, "heads": 10, "persons": 3, "named_times": 5}


def test_readings_are_the_doctors_alone_and_a_high_one_is_followed_up(county, at_ten):
    world = county("nanfan-village")
    world.seat("village_doctor", "lake", "韩竹")
    publish()
    elder = person(world, "秦老")
    enter("home_elder", elder, brought=False)
    (line,) = owed(world, "韩竹", "home-reading")
    assert line.period == "2026-11" and owed(world, "赵兰", "home-reading") == []
    reading = {"systolic": 171, "diastolic": 88}
    for name in ("赵兰", "秦英"):
        with pytest.raises(NotAllowed):
            visits.visit("home-reading", elder.pk, "2026-11", reading, actor=world.actor(name))
    made = visits.visit("home-reading", elder.pk, "2026-11", reading, actor=world.actor("韩竹"))
    assert made.case is not None and not says(made.done.findings, "171")
