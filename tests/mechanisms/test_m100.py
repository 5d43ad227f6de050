"""M100 七步协商: collect, confer, link, do, supervise all along, assess, publish; low rating leads to rework."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows import talking, voices
from gezhi.engines.workflows.models import WorkItem
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import events, people
from gezhi.foundation.errors import Conflict
from gezhi.foundation.notices.models import Delivery
from gezhi.foundation.people import crypto
from tests import environment
from tests.engines.workflows import talks
from tests.flows.conftest import catch_up
from tests.foundation.notices import fakes
from tests.mechanisms import mechanism

pytestmark = mechanism("M100", file="packs/minzhu-street/workflows/seven_steps.yaml")
SEVEN = ["集", "商", "联", "做", "督", "评", "示"]


@pytest.fixture
def world(db, at_ten):
    return talks.world()


def board(case) -> dict[str, str]:
    case.refresh_from_db()
    return {step.title: step.state for step in talking.topic(case.number).board}


def watched(case) -> bool:
    """Whether a resident can say now what they see of the works, by the public door."""
    try:
        voices.say(case.id, "note", "看了一眼", phone=crypto.blind("phone", "13900000001"), actor=people.resident(""))
    except Conflict as closed:
        assert closed.code == "voice.closed"
        return False
    return True


def test_it_is_installed_proved_and_its_course_is_the_seven_steps(world):
    flow, _hash = definition("seven_steps")  # read and proved, or the pack would not have been installed
    titles = [flow.stages[s].title["zh"] for s in talking.main_way(flow) if flow.stages[s].kind != "end"]
    assert titles == SEVEN


def test_residents_supervise_from_conferring_to_the_assessment_and_the_board_is_public_all_along(world):
    case = world.open("楼后排水沟老堵。", workflow="seven_steps")
    assert not watched(case)  # 集: not yet
    case = world.do(case, "propose", "赵兰", topic="改排水沟", plan="清淤换管。")
    seen = [board(case)]  # 示, the first time: the process board opens with 商
    assert watched(case)
    talks.panels.enrol(talks.panel_of(case).id, talks.ROLL, actor=world.actor("赵兰"))
    for house in talks.HOUSES[:3]:
        talks.vote(case, house, "yes")
    case = talks.close(world, case, minutes="通过。")
    for action, who, given in (
        ("send", "赵兰", {"unit": world.seats["city"]}),
        ("finish", "马东", {"result": "换了管。"}),
        ("", "", {}),
    ):
        assert watched(case)  # 联, 做, 评
        seen.append(board(case))
        case = world.do(case, action, who, **given) if action else case
    assert [next(t for t, s in b.items() if s == "now" and t != "督") for b in seen] == ["商", "联", "做", "评"]
    assert all(b["督"] == "now" for b in seen)
    for house, score in zip(talks.HOUSES, "455", strict=False):
        talks.vote(case, house, score)
    case = talks.close(world, case)
    assert not watched(case) and board(case)["督"] == "done"  # it ends with 评
    case = world.do(case, "publish", "赵兰", outcome="三号楼排水沟改好了，四户评了分。")
    assert board(case) == dict.fromkeys(SEVEN, "done")  # 示, the second time: the result, last
    assert talking.topic(case.number).board[-1].words == ("三号楼排水沟改好了，四户评了分。",)
    assert case.outcome == "done" and events.verify().clean


def test_a_low_rating_leads_to_rework_and_a_failed_vote_to_another_plan(world):
    case = talks.topic(world)
    for house in talks.HOUSES[:3]:
        talks.vote(case, house, "no")
    case = talks.close(world, case, minutes="不同意。")
    assert case.stage == "revise"
    case = world.do(case, "again", "赵兰", plan="少花钱。")
    for house in talks.HOUSES[:3]:
        talks.vote(case, house, "yes")
    case = talks.close(world, case, minutes="同意。")
    case = world.do(case, "send", "赵兰", unit=world.seats["city"])
    case = talks.rate(world, case, "1", "2", "3")
    assert case.stage == "send_back" and watched(case)
    case = world.do(case, "rework", "赵兰", why="盖板没盖。")
    assert case.stage == "do" and watched(case)  # supervised again while it is redone
    case = talks.rate(world, case, "5", "4", "4")
    assert case.stage == "publish"
    assert [i.stage for i in WorkItem.objects.filter(case_id=case.id, side=False).order_by("number")] == [
        "collect", "confer", "revise", "confer", "link", "do", "assess", "send_back", "do", "assess", "publish",
    ]  # fmt: skip


@pytest.mark.django_db(transaction=environment.POSTGRES)
def test_the_proposer_is_told_at_each_step(world):
    from gezhi.foundation.notices import choosing
    from tests.foundation.notices.conftest import ROOT

    with fakes.gateway() as fake:
        given = {"channel": "sms", "title": "sms", "url": f"{fake.url}/send", "templates": "*=SMS_1"}
        choosing.set_gateway(None, given, actor=ROOT)
        catch_up()
        case = talks.assessed(world, "5", "5", "5", contact_phone="13900000009")
        case = world.do(case, "publish", "赵兰", outcome="好了。")
        catch_up()
    told = list(Delivery.objects.filter(code=case.code).order_by("id").values_list("template", flat=True))
    assert told.count("talk_step") == 5  # 商 联 做 评 示
    assert told.count("talk_ended") == 1 and "received" in told
