"""M138 三躬: leaders' visits for opinion, facts and plans fall due; what they find becomes an item with an owner."""

from gezhi.engines.workflows.models import OPEN
from gezhi.flows import visits
from tests.mechanisms import mechanism
from tests.mechanisms.duties import owed, publish

pytestmark = mechanism("M138", file="packs/minzhu-street/duties/visit-opinion.yaml")
THREE = ["visit-facts", "visit-opinion", "visit-plans"]


def test_three_visits_a_month_and_findings_become_items(county, at_ten):
    world = county("minzhu-street")
    seat = world.seat("town_secretary", "east", "陆书记")
    publish()
    assert sorted(o.rule.name for o in owed(world, "陆书记")) == THREE
    made = visits.visit(
        "visit-opinion", seat, "2026-11", {"where": "湖滨社区", "found": "北门路灯不亮"}, actor=world.actor("陆书记")
    )
    assert made.case is not None and made.case.state == OPEN and made.case.owner_seat is not None
    assert made.case.opened_at and world.main(made.case).owner_seat
    quiet = visits.visit("visit-facts", seat, "2026-11", {"where": "湖滨社区"}, actor=world.actor("陆书记"))
    assert quiet.case is None
    assert [o.rule.name for o in owed(world, "陆书记")] == ["visit-plans"]
