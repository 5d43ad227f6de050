"""Two things at one instant on different branches of a case, or between the clock and a person."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest

from gezhi.engines.workflows import access, ticking
from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.foundation import events
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Refusal
from tests.crash.test_two_officers import race
from tests.engines.workflows import joint
from tests.engines.workflows.joint import open_items
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 4


@pytest.fixture
def world(transactional_db, at_ten) -> World:
    world = World()
    joint.install(world)
    return world


def both_sign(world: World) -> tuple[Case, list[object]]:
    """The last two branches of a fork arrive at the same time."""
    case = joint.together(world, "power")
    part = open_items(case)
    return case, race(
        lambda: world.do(case, "done", "马东", item=part["together:lead"].number),
        lambda: world.do(case, "done", "陈军", item=part["together:assist#1"].number),
    )


def test_the_last_two_signatures_join_once(world):
    for _ in range(ROUNDS):
        case, outcomes = both_sign(world)
        assert all(isinstance(o, Case) for o in outcomes), outcomes
        case.refresh_from_db()
        assert case.stage == "sign" and set(open_items(case)) == {""}
        assert WorkItem.objects.filter(case_id=case.id, stage="sign").count() == 1
    assert events.verify().clean


def test_without_the_lock_neither_sees_the_others_signature(world):
    """The twin: both read before either writes, so each finds one branch missing; the chain lets only one be kept."""
    case = joint.together(world, "power")
    part = open_items(case)
    read = [(Case.objects.get(pk=case.id), list(case.items.order_by("number"))) for _ in range(2)]
    with mock.patch.object(access, "case_to_change", lambda _id: read.pop()):
        outcomes = race(
            lambda: world.do(case, "done", "马东", item=part["together:lead"].number),
            lambda: world.do(case, "done", "陈军", item=part["together:assist#1"].number),
        )
    assert sorted(getattr(o, "code", "") == "event.stale" for o in outcomes) == [False, True], outcomes
    case.refresh_from_db()
    assert case.stage == "together"  # a signature was lost, and nobody was told to look again


def test_time_and_an_objection_at_the_same_instant_are_one_of_the_two(world, at_ten):
    seen = set()
    for _ in range(ROUNDS):
        case = world.do(world.open(workflow="joint"), "publish", "赵兰")
        item = open_items(case)[""]
        at_ten.move_to(item.due_at + timedelta(seconds=1))
        now = clock.now()
        outcomes = race(lambda: world.do(case, "object"), lambda: ticking.look(case.id, item.number, now))  # noqa: B023
        case.refresh_from_db()
        seen.add(case.stage)
        kinds = [e.kind for e in events.history(f"case:{case.id}")]
        assert (case.stage, kinds.count("case.object"), kinds.count("case.time_over")) in (
            ("hear", 1, 0), ("closed", 0, 1),
        ), outcomes  # fmt: skip
    assert seen <= {"hear", "closed"} and events.verify().clean


def test_a_take_over_and_the_owners_click_are_one_after_the_other(world, at_ten):
    for _ in range(ROUNDS):
        case = world.open(workflow="joint")
        item = open_items(case)[""]
        at_ten.shift(timedelta(days=20))
        now = clock.now()
        clicked, _looked = race(
            lambda: world.do(case, "publish", "赵兰", item=item.number),  # noqa: B023
            lambda: ticking.look(case.id, item.number, now),  # noqa: B023
        )
        case.refresh_from_db()
        taken = "taken_from" in WorkItem.objects.get(case_id=case.id, number=item.number).ask
        if isinstance(clicked, Refusal):
            assert taken and clicked.code == "case.not_yours" and case.owner_seat == world.seats["dispatch"]
        else:
            assert case.stage == "publicity" and not taken
    assert events.verify().clean


def test_without_the_lock_a_click_meets_an_owner_who_is_none_any_more(world, at_ten):
    """The twin: the click was read before the take-over was written; only the chain refuses it."""
    case = world.open(workflow="joint")
    item = open_items(case)[""]
    read = (Case.objects.get(pk=case.id), list(case.items.order_by("number")))
    at_ten.shift(timedelta(days=20))
    ticking.look(case.id, item.number, clock.now())
    with mock.patch.object(access, "case_to_change", lambda _id: read), pytest.raises(Refusal) as refused:
        world.do(case, "publish", "赵兰", item=item.number)
    assert refused.value.code == "event.stale"  # 赵兰 no longer owns it, and nothing but the chain knew
