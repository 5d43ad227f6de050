"""M056 暖蜂驿站: opening hours cover the declared span, facility checks fall due, what is broken is repaired."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows.models import OPEN
from gezhi.flows import visits
from gezhi.foundation import subjects
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, enter, owed, publish

pytestmark = mechanism("M056", file="packs/songxi/registers/bee_station.yaml")
#: declared from, to; really from, to; whether the span is covered, by hand.
HOURS = [(0, 24, 0, 24, True), (0, 24, 6, 24, False), (8, 20, 7, 21, True), (8, 20, 8, 20, True), (8, 20, 8, 19, False)]


def test_six_stations_cover_their_span_and_are_checked_every_week(county, at_ten):
    world = county("songxi")
    publish()
    stations = []
    for n, (a, b, c, d, _covered) in enumerate([*HOURS, HOURS[0]]):
        asset = subjects.add(
            "asset", {"name": f"驿站{n + 1}"}, actor=SYSTEM, place_id=world.places["lake1"], synthetic=True
        )
        enter("bee_station", asset, declared_from=a, declared_to=b, open_from=c, open_to=d, works=True)
        stations.append(asset.pk)
    short = [pk for pk, hours in zip(stations, HOURS, strict=False) if not hours[-1]]
    seen = subjects.entries(world.actor("赵兰"), "bee_station", {"state": "short"}).rows
    assert [row.subject_id for row in seen] == short and len(stations) == 6
    page = Desk(world).of("赵兰").get("/desk/registers/bee_station?state=short").content.decode()
    assert "驿站2" in page and "驿站5" in page and "驿站1" not in page
    due = owed(world, "秦英", "bee-check")
    assert {o.subject_id for o in due} == set(stations) and {o.period for o in due} == {"2026-W47"}

    def check(pk, **found):
        return visits.visit("bee-check", pk, "2026-W47", found, actor=world.actor("秦英"))

    # The check finds the hours as they are: now the second one is open all day, and the first no more.
    assert check(stations[1], works="true", open_from="0", open_to="24").case is None
    broken = check(stations[0], works="false", open_from="9", open_to="24").case
    assert broken is not None and broken.state == OPEN
    seen = subjects.entries(world.actor("赵兰"), "bee_station", {"state": "short"}).rows
    assert [row.subject_id for row in seen] == [stations[0], stations[4]]
    assert len(owed(world, "秦英", "bee-check")) == 4


@pytest.mark.parametrize("span", [(20, 8), (8, 8)])
def test_a_span_that_ends_before_it_begins_covers_nothing(county, at_ten, span):
    world = county("songxi")
    asset = subjects.add("asset", {"name": "驿站"}, actor=SYSTEM, place_id=world.places["lake1"], synthetic=True)
    line = enter("bee_station", asset, declared_from=span[0], declared_to=span[1], open_from=0, open_to=24)
    assert line.state == "short"
