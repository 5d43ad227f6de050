"""M088 文艺队伍与篮球友谊赛: teams, members, rehearsals, fixtures and results; two teams, one person; households open."""

from __future__ import annotations

import pytest

from gezhi.engines.matching import minutes, queries
from gezhi.engines.registers import figures
from gezhi.foundation import subjects
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, page, refused
from tests.mechanisms.roll import person, thing

pytestmark = mechanism("M088", file="packs/yueshi-village/registers/art_team.yaml")
#: person, their household, their teams: six lines, four persons, three households.
MEMBERS = [
    (0, "甲户", ("dance", "drum")),
    (1, "甲户", ("dance",)),
    (2, "乙户", ("basketball", "drum")),
    (3, "丙户", ("drum",)),
]


@pytest.fixture
def teams(county, at_ten):
    hall = meeting_hall(county, at_ten, "yueshi-village")
    actor = hall.world.actor("赵兰")
    hall.homes = {name: thing(hall.world, "living_household", name) for name in ("甲户", "乙户", "丙户")}
    for n, home, of in MEMBERS:
        who = person(hall.world, n + 1)
        subjects.relate("household_member", who.pk, hall.homes[home].pk, actor=actor)
        for team in of:
            subjects.enter("art_team", who.pk, {"team": team}, actor=actor)
    return hall, actor


def test_two_teams_one_person_and_households_open(teams):
    hall, actor = teams
    by_team = figures.figures(actor, "art_team", "team")
    assert {c.value: (c.lines, len(c.subjects)) for c in by_team.cuts} == {
        "dance": (2, 2), "drum": (3, 3), "basketball": (1, 1),
    }  # fmt: skip
    assert (by_team.whole.lines, len(by_team.whole.subjects)) == (6, 4)
    by_home = figures.figures(actor, "art_team", "household_member")
    assert {int(c.value): (c.lines, len(c.subjects)) for c in by_home.cuts} == {
        hall.homes["甲户"].pk: (3, 2), hall.homes["乙户"].pk: (2, 1), hall.homes["丙户"].pk: (1, 1),
    }  # fmt: skip
    desk = Desk(hall.world).of("赵兰")
    shown = desk.get("/desk/registers/art_team/figures?by=household_member").content.decode()
    home = hall.homes["甲户"].pk
    assert f"cut=household_member%3A{home}" in shown
    opened = desk.get(f"/desk/registers/art_team?cut=household_member:{home}").content.decode()
    assert opened.count("<tr data-row>") == 3


def test_rehearsals_fixtures_and_their_results(teams):
    hall, actor = teams
    drill = hall.plan("team_rehearsal", when="2026-11-20 19:00", theme="dance", hours=1)
    hall.closed(drill, heads=2)
    with refused("session.invalid"):
        hall.plan("team_rehearsal", when="2026-11-21 19:00", theme="chess")
    match = hall.plan("friendly_match", when="2026-11-22 15:00", hours=2, title="对邻村")
    hall.held(match, heads=60)
    with refused("session.invalid") as wrong:  # a fixture without its result is not finished
        minutes.close(match.pk, {"guests": "邻村队"}, actor=actor)
    assert set(wrong.value.field_errors) == {"ours", "theirs"}
    closed = minutes.close(match.pk, {"guests": "邻村队", "ours": "58", "theirs": "61"}, actor=actor)
    assert closed.person_times == 60
    shown = page(hall, "赵兰", f"/desk/activities/{match.pk}")
    assert "邻村队" in shown and "58" in shown and "61" in shown
    found = queries.between(actor, at("2026-11-01 00:00"), at("2026-12-01 00:00"), name="friendly_match")
    assert [row.pk for row in found] == [match.pk]
