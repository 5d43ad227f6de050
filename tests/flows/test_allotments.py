"""An allocation whose pairs become cases: opened in one go, and all of them or none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.matching.models import Allotment
from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Invalid
from gezhi.foundation.events.models import Event
from tests.mechanisms.matching import adopt, enter_all, propose
from tests.world import World

WOOD = {"trade": "wood", "least": 3500, "nights": False}


@pytest.fixture
def town(db):
    world = World("songxi")
    last_day = (clock.today() + timedelta(days=20)).isoformat()
    post = {"company": "厂", "trade": "wood", "pay": 4000, "nights": False, "places": 99, "ends_on": last_day}
    enter_all(world, "job_post", "matter", "lake", [("做竹", post)])
    return world


def seek(world: World, place: str, count: int) -> list[int]:
    return [who.pk for who in enter_all(world, "job_hunter", "person", place, [(f"甲{n}", WOOD) for n in range(count)])]


def test_forty_pairs_cost_the_statements_of_two(town):
    asked = {}
    for count in (2, 40):
        seekers = seek(town, "lake1", count)
        seen = propose(town, "job_market", "lake", "赵兰").seen
        with count_queries() as queries:
            row = adopt(town, "job_market", "lake", "赵兰", seen=seen)
        asked[count] = queries.total
        assert [pair["need"] for pair in row.pairs] == seekers
        cases = Case.objects.in_bulk([pair["case"] for pair in row.pairs])
        assert len(cases) == count and {case.workflow for case in cases.values()} == {"hire"}
        assert set(WorkItem.objects.filter(case__in=cases).values_list("owner_seat", flat=True)) == {town.seats["grid"]}
    assert asked[40] <= asked[2] <= 40


def test_one_case_that_cannot_be_opened_leaves_nothing_of_the_others(town):
    seek(town, "lake1", 2)
    (one,) = seek(town, "lake2", 1)
    places.close(town.places["lake2"], actor=people.system("test"))
    found = propose(town, "job_market", "lake", "赵兰")
    assert one in {need for need, _offer in found.pairs} and len(found.pairs) == 3
    before = Event.objects.count()
    with pytest.raises(Invalid) as wrong:
        adopt(town, "job_market", "lake", "赵兰", seen=found.seen)
    assert wrong.value.code == "case.place_closed"
    assert (Case.objects.count(), Allotment.objects.count(), Event.objects.count()) == (0, 0, before)
