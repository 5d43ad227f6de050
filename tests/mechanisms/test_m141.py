"""M141 三二二党群议事会: terms, quorum, resignations refilled; what 3-2-2 is the place says before a seat opens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.workflows import panels, rolls
from gezhi.engines.workflows.methods import drafts, source
from gezhi.engines.workflows.models import Panel
from gezhi.foundation import packs, people, subjects
from gezhi.foundation.errors import Conflict, Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.roll import ago, person

pytestmark = [
    mechanism("M141", file="packs/minzhu-street/workflows/council_seat.yaml"),
    mechanism("M141", file="packs/minzhu-street/registers/council_member.yaml"),
]
HOUSES = ("1-101", "1-102", "1-201", "1-202")


def seat(world):
    return world.open("议事会缺一位。", place="lake", workflow="council_seat", by="赵兰", channel="counter")


@pytest.fixture
def council(county):
    """The county where an administrator has said what the numbers are, and another approved it."""
    world = county("minzhu-street")
    world.seat("admin", "county", "管理甲", "管理乙")
    with pytest.raises(Conflict) as refused:
        seat(world)
    assert refused.value.code == "case.unfilled"
    for blank in ("“三”指哪三样", "第一个“二”指哪两样", "第二个“二”指哪两样"):
        assert blank in refused.value.what
    draft = drafts.start("council_seat", actor=world.actor("管理甲"))
    method = source.of_body(packs.registry().body("workflow", "council_seat"))
    for blank in method["blanks"].values():
        blank["is"] = "本地写明的内容"
    draft = drafts.write(draft.pk, source.as_yaml(method), at=draft.event_seq, actor=world.actor("管理甲"))
    draft = drafts.propose(draft.pk, at=draft.event_seq, actor=world.actor("管理甲"), words="填三二二")
    drafts.approve(draft.pk, draft.digest, actor=world.actor("管理乙"))
    world.lives = [
        subjects.enter(
            "resident", person(world, n).pk, {"residence": "here"}, actor=world.actor("赵兰"), since=ago(90)
        ).pk
        for n in (1, 2)
    ]
    return world


def elect(world, case, votes: int = 3):
    panel = Panel.objects.filter(case_id=case.id).order_by("-number").first()
    if panel.state == "gathering":
        panels.enrol(panel.id, "户号\n" + "\n".join(HOUSES), actor=world.actor("赵兰"))
    for house in HOUSES[:votes]:
        code = rolls.code_of(case.id, rolls.voter_of(house))
        panels.cast(panel.id, actor=people.resident(""), choice="yes", code=code)
    return world.do(case, "close_panel", "赵兰", minutes="院里开会。")


def members(world) -> list:
    return [r.subject_id for r in subjects.entries(world.actor("周敏"), "council_member").rows]


def test_a_term_a_quorum_and_a_refill(council, at_ten):
    world = council
    case = seat(world)
    world.do(case, "put", "赵兰", who=world.lives[0], term_until="2029-11-17")
    case = elect(world, case, votes=1)
    assert case.stage == "elect" and members(world) == []  # one of four is no quorum: another meeting
    case = elect(world, case, votes=2)
    assert case.stage == "sworn"
    case = world.do(case, "enter", "周敏", seen="票数核过。")
    (first,) = members(world)
    with pytest.raises(Invalid) as refused:
        world.do(case, "over", "赵兰", thanks="谢谢。", over_on="2027-01-01")
    assert list(refused.value.field_errors) == ["over_on"]
    at_ten.shift(timedelta(days=30))
    with pytest.raises(Invalid):
        world.do(case, "resigned", "赵兰")
    case = world.do(case, "resigned", "赵兰", why_left="搬去儿子家。")
    assert (case.stage, members(world)) == ("nominate", [])
    world.do(case, "put", "赵兰", who=world.lives[1], term_until="2029-11-17")
    elect(world, case)
    case = world.do(case, "enter", "周敏", seen="票数核过。")
    assert case.stage == "serving" and members(world) != [first] and len(members(world)) == 1
    due = world.main(case).due_at
    assert due.isoformat() == "2029-11-17T16:00:00+00:00"
    at_ten.move_to(due)
    assert world.do(case, "over", "赵兰", thanks="谢谢。", over_on="2029-11-17").outcome == "done"
    assert members(world) == []
