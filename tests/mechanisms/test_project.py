"""工程项目 (standard-county/project): heard, gated, built within the money, accepted by residents, mended, settled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.workflows import panels, rolls, ticking
from gezhi.engines.workflows.models import OPEN, Panel, WorkItem
from gezhi.foundation import people
from gezhi.foundation.errors import Invalid, NotAllowed, NotFound
from tests.mechanisms.works import photo

ROLL = "户号\n1-101\n1-102\n1-201\n1-202"
HOUSES = ("1-101", "1-102", "1-201", "1-202")


@pytest.fixture
def begun(county, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = county()
    world.seat("town_secretary", "east", "镇书")
    case = world.open("楼前积水，想修排水。", place="lake", workflow="project")
    return world, world.do(case, "put", "赵兰", plan="挖沟铺管。", households=4)


def item(case, stage: str) -> int:
    return WorkItem.objects.get(case_id=case.id, stage=stage, state=OPEN).number


def gated(world, case, at_ten):
    world.do(case, "heard", "赵兰", more=3, said="都想修。")
    case = world.do(case, "enough", "赵兰", changed="管子加粗。")
    world.do(case, "low", "周敏", item=item(case, "assess"), finding="低。")
    world.do(case, "signed", "赵兰", item=item(case, "agree"), count=0)
    at_ten.shift(timedelta(days=8))
    ticking.tick()
    case.refresh_from_db()
    return case


def voted(world, case, yes: int):
    panel = Panel.objects.filter(case_id=case.id).order_by("-number").first()
    if panel.state == "gathering":
        panels.enrol(panel.id, ROLL, actor=world.actor("赵兰"))
    for n, house in enumerate(HOUSES):
        code = rolls.code_of(case.id, rolls.voter_of(house))
        panels.cast(panel.id, actor=people.resident(""), choice="yes" if n < yes else "no", code=code)
    return world.do(case, "close_panel", "赵兰", minutes="院里开会，四户到齐。")


def test_no_works_before_people_were_heard_and_every_gate_is_passed(begun, at_ten):
    world, case = begun
    with pytest.raises(Invalid) as refused:
        world.do(case, "heard", "赵兰", more=5, said="多了。")
    assert list(refused.value.field_errors) == ["more"]
    world.do(case, "heard", "赵兰", more=2, said="想修。")
    with pytest.raises(Invalid):  # two of four is not two thirds
        world.do(case, "enough", "赵兰", changed="无。")
    world.do(case, "heard", "赵兰", more=1, said="想修。")
    case = world.do(case, "enough", "赵兰", changed="管子加粗。")
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "low", "赵兰", item=item(case, "assess"), finding="低。")
    world.do(case, "low", "周敏", item=item(case, "assess"), finding="低。")
    world.do(case, "signed", "赵兰", item=item(case, "agree"), count=0)
    case.refresh_from_db()
    assert case.stage == "gates"  # the notice still hangs
    at_ten.shift(timedelta(days=8))
    ticking.tick()
    case.refresh_from_db()
    assert case.stage == "fund"


def test_a_high_risk_ends_it_while_the_other_gates_run(begun):
    world, case = begun
    world.do(case, "heard", "赵兰", more=3, said="想修。")
    case = world.do(case, "enough", "赵兰", changed="无。")
    case = world.do(case, "high", "周敏", item=item(case, "assess"), why="要挖断燃气管。")
    assert (case.outcome, WorkItem.objects.filter(case_id=case.id, state=OPEN).count()) == ("dropped", 0)


def test_money_acceptance_defects_and_settlement(begun, at_ten):
    world, case = begun
    case = gated(world, case, at_ten)
    case = world.do(case, "ready", "赵兰", committed=20000, sources="街道", builder="某队", works_until="2026-12-31")
    world.do(case, "pay", "赵兰", amount=15000, to_whom="某队，进度款")
    with pytest.raises(Invalid):
        world.do(case, "pay", "赵兰", amount=5001, to_whom="某队")
    case = world.do(case, "built", "赵兰", after=photo(world, "赵兰", "w1"))
    case = voted(world, case, yes=2)  # half is not more than half
    assert case.stage == "mend"
    world.do(case, "mended", "赵兰", done="井盖换了。")
    case = voted(world, case, yes=3)
    assert case.stage == "defects"
    world.do(case, "defect", what="又积水。")
    case = world.do(case, "repaired", "赵兰", done="清了管。")
    at_ten.shift(timedelta(days=91))
    ticking.tick()
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "settled", "赵兰", final=19000, finding="对。")
    with pytest.raises(Invalid):
        world.do(case, "settled", "周敏", final=20001, finding="多。")
    case = world.do(case, "settled", "周敏", final=19000, finding="票据齐。")
    assert (case.outcome, case.kept["paid"], case.kept["committed"]) == ("done", "19000", "20000")
