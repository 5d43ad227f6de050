"""M109 保姆式服务: an accident is a checklist, each line with its own date and its own clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, WorkItem
from gezhi.foundation.errors import Invalid, NotAllowed, NotFound
from tests.mechanisms import mechanism

pytestmark = mechanism("M109", file="packs/qinnan-transport/workflows/accident.yaml")
# Opened on Wednesday 18 November 2026, 10:00 in Shanghai; worked out by hand.
DUE = {
    "people": "2026-11-18 11:00",  # within the hour
    "insurer": "2026-11-20 10:00",  # 48 hours
    "liability": "2026-11-24 00:00",  # the day with the police, the 23rd, to its end
    "survey": "2026-11-21 00:00",  # the day with the surveyor, the 20th, to its end
    "repair": "2026-12-09 18:00",  # the end of the 15th working day
    "claim": "2026-12-16 18:00",  # the end of the 20th
}
LIST = {"happened_on": "2026-11-17", "police_on": "2026-11-23", "survey_on": "2026-11-20"}


@pytest.fixture
def home(county):
    world = county("qinnan-transport")
    world.seat("driver_helper", "east", "帮办员")
    world.seat("fleet_lead", "east", "车队书记")
    return world


def accident(world) -> Case:
    case = world.open("货车在路口追尾，人没大事。", workflow="accident")
    return world.do(case, "list", "帮办员", **LIST)


def lines(case: Case) -> dict[str, WorkItem]:
    return {i.stage: i for i in WorkItem.objects.filter(case_id=case.id, state=OPEN).exclude(branch="")}


def shanghai(item: WorkItem) -> str:
    return (item.due_at.astimezone(UTC) + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M")


def test_every_line_of_the_list_runs_at_once_with_its_own_clock(home):
    case = accident(home)
    assert {stage: shanghai(item) for stage, item in lines(case).items()} == DUE


def test_a_line_is_ticked_off_with_its_date_and_only_that_one_stops(home):
    case = accident(home)
    one = lines(case)["insurer"]
    with pytest.raises(Invalid) as refused:
        home.do(case, "tick", "帮办员", item=one.number)
    assert "done_on" in refused.value.field_errors
    home.do(case, "tick", "帮办员", item=one.number, done_on="2026-11-18")
    assert set(lines(case)) == set(DUE) - {"insurer"}
    with pytest.raises((NotAllowed, NotFound)):
        home.do(case, "tick", "秦英", item=lines(case)["people"].number, done_on="2026-11-18")


def test_a_line_that_is_late_is_seen_at_its_own_time_while_the_others_run(home, at_ten):
    case = accident(home)
    at_ten.shift(timedelta(hours=1, minutes=1))
    while ticking.tick():
        pass
    assert {stage for stage, item in lines(case).items() if item.breached_at} == {"people"}
    assert Case.objects.get(pk=case.id).late_at == lines(case)["people"].due_at


def test_the_list_is_done_when_every_line_is_and_the_driver_has_the_last_word(home):
    case = accident(home)
    for stage, item in lines(case).items():
        assert Case.objects.get(pk=case.id).stage == "checklist"
        if stage == "people":
            case = home.do(case, "not_needed", "帮办员", item=item.number, why="人没事")
        else:
            case = home.do(case, "tick", "帮办员", item=item.number, done_on="2026-11-18")
    assert (case.stage, case.owner_seat is not None) == ("word", True)
    with pytest.raises((NotAllowed, NotFound)):
        home.do(case, "record", "帮办员", solved="yes")  # whoever did it does not confirm it
    case = home.do(case, "solved")
    assert (case.state, case.outcome, case.solved) == (CLOSED, "done", "yes")


def test_dates_before_the_accident_are_refused_at_the_field(home):
    case = home.open("货车追尾。", workflow="accident")
    with pytest.raises(Invalid) as refused:
        home.do(case, "list", "帮办员", **{**LIST, "survey_on": "2026-11-16"})
    assert set(refused.value.field_errors) == {"survey_on"}
    assert datetime.fromisoformat(home.do(case, "list", "帮办员", **LIST).kept["survey_on"]).day == 20
