"""Forks and joins: several branches with their own seats and clocks, one accountable trunk, nothing left running."""

import pytest

from gezhi.engines.workflows import actions, queries, views
from gezhi.engines.workflows.models import CLOSED, OPEN, Case
from gezhi.foundation import events, people
from gezhi.foundation.db import count_queries, revisions
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound

from . import joint
from .joint import open_items


@pytest.fixture(autouse=True)
def _installed(world):
    joint.install(world)


def test_every_branch_has_its_seat_and_the_trunk_answers_for_all(world):
    case = joint.together(world, "power", "water")
    running = open_items(case)
    assert {b: i.owner_seat for b, i in running.items()} == {
        "": world.seats["city"],
        "together:lead": world.seats["city"],
        "together:assist#1": world.seats["power"],
        "together:assist#2": world.seats["water"],
    }
    assert (case.stage, case.owner_seat) == ("together", world.seats["city"])
    fork = running[""]
    assert {i.fork for b, i in running.items() if b} == {fork.number}
    # The assisting units have two days, the lead and the whole the promise: late when the first of them is.
    assert case.late_at == running["together:assist#1"].due_at < fork.due_at == case.due_at


def test_the_join_waits_for_all_and_then_goes_on(world):
    case = joint.together(world, "power", "water")
    running = open_items(case)
    world.do(case, "done", "陈军", item=running["together:assist#1"].number)
    world.do(case, "done", "马东", item=running["together:lead"].number)
    assert set(open_items(case)) == {"", "together:assist#2"}
    case = world.do(case, "done", "水远", item=running["together:assist#2"].number)
    assert case.stage == "sign" and set(open_items(case)) == {""}
    by_number = {i.number: i for i in joint.items(case)}
    assert (by_number[running[""].number].state, by_number[running[""].number].action) == ("done", "joined")
    assert events.verify().findings == []


def test_who_led_does_not_sign_for_it_but_the_seat_above(world):
    case = joint.at_sign(world)
    item = open_items(case)[""]
    assert item.owner_seat == world.seats["dispatch"] and world.people["马东"] in item.barred
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "approve", "马东")
    assert world.do(case, "approve", "方晓").stage == "publicity"


def test_an_action_without_an_item_goes_to_the_only_one_it_can_mean(world):
    case = joint.together(world, "power")
    world.do(case, "done", "陈军")
    assert "together:assist#1" not in open_items(case)
    assert world.do(case, "done", "马东").stage == "sign"


def test_with_two_of_ones_own_the_item_must_be_named(world):
    case = joint.together(world, "city")  # the same seat leads and assists
    with pytest.raises(Invalid) as refused:
        world.do(case, "done", "马东")
    assert refused.value.code == "case.which_item"
    assert len(open_items(case)) == 3


def test_a_colleague_of_another_branch_may_not_finish_this_one(world):
    case = joint.together(world, "power", "water")
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "done", "水远", item=open_items(case)["together:assist#1"].number)


def test_any_of_an_inner_fork_stops_its_brother_and_only_it(world):
    case = joint.together(world, "power")
    world.do(case, "split", "马东", item=open_items(case)["together:lead"].number)
    inner = open_items(case)
    assert set(inner) == {
        "", "together:lead", "together:lead/inner:a", "together:lead/inner:b", "together:assist#1",
    }  # fmt: skip
    world.do(case, "done_b", "马东", item=inner["together:lead/inner:b"].number)
    assert set(open_items(case)) == {"", "together:assist#1"}
    states = {i.stage: i.state for i in joint.items(case)}
    assert (states["inner_a"], states["inner_b"], states["inner"]) == ("cancelled", "done", "done")
    assert world.do(case, "done", "陈军").stage == "sign"
    assert events.verify().findings == []


def test_ending_from_inside_leaves_nothing_running(world):
    case = joint.together(world, "power", "water")
    world.do(case, "extend", "马东", item=open_items(case)["together:lead"].number, more="1 work_day")
    case = world.do(case, "drop", "陈军", item=open_items(case)["together:assist#1"].number)
    assert (case.state, case.outcome, case.owner_seat) == (CLOSED, "withdrawn", None)
    assert joint.items(case, state=OPEN) == []
    assert sorted(i.stage for i in joint.items(case, state="cancelled")) == [
        "assist_work", "extension", "lead_work", "together",
    ]  # fmt: skip
    assert events.verify().findings == []


def test_the_trunk_itself_can_call_all_off(world):
    case = joint.together(world, "power")
    assert world.do(case, "call_off", "马东").outcome == "withdrawn"
    assert joint.items(case, state=OPEN) == []


def test_an_extension_on_a_branch_moves_every_clock_that_is_the_promise(world):
    case = joint.together(world, "power")
    before, assisting = case.due_at, open_items(case)["together:assist#1"].due_at
    world.do(case, "extend", "马东", item=open_items(case)["together:lead"].number, more="2 work_day")
    assert joint.side(case).branch == "together:lead"
    case = world.do(case, "grant", "周敏", item=joint.side(case).number)
    now = open_items(case)
    assert now[""].due_at == now["together:lead"].due_at == case.due_at > before
    assert now["together:assist#1"].due_at == assisting


def test_a_question_of_one_branch_dies_with_its_branch_only(world):
    case = joint.together(world, "power")
    world.do(case, "extend", "马东", item=open_items(case)["together:lead"].number, more="2 work_day")
    world.do(case, "done", "陈军", item=open_items(case)["together:assist#1"].number)
    number = joint.side(case).number
    world.do(case, "done", "马东", item=open_items(case)["together:lead"].number)
    with pytest.raises(Conflict) as refused:
        world.do(case, "grant", "周敏", item=number)
    assert refused.value.code == "case.stale"


def test_lists_and_inboxes_show_one_case_and_each_ones_own_branch(world):
    case = joint.together(world, "power")
    mine = queries.inbox(world.actor("陈军"))
    assert [(t.item.branch, t.stage_title) for t in mine] == [("together:assist#1", "协办")]
    (row,) = queries.page(world.actor("方晓")).rows
    assert row.stage_title == "会办" and row.seat_label
    view = views.case_view(case.id, world.actor("马东"))
    assert {(p.item, p.action) for p in view.possible} >= {
        (open_items(case)[""].number, "call_off"),
        (open_items(case)["together:lead"].number, "done"),
    }
    assert [i.branch for i in view.branches] == ["together:lead", "together:assist#1"]
    # A supervisor's note stands once, not once a branch.
    assert len([p for p in views.case_view(case.id, world.actor("方晓")).possible if p.action == "note"]) == 1


def test_a_fork_costs_no_more_queries_for_more_branches(world):
    seats = list(world.seats.values())
    totals = []
    for count in (2, 2, 9):
        case = world.open(workflow="joint")
        actor = world.actor("赵兰")
        data = {"unit": world.seats["city"], "units": seats[:count]}
        revisions.forget()
        with count_queries() as seen:
            actions.fire(case.id, "spread", item=None, expected_seq=None, actor=actor, data=data, key=f"s{case.id}")
        totals.append(seen.total)
        actor = world.actor("马东")
        revisions.forget()
        with count_queries() as seen:
            actions.fire(case.id, "call_off", item=None, expected_seq=None, actor=actor, data={}, key=f"c{case.id}")
        totals.append(seen.total)
    assert totals[2:4] == totals[4:6] and max(totals[2:]) <= 12, "\n".join(seen.statements)
    assert Case.objects.filter(state=OPEN).count() == 0


def test_the_resident_sees_one_plain_line_while_several_work(world):
    case = joint.together(world, "power", "water")
    seen = views.public_view(case.code)
    assert seen.waits_for == people.directory().seat(world.seats["city"]).label
    assert [s.state for s in seen.steps].count("now") == 1
