"""M023 暖心驿站: each declared facility has a due check; a failed check opens a request for repair."""

from gezhi.engines.workflows.models import OPEN
from gezhi.flows import visits
from gezhi.foundation import subjects
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, enter, owed, publish

pytestmark = mechanism("M023", file="packs/xinxing-community/duties/station-check.yaml")


def test_facilities_are_checked_and_a_failure_is_repaired(county, at_ten):
    world = county("xinxing-community")
    publish()
    lines = {}
    for facility in ("water", "charging"):
        asset = subjects.add(
            "asset", {"name": f"驿站{facility}"}, actor=SYSTEM, place_id=world.places["lake1"], synthetic=True
        )
        lines[facility] = enter("service_station", asset, facility=facility, works=True)
    assert {o.subject_id for o in owed(world, "秦英", "station-check")} == {e.subject_id for e in lines.values()}
    period = owed(world, "秦英", "station-check")[0].period
    good = visits.visit(
        "station-check", lines["water"].subject_id, period, {"works": "true"}, actor=world.actor("秦英")
    )
    bad = visits.visit(
        "station-check", lines["charging"].subject_id, period, {"works": "false"}, actor=world.actor("秦英")
    )
    assert good.case is None and bad.case is not None and bad.case.state == OPEN
    assert subjects.Entry.objects.get(pk=lines["charging"].pk).values["works"] is False
    assert owed(world, "秦英", "station-check") == []
