"""M166 牵头单位全员培训: the list of secretaries each leading unit has trained, and who is still to come."""

from __future__ import annotations

from gezhi.engines.matching import queries
from gezhi.engines.matching.schema import activity
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall

pytestmark = mechanism("M166", file="packs/mengzhou/activities/lead_unit_training.yaml")


def test_the_coverage_list_of_each_of_the_five_units(county, at_ten):
    hall = meeting_hall(county, at_ten, "mengzhou")
    world = hall.world
    world.seat("village_secretary", "ridge", "岭书")
    secretaries = {world.people[name] for name in ("赵兰", "钱立", "岭书")}
    themes = [t["id"] for t in activity("lead_unit_training").themes["of"]]
    assert len(themes) == 5
    for day, theme in enumerate(themes):
        row = hall.plan(
            "lead_unit_training", when=f"2026-11-{20 + day} 09:00", place="county", by="于沐阳", theme=theme, roles={"teacher": "讲师"}
        )  # fmt: skip
        number = {b.person_id: b.number for b in row.bookings.all()}
        assert set(number) == secretaries
        hall.held(row, by="于沐阳", marks={number[world.people["岭书"]]: "absent"} if day < 4 else {})
    since, until = at("2026-11-01 00:00"), at("2026-12-01 00:00")
    lists = {theme: queries.coverage("lead_unit_training", since, until, theme=theme).absent for theme in themes}
    assert lists == {theme: {world.people["岭书"]} for theme in themes[:4]} | {themes[4]: frozenset()}
