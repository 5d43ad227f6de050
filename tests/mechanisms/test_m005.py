"""M005 支部书记工作讲堂: each session has speaker, attendance and minutes; a cadence missed shows."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import cadence, minutes, planning
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, refused

pytestmark = mechanism("M005", file="packs/boai-county/activities/secretary_hall.yaml")


def test_speaker_attendance_minutes_and_a_missed_month(county, at_ten):
    hall = meeting_hall(county, at_ten, "boai-county")
    hall.world.seat("town_secretary", "west", "镇书")
    town = hall.world.actor("镇书")
    talk = hall.plan("secretary_hall", when="2026-11-20 19:30", place="west", by="镇书")
    assert [b.person_id for b in talk.bookings.all()] == [hall.world.people["钱立"]]
    hall.until(talk.ends)
    with refused("session.not_yet"):  # nobody was marked
        minutes.close(talk.pk, {"minutes": "述成绩。"}, actor=town)
    hall.held(talk, by="镇书")
    with refused("session.unfinished"):  # no speaker
        minutes.close(talk.pk, {"minutes": "述成绩。"}, actor=town)
    planning.change(talk.pk, actor=town, roles={"speaker": "钱立"})
    with refused("session.invalid"):  # no minutes
        minutes.close(talk.pk, {}, actor=town)
    minutes.close(talk.pk, {"minutes": "述成绩、谈思路、讲经验，大家议了合作社。"}, actor=town)
    at_ten.move_to(at("2027-01-02 08:00"))
    found = cadence.due("secretary_hall", date(2026, 11, 1), date(2026, 12, 31), place=hall.world.places["west"])
    assert [(d.slot.key, d.state) for d in found] == [("2026-11", "done"), ("2026-12", "missed")]
