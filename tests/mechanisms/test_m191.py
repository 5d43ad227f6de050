"""M191 软弱涣散村整顿: listed with grounds and one liaison; off the list only through acceptance by the county."""

import pytest

from gezhi.engines.workflows.schema import definition
from gezhi.foundation import files
from gezhi.foundation.errors import Invalid, NotAllowed, NotFound
from tests.foundation.files.pictures import jpeg
from tests.mechanisms import mechanism

pytestmark = mechanism("M191", file="packs/mengzhou/workflows/weak_branch.yaml")


@pytest.fixture
def listed(county, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = county("mengzhou")
    world.seat("town_secretary", "east", "书记乙")
    case = world.open("湖滨支部涣散。", place="lake", workflow="weak_branch", by="周敏", channel="counter")
    return world, case


def proof(world, key):
    from django.core.files.uploadedfile import SimpleUploadedFile

    return [files.stage(SimpleUploadedFile("a.jpg", jpeg()), actor=world.actor("周敏"), key=key).pk]


def take(world, case):
    return world.do(
        case, "listed", "书记乙", ground="半年没开支部会。", liaison=world.seats["street"], problems="会不开、账不清。"
    )


def test_without_a_ground_or_a_liaison_it_is_not_listed(listed):
    world, case = listed
    with pytest.raises(Invalid) as refused:
        world.do(case, "listed", "书记乙", problems="会不开。")
    assert set(refused.value.field_errors) == {"ground", "liaison"}
    case = take(world, case)
    assert case.handler_seat == world.seats["street"], "one liaison"


def test_a_problem_closes_with_proof_and_the_county_lets_it_off(listed):
    world, case = listed
    take(world, case)
    with pytest.raises(Invalid) as refused:
        world.do(case, "step", "周敏", problem="会不开", measure="每月十号开。")
    assert set(refused.value.field_errors) == {"proof"}
    world.do(case, "step", "周敏", problem="会不开", measure="每月十号开。", proof=proof(world, "photo-1"))
    world.do(case, "ready", "周敏", report="会开了，账清了。", proof=proof(world, "photo-2"))
    for name in ("周敏", "书记乙", "赵兰"):
        with pytest.raises((NotAllowed, NotFound)):
            world.do(case, "passed", name, finding="看过。")
    assert world.do(case, "passed", "方晓", finding="列席一次支部会。").outcome == "done"


def test_every_way_off_the_list_is_the_countys(listed):
    flow = definition("weak_branch")[0]
    into = {s.id for s in flow.stages.values() for a in s.actions.values() if "off" in (a.to, a.exhausted)}
    assert into == {"accept", "director"}
    assert {flow.stages[s].owner.post for s in into} == {"county_dispatcher", "county_director"}
