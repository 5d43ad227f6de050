"""M114 主题党日必有安全警示教育: a party-day record without the safety item cannot close."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import cadence, minutes
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, refused

pytestmark = mechanism("M114", file="packs/qinnan-transport/activities/drivers_party_day.yaml")


def test_without_the_safety_item_it_does_not_close_and_does_not_count(county, at_ten):
    hall = meeting_hall(county, at_ten, "qinnan-transport")
    seat = hall.world.seat("fleet_lead", "east", "车队长")
    lead = hall.world.actor("车队长")
    row = hall.plan("drivers_party_day", when="2026-11-20 19:00", place="east", by="车队长", unit=f"seat:{seat}")
    hall.held(row, by="车队长", heads=12)
    data = {"cases": "前方团雾追尾，雨雪减速。"}
    with refused("session.unfinished") as wrong:
        minutes.close(row.pk, data, actor=lead)
    assert "安全警示教育" in str(wrong.value.why)
    url = f"/desk/activities/{row.pk}/do/close"
    answer = Desk(hall.world).of("车队长").post(url, data)
    assert answer.status_code == 409 and "安全警示教育" in answer.content.decode()
    assert [d.state for d in cadence.due("drivers_party_day", date(2026, 11, 1), date(2026, 11, 30))] == ["open"]
    at_ten.move_to(at("2026-12-01 08:00"))
    assert [d.state for d in cadence.due("drivers_party_day", date(2026, 11, 1), date(2026, 11, 30))] == ["missed"]
    assert Desk(hall.world).of("车队长").post(url, data | {"done": "safety"}).status_code == 302
    assert [d.state for d in cadence.due("drivers_party_day", date(2026, 11, 1), date(2026, 11, 30))] == ["done"]
    # Inside: no resident sees it, on no page.
    assert Desk(hall.world).of("秦英").get(f"/desk/activities/{row.pk}").status_code == 404
