"""M122 凉亭议事会: quorum by households, decision by the declared method, minority opinions kept."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows import panels, talking
from gezhi.engines.workflows.models import Ballot, Case
from gezhi.foundation import events, people
from tests.engines.workflows.talks import close, code, panel_of
from tests.mechanisms import mechanism

pytestmark = mechanism("M122", file="packs/mengzhou/workflows/pavilion.yaml")
HOUSES = [f"{n}号" for n in range(1, 7)]


@pytest.fixture
def world(county):
    return county("mengzhou")


def council(world) -> Case:
    """A topic before six households."""
    case = world.open("小区要不要划停车位。", workflow="pavilion")
    case = world.do(case, "convene", "赵兰", topic="划停车位", plan="划二十个车位。")
    panels.enrol(panel_of(case).id, "\n".join(HOUSES), actor=world.actor("赵兰"))
    return case


def vote(case: Case, house: str, choice: str, reason: str = "") -> None:
    panels.cast(panel_of(case).id, actor=people.resident(""), choice=choice, code=code(case, house), reason=reason)


def test_the_quorum_is_of_households_half_is_not_enough_and_a_household_counts_once(world):
    case = council(world)
    for house in HOUSES[:3]:
        vote(case, house, "yes")
    with pytest.raises(Exception, match="投过"):
        vote(case, HOUSES[0], "yes")  # a second member of the household
    case = close(world, case, minutes="到场三户。")
    panel = panel_of(case)
    assert (case.stage, panel.round, panel.state) == ("council", 2, "open")  # three of six: no meeting, held once more
    for house in HOUSES[:4]:
        vote(case, house, "yes")
    case = close(world, case, minutes="到场四户。")
    assert case.stage == "carry_out"


def test_when_too_few_come_twice_the_street_decides(world):
    case = council(world)
    for _ in range(2):
        vote(case, HOUSES[0], "yes")
        case = close(world, case, minutes="人不够。")
    assert case.stage == "street" and events.verify().clean


@pytest.mark.parametrize(("yes", "no", "stage"), [(3, 2, "carry_out"), (2, 2, "change"), (2, 3, "change")])
def test_the_declared_method_decides(world, yes, no, stage):
    case = council(world)
    for number in range(yes + no):
        vote(case, HOUSES[number], "yes" if number < yes else "no")
    assert close(world, case, minutes="在册。").stage == stage


def test_minority_opinions_are_kept_with_the_result_and_in_the_record(world):
    case = council(world)
    for house in HOUSES[:4]:
        vote(case, house, "yes")
    vote(case, HOUSES[4], "no", "老人走路的地方被占了。")
    case = close(world, case, minutes="在册。")
    desk = talking.desk(panel_of(case).id, world.actor("赵兰"))
    number = Ballot.objects.get(panel=panel_of(case), label=HOUSES[4]).number
    assert desk.reasons == {number: "老人走路的地方被占了。"} and desk.round.tally["choices"] == {"no": 1, "yes": 4}
    case = world.do(case, "finish", "赵兰", result="划好了，留出走道。")
    assert talking.desk(panel_of(case).id, world.actor("赵兰")).reasons  # still there when it is over
    assert events.verify().clean
