"""M063 平安宣教: a cadence by topic, coverage by grid."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import cadence, queries
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, refused

pytestmark = mechanism("M063", file="packs/songxi/activities/safety_education.yaml")


def test_each_grid_each_quarter_and_which_grids_each_topic_reached(county, at_ten):
    hall = meeting_hall(county, at_ten, "songxi")
    grids = {name: hall.world.places[name] for name in ("lake1", "lake2", "hill1")}
    for day, (place, topic) in enumerate((("lake1", "fire"), ("lake1", "food"), ("lake2", "fire"))):
        hall.closed(hall.plan("safety_education", when=f"2026-11-{20 + day} 15:00", place=place, theme=topic), heads=20)
    since, until = at("2026-10-01 00:00"), at("2027-01-01 00:00")
    reached = {
        t: queries.covered_places("safety_education", "grid", since, until, theme=t)
        for t in ("fire", "food", "emergency")
    }
    assert reached == {"fire": {grids["lake1"], grids["lake2"]}, "food": {grids["lake1"]}, "emergency": set()}
    at_ten.move_to(at("2027-01-01 08:00"))
    found = {d.unit: d.state for d in cadence.due("safety_education", date(2026, 10, 1), date(2026, 12, 31))}
    assert {name: found[f"place:{id}"] for name, id in grids.items()} == {
        "lake1": "done",
        "lake2": "done",
        "hill1": "missed",
    }
    with refused("session.invalid"):
        hall.plan("safety_education", when="2027-01-05 15:00", place="lake1", theme="gossip")
