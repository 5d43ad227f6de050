"""M082 雨露计划: papers by a checklist, a closing day that is the clock, an outcome on record."""

from datetime import date

import pytest

from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid
from tests.mechanisms import mechanism

pytestmark = mechanism("M082", file="packs/yueshi-village/workflows/aid.yaml")
PAPERS = {"idcard": True, "enrolled": True, "account": True}


@pytest.fixture
def aid(county, at_ten):
    world = county("yueshi-village")
    return world, world.open("帮孩子申请雨露计划。", workflow="aid", by="赵兰", channel="counter")


@pytest.mark.parametrize("missing", PAPERS)
def test_what_is_missing_from_the_checklist_is_refused_at_its_line(aid, missing):
    world, case = aid
    with pytest.raises(Invalid) as refused:
        world.do(case, "ready", "赵兰", **{**PAPERS, missing: False}, close="2026-11-27")
    assert set(refused.value.field_errors) == {missing}


def test_the_closing_day_is_the_clock_and_the_outcome_is_recorded(aid):
    world, case = aid
    world.do(case, "ready", "赵兰", **PAPERS, close="2026-11-27")
    due = world.main(case).due_at
    assert clock.local(due).date() == date(2026, 11, 28) and clock.local(due).hour == 0  # the end of the 27th
    case = world.do(case, "granted", "周敏", amount=1500)
    assert case.kept["amount"] == "1500"
    case = world.do(case, "told", "赵兰", arrived="2026-12-20")
    assert (case.outcome, case.kept["amount"]) == ("done", "1500")


def test_a_refusal_names_its_ground(aid):
    world, case = aid
    world.do(case, "ready", "赵兰", **PAPERS, close="2026-11-27")
    with pytest.raises(Invalid):
        world.do(case, "refused", "周敏")
    assert world.do(case, "refused", "周敏", ground="不在监测名单。").outcome == "refused"
