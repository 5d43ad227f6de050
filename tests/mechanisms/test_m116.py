"""M116 红色应急响应: the call-out by roster within minutes, and every lorry's load = delivered + returned.

Of the acceptance check this is the call-out and the load; drivers' hours and routes are the matching engine's.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from gezhi.engines.workflows import queries, ticking
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, WorkItem
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, NotAllowed, NotFound
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism

pytestmark = mechanism("M116", file="packs/qinnan-transport/workflows/call_out.yaml")
LORRIES = ("豫H-1", "豫H-2", "豫H-3")


@pytest.fixture
def fleet(county):
    """Two seats of contacts: 一班 by roster (甲 on until noon, then 乙), 二班 of 丙; 队长 above them."""
    world = county("qinnan-transport")
    first = world.seat("fleet_caller", "east", label="一班")
    now, noon = clock.now() - timedelta(hours=2), clock.now() + timedelta(hours=2)
    rows = [
        actions.NewShift(first, world.person("联络甲"), now, noon),
        actions.NewShift(first, world.person("联络乙"), noon, noon + timedelta(hours=8)),
    ]
    actions.plan_shifts(rows, actor=SETUP)
    second = world.seat("fleet_caller", "east", label="二班")
    actions.plan_shifts([actions.NewShift(second, world.person("联络丙"), now, noon + timedelta(hours=8))], actor=SETUP)
    world.seat("fleet_lead", "east", "车队书记")
    world.seat("yard_clerk", "east", "核数员")
    world.lorries = {name: world.seat("lorry", "east", f"司机{name}", label=name) for name in LORRIES}
    return world


def called(world, case: Case) -> set[str]:
    names = ("联络甲", "联络乙", "联络丙", "车队书记", "周敏")
    return {n for n in names if case.id in {t.case.id for t in queries.inbox(world.actor(n))}}


def minutes(at_ten, count: float) -> None:
    at_ten.shift(timedelta(minutes=count))
    while ticking.tick():
        pass


def out(world, *lorries: str) -> tuple[Case, dict[str, WorkItem]]:
    case = world.open("河水上涨，要往北岭送帐篷。", workflow="call_out")
    seats = [world.lorries[name] for name in lorries]
    world.do(case, "answer", "联络甲", lorries=seats, road="走北环，行业党委说南环淹了。")
    names = {seat: name for name, seat in world.lorries.items()}
    return case, {names[i.owner_seat]: i for i in WorkItem.objects.filter(case_id=case.id, state=OPEN, stage="load")}


def at(case: Case, item: WorkItem) -> WorkItem:
    return WorkItem.objects.get(case_id=case.id, state=OPEN, branch=item.branch)


def test_who_is_on_the_roster_is_called_first(fleet, at_ten):
    case = fleet.open("河水上涨，要车。", workflow="call_out")
    assert called(fleet, case) == {"联络甲"}
    at_ten.shift(timedelta(hours=2, minutes=1))
    other = fleet.open("又要车。", workflow="call_out")
    assert called(fleet, other) == {"联络乙"}  # by the roster of that hour


def test_who_does_not_answer_in_six_minutes_is_passed_to_the_next(fleet, at_ten):
    case = fleet.open("河水上涨，要车。", workflow="call_out")
    minutes(at_ten, 5)
    assert called(fleet, case) == {"联络甲"}
    minutes(at_ten, 1.1)
    assert called(fleet, case) == {"联络丙"}
    with pytest.raises((NotAllowed, NotFound)):
        fleet.do(case, "cannot", "联络甲")
    minutes(at_ten, 5.5)
    assert called(fleet, case) == {"联络丙"}
    minutes(at_ten, 1)
    assert called(fleet, case) == {"车队书记"}  # the roster is exhausted: the one above
    minutes(at_ten, 7)
    assert called(fleet, case) == {"周敏"}
    assert WorkItem.objects.get(case_id=case.id, state=OPEN).opened_at == case.opened_at  # one call, one clock


def test_the_calling_ends_and_leaves_somebody_with_it(fleet, at_ten):
    case = fleet.open("河水上涨，要车。", workflow="call_out")
    minutes(at_ten, 600)
    for _ in range(30):
        minutes(at_ten, 7)
    item = WorkItem.objects.get(case_id=case.id, state=OPEN)
    assert item.ask.get("all_asked") and item.owner_seat and item.breached_at
    asked = item.ask["passed"]
    assert len(asked) == len(set(asked)) and item.owner_seat not in asked  # everybody once


def test_who_cannot_says_so_and_the_next_is_called_at_once(fleet):
    case = fleet.open("河水上涨，要车。", workflow="call_out")
    fleet.do(case, "cannot", "联络甲")
    assert called(fleet, case) == {"联络丙"}


def test_every_lorry_has_a_load_of_its_own_and_loaded_is_delivered_and_returned(fleet):
    case, load = out(fleet, *LORRIES)
    for name, amount in zip(LORRIES, (40, 25, 10), strict=True):
        fleet.do(case, "loaded", f"司机{name}", item=load[name].number, amount=amount)
    one, two, three = (load[name] for name in LORRIES)
    fleet.do(case, "deliver", "司机豫H-1", item=at(case, one).number, amount=30, where="北岭小学")
    with pytest.raises(Invalid) as refused:  # 10 are on this lorry, whatever the others carry
        fleet.do(case, "deliver", "司机豫H-1", item=at(case, one).number, amount=11, where="北岭小学")
    assert "amount" in refused.value.field_errors
    fleet.do(case, "deliver", "司机豫H-2", item=at(case, two).number, amount=25, where="南岗")
    for name, item in zip(LORRIES, (one, two, three), strict=True):
        case = fleet.do(case, "back", f"司机{name}", item=at(case, item).number)
    kept = case.kept
    each = {
        item.branch: tuple(Decimal(kept[f"{n}@{item.branch}"]) for n in ("loaded", "delivered", "returned"))
        for item in (one, two, three)
    }
    assert list(each.values()) == [(40, 30, 10), (25, 25, 0), (10, 0, 10)]
    assert all(loaded == delivered + returned for loaded, delivered, returned in each.values())
    # At the yard the lorries are summed up, and somebody else counts.
    assert case.stage == "count"
    with pytest.raises(Invalid):
        fleet.do(case, "right", "核数员", counted=19)
    with pytest.raises((NotAllowed, NotFound)):
        fleet.do(case, "right", "司机豫H-1", counted=20)
    case = fleet.do(case, "right", "核数员", counted=20)
    assert (case.state, case.outcome) == (CLOSED, "done")


def test_a_lorry_that_was_not_needed_carries_nothing(fleet):
    case, load = out(fleet, "豫H-1", "豫H-2")
    fleet.do(case, "loaded", "司机豫H-1", item=load["豫H-1"].number, amount=5)
    fleet.do(case, "stand_down", "司机豫H-2", item=load["豫H-2"].number)
    case = fleet.do(case, "back", "司机豫H-1", item=at(case, load["豫H-1"]).number)
    assert case.stage == "count"
    fleet.do(case, "right", "核数员", counted=5)


def test_no_driver_acts_for_another_lorry(fleet):
    case, load = out(fleet, "豫H-1", "豫H-2")
    with pytest.raises((NotAllowed, NotFound)):
        fleet.do(case, "loaded", "司机豫H-1", item=load["豫H-2"].number, amount=5)
