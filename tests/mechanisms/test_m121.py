"""M121 每月面对面: one an estate a month; each complaint raised gets an owner and a date."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import cadence, minutes
from gezhi.engines.matching.models import Item
from gezhi.engines.workflows.models import Case
from gezhi.flows.meetings import doors
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, refused

pytestmark = mechanism("M121", file="packs/mengzhou/activities/estate_meeting.yaml")


def test_one_an_estate_a_month_and_every_complaint_has_owner_and_date(county, at_ten):
    hall = meeting_hall(county, at_ten, "mengzhou")
    world, secretary = hall.world, hall.world.actor("赵兰")
    meeting = hall.plan("estate_meeting", when="2026-11-20 19:00", place="lake1", roles={"host": "赵兰"})
    complaints = [
        minutes.note(meeting.pk, "question", w, actor=secretary).number for w in ("电梯停了", "停车乱", "保洁不来")
    ]
    hall.held(meeting, heads=18)
    for day, number in enumerate(complaints):
        with refused("session.unfinished"):
            minutes.close(meeting.pk, {}, actor=secretary)
        with refused("session.invalid"):  # neither owner nor date
            doors.assign(meeting.pk, number, actor=secretary)
        doors.assign(meeting.pk, number, actor=secretary, seat_id=world.seats["grid"], due_on=date(2026, 11, 24 + day))
    minutes.close(meeting.pk, {}, actor=secretary)
    for item in Item.objects.filter(session=meeting):
        case = Case.objects.get(pk=item.case_id)
        assert (item.seat_id, case.handler_seat) == (world.seats["grid"], world.seats["grid"])
        assert case.due_at == at(f"{item.due_on} 00:00") + (at("2026-11-02 00:00") - at("2026-11-01 00:00"))
    at_ten.move_to(at("2026-12-01 08:00"))
    states = {d.unit: d.state for d in cadence.due("estate_meeting", date(2026, 11, 1), date(2026, 11, 30))}
    named = {name: states[f"place:{world.places[name]}"] for name in ("lake1", "lake2", "hill1")}
    assert named == {"lake1": "done", "lake2": "missed", "hill1": "missed"} and len(states) == 3
