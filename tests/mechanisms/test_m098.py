"""M098 多元调解队: a team with the skills the matter needs, nobody with an interest in it, together when the door failed."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows import panels
from gezhi.engines.workflows.models import OPEN, Ballot, Panel, WorkItem
from gezhi.foundation import people
from gezhi.foundation.errors import Invalid, NotAllowed, NotFound, Refusal
from tests.mechanisms import mechanism

pytestmark = mechanism("M098", file="packs/minzhu-street/workflows/team_mediation.yaml")
SKILLS = ("team_cadre", "team_police", "team_lawyer")


@pytest.fixture
def teams(county):
    """Four teams of three skills."""
    world = county("minzhu-street")
    for team in range(1, 5):
        for post in SKILLS:
            world.seats[f"{post}{team}"] = world.seat(post, "lake", f"{post}{team}", label=f"{post}{team}")
    return world


def asked(world, case) -> dict[str, WorkItem]:
    """Who is asked now, by seat label, with the item."""
    items = WorkItem.objects.filter(case_id=case.id, state=OPEN, stage__startswith="ask_")
    return {people.directory().seat(i.owner_seat).label.split()[-1]: i for i in items}


def formed(world, police: bool, lawyer: bool, **more):
    case = world.open("家里打起来过，还牵着宅基地。", workflow="team_mediation")
    case = world.do(case, "call", "赵兰", facts="宅基地。", police=police, lawyer=lawyer, **more)
    for who, item in asked(world, case).items():
        with pytest.raises(Invalid):  # who is kin cannot come by this way
            world.do(case, "come", who, item=item.number, relation="kin")
        case = world.do(case, "come", who, item=item.number, relation="none")
    return case


@pytest.mark.parametrize(("police", "lawyer"), [(True, True), (False, True), (False, False)])
def test_each_matter_has_a_team_with_the_skills_it_needs(teams, police, lawyer):
    case = formed(teams, police, lawyer)
    posts = sorted(people.directory().seat(s).post for s in case.kept["team"])
    assert posts == sorted(["team_cadre", *["team_police"] * police, *["team_lawyer"] * lawyer])
    assert case.stage == "door"


def test_nobody_with_an_interest_is_asked_and_who_declares_one_is_replaced(teams):
    related = [teams.seats[f"team_lawyer{n}"] for n in (1, 2)]
    case = teams.open("家里打起来过。", workflow="team_mediation")
    case = teams.do(case, "call", "赵兰", facts="宅基地。", police=False, lawyer=True, related=related)
    now = asked(teams, case)
    first = next(n for n in now if n.startswith("team_lawyer"))
    assert first in ("team_lawyer3", "team_lawyer4")
    teams.do(case, "recuse", first, item=now[first].number, relation="kin")
    second = next(n for n in asked(teams, case) if n.startswith("team_lawyer"))
    assert {first, second} == {"team_lawyer3", "team_lawyer4"}
    with pytest.raises(Refusal):
        teams.do(case, "come", first, item=now[first].number, relation="none")


def test_when_the_door_failed_exactly_the_team_sits_together(teams):
    case = formed(teams, True, True)
    lead = people.directory().seat(case.handler_seat).label.split()[-1]
    with pytest.raises((NotAllowed, NotFound)):
        teams.do(case, "failed", "秦英", why="不开门。")
    case = teams.do(case, "failed", lead, why="不开门。")
    panel = Panel.objects.get(case_id=case.id)
    ballots = Ballot.objects.filter(panel=panel)
    assert {b.seat_id for b in ballots} == set(case.kept["team"]) and len(ballots) == 3
    for ballot in ballots:
        who = people.directory().seat(ballot.seat_id).label.split()[-1]
        panels.cast(panel.id, actor=teams.actor(who), choice="yes")
    case = teams.do(case, "close_panel", lead, minutes="社区会议室，三人都到。")
    assert case.stage == "visit"
    assert teams.do(case, "kept", "赵兰", words="搬开了。").outcome == "done"
