"""M162 专题培训: what was planned against what was done, with the slip of its date."""

from __future__ import annotations

from gezhi.engines.matching import planning, queries
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import HOUR, at, meeting_hall

pytestmark = mechanism("M162", file="packs/zhongzhan-district/activities/planned_class.yaml")


def test_plan_and_done_side_by_side_with_the_days_it_slipped(county, at_ten):
    hall = meeting_hall(county, at_ten, "zhongzhan-district")
    world = hall.world
    committee = actions.open_organisation(
        "star_district", "区委", kind="star_committee", place_id=world.places["county"], actor=SETUP
    )
    seat = actions.open_seat("star_district", world.places["county"], actor=SETUP, organisation_id=committee)
    actions.appoint(seat, world.person("区委的人"), actor=SETUP)
    own = {"by": "区委的人", "place": "county", "roles": {"teacher": "讲师"}}
    kept = hall.plan("planned_class", when="2026-11-25 09:00", title="党建专题", **own)
    slipped = hall.plan("planned_class", when="2026-11-26 09:00", title="产业专题", **own)
    dropped = hall.plan("planned_class", when="2026-11-27 09:00", title="法治专题", **own)
    actor = world.actor("区委的人")
    later = at("2026-12-04 09:00")
    planning.move(slipped.pk, later, later + 2 * HOUR, actor=actor)
    planning.move(slipped.pk, later + 24 * HOUR, later + 26 * HOUR, actor=actor)
    planning.cancel(dropped.pk, actor=actor, reason="讲师有急事")
    hall.closed(kept, by="区委的人", heads=60)
    slipped.refresh_from_db()
    hall.closed(slipped, by="区委的人", heads=58)
    found = queries.slips("planned_class", at("2026-11-01 00:00"), at("2026-12-01 00:00"))
    assert [(s.row.title, s.done, s.days) for s in found] == [
        ("党建专题", True, 0),
        ("产业专题", True, 9),
        ("法治专题", False, None),
    ]
    # By when it was first planned: of November's plan two were held, none of them is December's.
    assert queries.slips("planned_class", at("2026-12-01 00:00"), at("2027-01-01 00:00")) == []
