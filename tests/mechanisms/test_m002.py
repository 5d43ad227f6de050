"""M002 三级筛选: nobody is taken in without three approvals by three persons in order of rank; a refusal says why."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows.schema import definition
from gezhi.foundation.errors import Invalid, NotAllowed, NotFound
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism

pytestmark = mechanism("M002", file="packs/boai-county/workflows/screening.yaml")
ORDER = ("village", "leader", "secretary")


@pytest.fixture
def boai(county):
    world = county("boai-county")
    world.leader = world.seat("village_guide", "east", "包村甲")
    world.party = world.seat("town_secretary", "east", "书记乙")
    world.seat("county_guide", "county", "县领导丙")
    return world


def ways(flow, here, done=()):
    """Every sequence of steps to 入库, counted ones taken at most once."""
    if here == "stocked":
        yield done
        return
    for action in flow.stages[here].actions.values():
        for target in (action.to, action.exhausted):
            if target and (here, target) not in done:
                yield from ways(flow, target, (*done, (here, target)))


def test_every_way_into_the_reserve_has_the_three_approvals_in_order_of_rank(boai):
    flow = definition("screening")[0]
    found = list(ways(flow, flow.start))
    assert found
    for way in found:
        steps = [stage for stage, _to in way]
        assert [s for s in dict.fromkeys(steps) if s in ORDER] == list(ORDER)
    assert [flow.stages[s].owner.unlike for s in ORDER] == [(), ("village",), ("village", "leader")]


def test_three_different_persons_take_a_candidate_in(boai):
    case = boai.open("推荐一名后备人选", place="lake", workflow="screening")
    boai.do(case, "approve", "赵兰", ground="带头发展产业，群众认可。")
    for name in ("赵兰", "书记乙"):
        with pytest.raises((NotAllowed, NotFound)):
            boai.do(case, "approve", name, talked="谈过。")
    boai.do(case, "approve", "包村甲", talked="谈过话，愿意干。")
    boai.do(case, "approve", "书记乙", decided="党委会同意。")
    case = boai.do(case, "guided", "县领导丙", advice="先到乡镇跟班。")
    assert (case.state, case.outcome) == ("closed", "done")


def test_one_person_in_two_seats_does_not_approve_twice(boai):
    actions.appoint(boai.party, boai.people["包村甲"], actor=SETUP)
    case = boai.open("推荐一名后备人选", place="lake", workflow="screening")
    boai.do(case, "approve", "赵兰", ground="群众认可。")
    boai.do(case, "approve", "包村甲", talked="谈过。")
    with pytest.raises(NotAllowed):
        boai.do(case, "approve", "包村甲", decided="同意。")
    assert boai.do(case, "approve", "书记乙", decided="同意。").stage == "guide"


def test_a_refusal_at_any_level_ends_with_its_reason(boai):
    case = boai.open("推荐一名后备人选", place="lake", workflow="screening")
    boai.do(case, "approve", "赵兰", ground="群众认可。")
    with pytest.raises(Invalid):
        boai.do(case, "refuse", "包村甲")
    case = boai.do(case, "refuse", "包村甲", reason="本人长期在外。")
    assert (case.state, case.outcome) == ("closed", "refused")
