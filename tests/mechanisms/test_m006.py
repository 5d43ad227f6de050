"""M006 实地观摩: a group never exceeds the host's capacity; each visit yields a takeaway record tied to an item of the plan."""

from __future__ import annotations

from gezhi.engines.matching import queries, signing
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import meeting_hall, refused

pytestmark = mechanism("M006", file="packs/boai-county/activities/field_visit.yaml")


def test_never_more_than_the_host_takes_and_a_record_from_each_visitor(county, at_ten):
    hall = meeting_hall(county, at_ten, "boai-county")
    world = hall.world
    world.seat("town_secretary", "west", "镇书")
    town = world.actor("镇书")
    with refused("session.too_many"):
        hall.plan("field_visit", when="2026-11-20 09:00", place="west", by="镇书", seats=16)
    visit = hall.plan(
        "field_visit", when="2026-11-20 09:00", place="west", by="镇书", roles={"host": "甲村", "lead": "镇书"}
    )
    assert visit.seats == 15
    names = [f"员{n}" for n in range(17)]
    for name in names:
        signing.sign_up(visit.pk, world.person(name), actor=town)
    states = [b.state for b in visit.bookings.order_by("number")]
    assert (states.count("booked"), states.count("waiting")) == (15, 2)
    hall.held(visit, by="镇书")
    number = visit.bookings.get(person_id=world.people["员0"]).number
    with refused("session.invalid") as wrong:
        signing.take_away(visit.pk, number, {"lesson": "看了大棚。"}, actor=world.actor("员0"))
    assert "plan_item" in wrong.value.field_errors
    told = {"plan_item": "第 3 项：发展大棚", "lesson": "先签订单再建棚。"}
    signing.take_away(visit.pk, number, told, actor=world.actor("员0"))
    filed = queries.takeaways(visit)
    assert filed[world.people["员0"]] == told and sum(v is None for v in filed.values()) == 14
