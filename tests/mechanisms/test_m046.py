"""M046 观摩交流月: attendance against the invited list; each visitor files one lesson."""

from __future__ import annotations

from gezhi.engines.matching import queries, signing
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, refused

pytestmark = mechanism("M046", file="packs/yunhe-district/activities/exchange_month.yaml")


def test_who_was_invited_who_came_and_one_lesson_from_each(county, at_ten):
    hall = meeting_hall(county, at_ten, "yunhe-district")
    world = hall.world
    world.seat("training_office", "county", "训练")
    world.seat("village_secretary", "ridge", "岭书")
    tour = hall.plan(
        "exchange_month", when="2026-11-20 09:00", place="county", by="训练", roles={"lead": "带队"}, hours=6
    )
    number = {b.person_id: b.number for b in tour.bookings.all()}
    assert set(number) == {world.people[n] for n in ("赵兰", "钱立", "岭书")}
    hall.held(tour, by="训练", marks={number[world.people["岭书"]]: "absent"})
    found = queries.coverage("exchange_month", at("2026-11-01 00:00"), at("2026-12-01 00:00"))
    assert found.absent == {world.people["岭书"]}
    assert queries.takeaways(tour) == {world.people["赵兰"]: None, world.people["钱立"]: None}
    url = f"/desk/activities/{tour.pk}/do/file"
    assert Desk(world).of("赵兰").post(url, {"lesson": ""}).status_code == 422
    assert Desk(world).of("赵兰").post(url, {"lesson": "合作社领着种大蒜，按股分红。"}).status_code == 302
    filed = queries.takeaways(tour)
    assert (
        filed[world.people["赵兰"]] == {"lesson": "合作社领着种大蒜，按股分红。"}
        and filed[world.people["钱立"]] is None
    )
    with refused("booking.not_there"):
        signing.take_away(tour.pk, number[world.people["岭书"]], {"lesson": "没去"}, actor=world.actor("岭书"))
    with refused("booking.not_found"):
        signing.take_away(tour.pk, number[world.people["钱立"]], {"lesson": "替他写"}, actor=world.actor("岭书"))
