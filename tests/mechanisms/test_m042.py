"""M042 远教站点: each station's cadence is tracked; a dead one shows within one period."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import cadence
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, page

pytestmark = mechanism("M042", file="packs/yunhe-district/activities/station_class.yaml")


def test_a_station_that_fell_silent_shows_within_one_month(county, at_ten):
    hall = meeting_hall(county, at_ten, "yunhe-district")
    for when, theme in (("2026-11-19", "regular"), ("2026-11-26", "live"), ("2026-12-10", "regular")):
        hall.closed(hall.plan("station_class", when=f"{when} 19:00", theme=theme))
    hall.closed(hall.plan("station_class", when="2026-12-11 19:00", theme="live", place="hill", by="钱立"), by="钱立")
    at_ten.move_to(at("2027-01-01 09:00"))
    found = cadence.due("station_class", date(2026, 11, 1), date(2027, 1, 31))
    by_place = {
        name: [d.state for d in found if d.unit == f"place:{hall.world.places[name]}"]
        for name in ("lake", "hill", "ridge")
    }
    assert by_place == {
        "lake": ["done", "done", "open"], "hill": ["missed", "done", "open"], "ridge": ["missed", "missed", "open"],
    }  # fmt: skip
    shown = page(hall, "周敏", "/desk/activities/due?activity=station_class")
    assert "station_class" not in shown or "缺" in shown
