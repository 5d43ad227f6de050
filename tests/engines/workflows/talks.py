"""The seven steps of minzhu-street in a small county, and short ways through them."""

from __future__ import annotations

from gezhi.engines.workflows import panels, rolls
from gezhi.engines.workflows.models import Ballot, Case, Panel
from gezhi.foundation import people
from tests.world import World

ROLL = "户号,组别\n1-101,业主\n1-102,业主\n1-201,租户\n1-202,业主\n商铺3,商户"
HOUSES = ("1-101", "1-102", "1-201", "1-202", "商铺3")


def world() -> World:
    return World("minzhu-street")


def topic(world: World, **more) -> Case:
    """A topic at 商, its list brought: five households."""
    case = world.open("楼后排水沟老堵，想一起改。", workflow="seven_steps", **more)
    case = world.do(case, "propose", "赵兰", topic="改造三号楼后排水沟", plan="清淤，换管，加盖板。")
    panels.enrol(panel_of(case).id, ROLL, actor=world.actor("赵兰"))
    return case


def panel_of(case: Case) -> Panel:
    return Panel.objects.filter(case_id=case.id).order_by("-number").first()


def code(case: Case, house: str) -> str:
    return rolls.code_of(case.id, rolls.voter_of(house))


def vote(case: Case, house: str, choice: str) -> Ballot:
    """The household itself, on the portal."""
    return panels.cast(panel_of(case).id, actor=people.resident(""), choice=choice, code=code(case, house))


def close(world: World, case: Case, by: str = "赵兰", **data) -> Case:
    return world.do(case, "close_panel", by, **data)


def agreed(world: World, **more) -> Case:
    """Conferred and passed: the case stands at 联."""
    case = topic(world, **more)
    for house in HOUSES[:3]:
        vote(case, house, "yes")
    return close(world, case, minutes="社区会议室，到场十二人。")


def assessed(world: World, *scores: str, **more) -> Case:
    """Done by the city's unit and scored by so many households: 评 is closed."""
    case = agreed(world, **more)
    case = world.do(case, "send", "赵兰", unit=world.seats["city"])
    return rate(world, case, *scores)


def rate(world: World, case: Case, *scores: str) -> Case:
    case = world.do(case, "finish", "马东", result="换了管，加了盖板。")
    for house, score in zip(HOUSES, scores, strict=False):
        vote(case, house, score)
    return close(world, case)
