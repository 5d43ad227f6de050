"""The ladder after a deadline: reminded, supervised, taken over, each once."""

from datetime import datetime, timedelta

import pytest

from gezhi.foundation import events
from gezhi.foundation.calendar import clock, deadline, parse_limit
from gezhi.foundation.errors import NotAllowed

from . import joint
from .joint import open_items


@pytest.fixture(autouse=True)
def _installed(world):
    joint.install(world)


def rungs(case):
    return [r for e in events.history(f"case:{case.id}") for r in e.patch.get("act", {}).get("rungs", ())]


def climb(case, at_ten, to):
    """Let the clock job run every twenty minutes until `to`."""
    while clock.now() < to:
        at_ten.shift(timedelta(minutes=20))
        joint.tick()
    case.refresh_from_db()


def test_remind_then_supervise_then_take_over_each_once(world, at_ten):
    case = world.open(workflow="joint")
    world.do(case, "take", "赵兰")
    item = open_items(case)[""]
    due = item.due_at
    climb(case, at_ten, deadline(due, parse_limit("1 work_hour")) + timedelta(minutes=21))
    assert [r["do"] for r in rungs(case)] == ["remind"] and case.supervised_at is None
    climb(case, at_ten, deadline(due, parse_limit("2 work_hour")) + timedelta(minutes=21))
    assert case.supervised_by == world.seats["street"] and case.owner_seat == world.seats["secretary"]
    climb(case, at_ten, deadline(due, parse_limit("1 work_day")) + timedelta(minutes=21))
    item.refresh_from_db()
    assert item.owner_seat == case.owner_seat == world.seats["dispatch"]
    assert (item.ask["taken_from"], item.person_id) == (world.seats["secretary"], None)
    taken_at = datetime.fromisoformat(item.ask["taken_at"])
    assert item.due_at == deadline(taken_at, parse_limit("1 work_day")) and case.late_at == item.due_at
    assert item.breached_at is not None  # the first owner's breach stays on the record
    climb(case, at_ten, item.due_at + timedelta(days=3))
    assert [r["do"] for r in rungs(case)] == ["remind", "supervise", "take_over"]
    kinds = [e.kind for e in events.history(f"case:{case.id}")]
    assert kinds.count("item.breached") == 2 and kinds.count("item.warned") == 2
    item.refresh_from_db()
    assert item.next_at is None and "breached_again" in item.ask
    assert events.verify().findings == []


def test_who_lost_it_may_no_longer_act_and_the_taker_may(world, at_ten):
    case = world.open(workflow="joint")
    climb(case, at_ten, deadline(open_items(case)[""].due_at, parse_limit("1 work_day")) + timedelta(minutes=21))
    with pytest.raises(NotAllowed) as refused:
        world.do(case, "publish", "赵兰")
    assert refused.value.code == "case.not_yours"
    assert world.do(case, "publish", "丁禾").stage == "publicity"


def test_all_rungs_missed_while_the_system_slept_are_done_in_one_event(world, at_ten):
    case = world.open(workflow="joint")
    at_ten.shift(timedelta(days=20))
    joint.tick()
    assert [r["do"] for r in rungs(case)] == ["remind", "supervise", "take_over"]
    (one,) = [e for e in events.history(f"case:{case.id}") if e.kind == "item.escalated"]
    assert one.patch["owner_seat"] == world.seats["dispatch"]
    item = open_items(case)[""]
    assert item.due_at > clock.now() and item.next_at == item.warn_at
