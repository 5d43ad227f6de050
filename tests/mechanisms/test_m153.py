"""M153 书记项目: the secretary visits at least once a quarter, the organiser meets at least once a month; missed ones show."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import cadence
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall

pytestmark = mechanism("M153", file="packs/zhongzhan-district/activities/quarterly_visit.yaml")


def test_at_least_once_in_each_window_and_a_missed_one_shows(county, at_ten):
    hall = meeting_hall(county, at_ten, "zhongzhan-district")
    world = hall.world
    street = actions.open_organisation(
        "star_street", "东街党工委", kind="star_street_work", place_id=world.places["east"], actor=SETUP
    )
    seat = actions.open_seat("star_street", world.places["east"], actor=SETUP, organisation_id=street)
    actions.appoint(seat, world.person("工委书记"), actor=SETUP)
    own = {"by": "工委书记", "place": "east", "unit": f"seat:{seat}"}
    for when in ("2026-11-20 09:00", "2026-11-27 09:00"):  # twice in one month does not stand for the next
        hall.closed(hall.plan("secretary_project", when=when, **own), by="工委书记")
    hall.closed(
        hall.plan("quarterly_visit", when="2026-12-03 09:00", **own), by="工委书记", data={"findings": "冷链库缺电。"}
    )
    at_ten.move_to(at("2027-04-01 08:00"))

    def states(name: str) -> list[tuple[str, str, int]]:
        return [(d.slot.key, d.state, d.done) for d in cadence.due(name, date(2026, 10, 1), date(2027, 3, 31))]

    assert states("secretary_project") == [
        ("2026-11", "done", 2), ("2026-12", "missed", 0), ("2027-01", "missed", 0), ("2027-02", "missed", 0), ("2027-03", "missed", 0),
    ]  # fmt: skip
    assert states("quarterly_visit") == [("2026-Q4", "done", 1), ("2027-Q1", "missed", 0)]
