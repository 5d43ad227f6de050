"""M015 三官两员一律: what touches on law is offered to the right members only; a party's relative stands aside."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.workflows import actions as work
from gezhi.engines.workflows import queries, ticking
from gezhi.engines.workflows.models import Case
from gezhi.foundation import events, people
from gezhi.foundation.errors import Conflict, NotAllowed, NotFound, Refusal
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism

pytestmark = mechanism("M015", file="packs/taoyuan-community/workflows/law_mediation.yaml")
TEAM = ("法官甲", "检察官乙", "律师丙")


@pytest.fixture
def team(county):
    world = county("taoyuan-community")
    world.law = {name: world.seat("law_volunteer", "lake", name, label=name) for name in TEAM}
    world.law["值班律师"] = world.seat("law_on_call", "east", "值班律师")
    world.mediator = world.seat("village_mediator", "lake", "调解员丁")
    return world


def dispute(world, law: bool = True) -> Case:
    case = world.open("邻居把共用的墙拆了，要打官司。", workflow="law_mediation")
    return world.do(case, "tag", "赵兰", law=law, facts="共用墙的归属。")


def offered(world, case: Case) -> set[str]:
    """Everybody in whose list of work the case is."""
    everybody = [name for name, id in world.people.items() if people.directory().answering(id)]
    return {n for n in everybody if case.id in {t.case.id for t in queries.inbox(world.actor(n))}}


def test_a_matter_of_law_is_offered_to_one_member_with_the_role_and_to_nobody_else(team):
    case = dispute(team)
    assert (team.main(case).stage, offered(team, case)) == ("offer", {"法官甲"})
    for name in ("调解员丁", "赵兰", "秦英", "检察官乙", "律师丙"):
        with pytest.raises((NotAllowed, NotFound)):
            team.do(case, "accept", name, relation="none")
    case = team.do(case, "accept", "法官甲", relation="none")
    assert (case.stage, case.handler_seat, offered(team, case)) == ("mediate", team.law["法官甲"], {"法官甲"})


def test_what_does_not_touch_on_law_is_not_offered_to_them(team):
    case = dispute(team, law=False)
    assert offered(team, case) == {"调解员丁"}


def test_a_relative_stands_aside_the_next_is_asked_and_it_is_on_record(team):
    case = dispute(team)
    with pytest.raises(Refusal) as refused:
        team.do(case, "accept", "法官甲", relation="kin")  # a relative cannot take it by this way
    assert "relation" in refused.value.field_errors
    team.do(case, "recuse", "法官甲", relation="kin")
    assert offered(team, case) == {"检察官乙"}
    with pytest.raises((NotAllowed, NotFound)):
        team.do(case, "accept", "法官甲", relation="none")
    case = team.do(case, "accept", "检察官乙", relation="none")
    said = [e for e in events.history(f"case:{case.id}") if e.kind == "case.recuse"]
    assert len(said) == 1 and said[0].actor_person == team.people["法官甲"]
    assert said[0].patch["act"]["form"] == {"relation": "kin"} and not events.verify().findings


def test_who_stood_aside_is_out_of_every_later_round(team):
    case = dispute(team)
    team.do(case, "recuse", "法官甲", relation="interest")
    team.do(case, "accept", "检察官乙", relation="none")
    team.do(case, "agree", "检察官乙", terms="各退一步。")
    team.do(case, "again", why="墙没有修")
    # The round begins anew at the first who may: 法官甲 would be the first, and is passed over without being asked.
    assert offered(team, case) == {"检察官乙"}
    assert team.people["法官甲"] in team.main(case).barred


def test_who_declines_or_does_not_answer_is_passed_over_but_not_barred(team, at_ten):
    case = dispute(team)
    team.do(case, "decline", "法官甲")
    assert offered(team, case) == {"检察官乙"} and team.main(case).barred == []
    at_ten.shift(timedelta(hours=31))  # a working day from Wednesday at ten ends on Thursday at six
    ticking.tick()
    assert offered(team, case) == {"检察官乙"}
    at_ten.shift(timedelta(hours=1, minutes=1))
    ticking.tick()
    assert offered(team, case) == {"律师丙"}
    ticking.tick()
    assert offered(team, case) == {"律师丙"}  # the wait begins anew with each who is asked


def test_a_vacant_seat_is_not_asked_and_after_the_last_it_stays_with_the_profession(team):
    actions.leave(team.people["法官甲"], actor=SETUP)
    case = dispute(team)
    assert offered(team, case) == {"检察官乙"}
    team.do(case, "recuse", "检察官乙", relation="acted")
    team.do(case, "recuse", "律师丙", relation="kin")
    assert offered(team, case) == {"值班律师"}


def test_when_everybody_up_to_the_root_stood_aside_the_last_is_told_that_nobody_is_next(team):
    case = dispute(team)
    for _ in range(20):
        item = team.main(case)
        person = people.directory().effective(item.owner_seat, unlike=frozenset(item.barred)).persons[0]
        actor = people.actor_for(person)
        try:
            work.fire(case.id, "recuse", item=item.number, expected_seq=None, actor=actor, data={"relation": "kin"})
        except Conflict as refusal:
            assert refusal.code == "case.nobody_next"
            break
    else:
        pytest.fail("an offer has to end somewhere")
    after = team.main(case)
    assert after.owner_seat is not None and person not in after.barred  # whoever is left still may
