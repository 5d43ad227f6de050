"""Sub-cases: one for each place, opened and counted by jobs; the parent goes on when enough have ended."""

import pytest

from gezhi.engines.workflows import actions, children
from gezhi.engines.workflows.models import CLOSED, OPEN, Case
from gezhi.foundation import events
from gezhi.foundation.calendar import clock
from gezhi.foundation.jobs import registry
from gezhi.foundation.jobs.claims import drain
from gezhi.foundation.jobs.models import Job
from gezhi.foundation.places import actions as ground
from tests.foundation.people.county import SETUP

from . import joint
from .joint import open_items


@pytest.fixture(autouse=True)
def _installed(world):
    registry.discover()
    joint.install(world)


def swept(world, *places):
    case = world.open("排查各处的井盖。", workflow="joint")
    case = world.do(case, "sweep", "赵兰", places=[world.places[name] for name in places])
    drain()
    return case


def the_children(case):
    return list(Case.objects.filter(parent_id=case.id).order_by("place_id"))


def end(world, child, action="seen"):
    by = {"lake1": "秦英", "lake2": "李禾", "hill1": "孙田"}
    name = next(n for n, p in world.places.items() if p == child.place_id)
    world.do(child, action, by[name])
    drain()


def test_one_case_a_place_with_its_own_seat_and_clock(world):
    case = swept(world, "lake1", "lake2", "hill1")
    found = the_children(case)
    assert {c.place_id for c in found} == {world.places[n] for n in ("lake1", "lake2", "hill1")}
    assert {c.owner_seat for c in found} == {world.seats[n] for n in ("grid", "grid2", "hill_grid")}
    assert {(c.workflow, c.channel, c.state) for c in found} == {("look_once", "case", OPEN)}
    assert open_items(case)[""].stage == "sweeping"


def test_two_that_count_let_the_parent_go_on_and_the_rest_stay_with_their_owners(world):
    case = swept(world, "lake1", "lake2", "hill1")
    first, second, third = the_children(case)
    end(world, first)
    case.refresh_from_db()
    assert case.stage == "sweeping"
    end(world, second, "not_needed")  # ended, but not with an outcome that counts
    case.refresh_from_db()
    assert case.stage == "sweeping"
    end(world, third)
    case.refresh_from_db()
    assert (case.state, case.outcome) == (CLOSED, "done")
    assert events.history(f"case:{case.id}")[-1].kind == "case.gathered"
    assert events.verify().findings == []


def test_the_rest_goes_on_after_the_parent_has_closed(world):
    case = swept(world, "lake1", "lake2", "hill1")
    first, second, third = the_children(case)
    end(world, first)
    end(world, second)
    case.refresh_from_db()
    third.refresh_from_db()
    assert (case.state, third.state, third.owner_seat) == (CLOSED, OPEN, world.seats["hill_grid"])
    end(world, third)
    assert [e.kind for e in events.history(f"case:{case.id}")].count("case.gathered") == 1


def test_when_all_have_ended_and_too_few_count_nothing_waits_for_ever(world):
    case = swept(world, "lake1", "lake2")
    for child in the_children(case):
        end(world, child, "not_needed")
    case.refresh_from_db()
    assert case.state == CLOSED


def test_a_job_that_runs_twice_opens_nothing_twice(world):
    case = swept(world, "lake1", "lake2")
    number = open_items(case)[""].number
    children.open_all(case.id, number)
    assert len(the_children(case)) == 2


def test_a_place_closed_before_its_case_was_opened_is_left_out(world, at_ten):
    case = world.open(workflow="joint")
    case = world.do(case, "sweep", "赵兰", places=[world.places["lake2"], world.places["hill1"]])
    ground.close(world.places["hill1"], actor=SETUP, on=clock.today())
    drain()
    (only,) = the_children(case)
    end(world, only)
    case.refresh_from_db()
    assert case.state == CLOSED


def test_the_owner_may_end_it_early_and_a_late_child_changes_nothing(world):
    case = swept(world, "lake1", "lake2")
    world.do(case, "stop", "赵兰")
    for child in the_children(case):
        end(world, child)
    case.refresh_from_db()
    assert case.state == CLOSED and case.event_seq == 3  # opened, sweep, stop
    assert not Job.objects.filter(name="case.child_closed", state="dead").exists()


def test_closing_a_child_locks_one_case_and_only_leaves_a_job(world):
    case = swept(world, "lake1", "lake2")
    child = Case.objects.get(parent_id=case.id, place_id=world.places["lake1"])
    before = Case.objects.get(pk=case.id).event_seq
    actions.fire(child.id, "seen", item=None, expected_seq=None, actor=world.actor("秦英"), data={})
    assert Case.objects.get(pk=case.id).event_seq == before
    assert Job.objects.filter(name="case.child_closed", key=f"{case.id}:{child.id}:1").exists()
