"""M085 三步: the members' share is done before the call widens; the response is a rate by households, without names."""

import pytest

from gezhi.engines.workflows.schema import definition
from gezhi.foundation.errors import Invalid
from tests.mechanisms import mechanism

pytestmark = mechanism("M085", file="packs/yueshi-village/workflows/appeal.yaml")


@pytest.fixture
def appeal(county):
    world = county("yueshi-village")
    case = world.open("门前三包。", place="lake", workflow="appeal", by="赵兰", channel="counter")
    return world, world.do(case, "called", "赵兰", call="各扫门前。", members=12, households=80)


def test_the_call_widens_only_when_the_members_have_done_their_share(appeal):
    world, case = appeal
    with pytest.raises(Invalid) as refused:
        world.do(case, "widen", "赵兰", done=11)
    assert "还没做完" in str(refused.value.field_errors["done"])
    assert world.do(case, "widen", "赵兰", done=12).stage == "wide"


def test_the_response_is_counted_by_households_and_seen_by_somebody_else(appeal):
    world, case = appeal
    world.do(case, "widen", "赵兰", done=12)
    with pytest.raises(Invalid):
        world.do(case, "counted", "赵兰", answered=81)
    case = world.do(case, "counted", "赵兰", answered=60)
    assert (case.kept["answered"], case.kept["rate"]) == ("60", "75")
    assert world.do(case, "right", "周敏", finding="走了两排房。").outcome == "done"


def test_nobody_is_named(appeal):
    asked = {f.type for s in definition("appeal")[0].stages.values() for a in s.actions.values() for f in a.form.fields}
    assert asked <= {"number", "long_text"}, "no list of persons, seats or households"


def test_a_count_that_was_wrong_twice_is_made_by_somebody_else_or_no_rate_is_told(appeal):
    world, case = appeal
    world.do(case, "widen", "赵兰", done=12)
    for answered in (60, 58):
        world.do(case, "counted", "赵兰", answered=answered)
        case = world.do(case, "wrong", "周敏", why="少了一排房。")
    assert (case.stage, case.state, world.main(case).owner_seat) == ("recount", "open", world.seats["street"])
    with pytest.raises(Invalid):
        world.do(case, "counted", "周敏", answered=81)
    case = world.do(case, "counted", "周敏", answered=40)
    assert (case.outcome, case.kept["answered"], case.kept["rate"]) == ("done", "40", "50")
