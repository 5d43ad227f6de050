"""Grids change while work is open: cases go with their ground, seats with their place, past bulletins stay as they were."""

from datetime import date, timedelta

import pytest
import time_machine

from gezhi.engines.workflows import replacing
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, Placing, WorkItem
from gezhi.foundation import db, events, measures, people
from gezhi.foundation.calendar import actions as calendar
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from gezhi.foundation.jobs import registry
from gezhi.foundation.jobs.claims import drain
from gezhi.foundation.people import actions
from gezhi.foundation.places import changes, effects, plans
from gezhi.foundation.places.plans import Part
from tests.foundation.people.county import SETUP
from tests.world import World

OCTOBER = "2026-10-14T02:00:00+00:00"
NOVEMBER = "2026-11-18T02:00:00+00:00"
ADMIN = people.system("places")


@pytest.fixture
def world(db):
    """October, Wednesday the 14th, ten in the morning."""
    with time_machine.travel(OCTOBER, tick=False):
        made = World()
        yield made


def split(world, grid="lake1", on=None):
    """`lake1` in two: the micro grid goes to 甲, the building to 乙 (the main one is 甲, named first)."""
    parts = [
        Part("甲网格", members=frozenset({world.places["lake1a"]})),
        Part("乙网格", members=frozenset({world.places["block7"]})),
    ]
    return plans.split(world.places[grid], parts, on=on)


def test_open_cases_follow_by_event_and_closed_ones_keep_their_history(world):
    old = world.places["lake1"]
    with time_machine.travel(NOVEMBER, tick=False):
        here, house, micro, beside = (world.open(place=p) for p in ("lake1", "block7", "lake1a", "lake2"))
        done = world.open()
        world.to_closed(done)
        change = changes.apply(split(world), actor=ADMIN)
        west, east = change.plan["news"]
        for case in (here, house, micro, beside, done):
            case.refresh_from_db()
        assert (here.place_id, here.grid_id) == (west, west)
        assert (house.place_id, house.grid_id) == (world.places["block7"], east)
        assert (micro.place_id, micro.grid_id) == (world.places["lake1a"], world.places["lake1a"])
        assert (beside.grid_id, beside.event_seq) == (world.places["lake2"], 1)
        assert (done.state, done.place_id, done.grid_id) == (CLOSED, old, old)
        last = events.history(f"case:{house.id}")[-1]
        assert last.kind == "case.replaced" and last.patch["grid_id"] == east and last.actor_name == "places"
        assert last.patch["placing:1"]["grid_id"] == old
        assert replacing.follow(effects.effect_of(change), ADMIN) == 0  # and again without effect
        assert events.verify().findings == []


def test_the_seat_of_a_split_grid_lives_on_at_its_successors_and_its_work_with_it(world):
    case = world.open()
    world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    before = WorkItem.objects.get(case_id=case.id, state=OPEN, side=False)
    change = changes.apply(split(world), actor=ADMIN)
    west, east = change.plan["news"]
    directory = people.directory()
    (new,) = directory.seats_at(west, "grid_worker")
    (vacant,) = directory.seats_at(east, "grid_worker")
    case.refresh_from_db()
    item = world.main(case)
    assert item.number == before.number and item.due_at == before.due_at
    assert item.owner_seat == case.owner_seat == case.handler_seat == new.id
    assert directory.seats[world.seats["grid"]].closed and directory.seats_at(world.places["lake1"]) == ()
    assert directory.holders(new.id) == (world.people["秦英"],) and directory.holders(vacant.id) == ()
    # Whoever held the old seat goes on acting, and the click of the moment before is not lost.
    world.do(case, "finish", "秦英", result="换了灯。")
    assert events.verify().findings == []


def test_merged_villages_bring_their_seats_together(world):
    actions.appoint(world.seat("village_secretary", "ridge"), world.person("冯远"), actor=SETUP)
    case = world.open(place="hill1")
    merged = plans.merge([world.places["hill"], world.places["ridge"]], Part("南北岭村民委员会"))
    (village,) = changes.apply(merged, actor=ADMIN).plan["news"]
    (seat,) = people.directory().seats_at(village, "village_secretary")
    assert set(people.directory().holders(seat.id)) == {world.people["钱立"], world.people["冯远"]}
    case.refresh_from_db()
    assert (case.village_id, case.grid_id, case.owner_seat) == (village, world.places["hill1"], seat.id)
    assert events.verify().findings == []


def test_a_village_under_another_town_takes_its_cases_along(world):
    case = world.open(place="hill1")
    changes.apply(plans.move([world.places["hill"]], world.places["east"]), actor=ADMIN)
    case.refresh_from_db()
    assert (case.town_id, case.village_id) == (world.places["east"], world.places["hill"])
    assert case.owner_seat == world.seats["hill_secretary"]


def test_cases_follow_on_the_day_and_not_before(world):
    case = world.open()
    tomorrow = clock.today() + timedelta(days=1)
    change = changes.apply(split(world, on=tomorrow), actor=ADMIN)
    case.refresh_from_db()
    assert case.grid_id == world.places["lake1"] and change.state == "planned"
    late = world.open()  # also what is opened in between
    with time_machine.travel(clock.now() + timedelta(days=1), tick=False):
        registry.discover()
        drain()
        for each in (case, late):
            each.refresh_from_db()
            assert each.grid_id == change.plan["news"][0]
        assert people.directory().seats[world.seats["grid"]].closed
        assert events.verify().findings == []


def test_a_case_written_with_the_old_picture_is_caught_by_the_second_look(world):
    change = changes.apply(split(world), actor=ADMIN)
    case = world.open(place="lake2")
    with db.write():  # as a request would have left it that began before the split and committed after
        Case.objects.filter(pk=case.id).update(
            place_id=world.places["lake1"], grid_id=world.places["lake1"], owner_seat=world.seats["grid"]
        )
        WorkItem.objects.filter(case_id=case.id).update(owner_seat=world.seats["grid"])
    with time_machine.travel(clock.now() + effects.AGAIN, tick=False):
        registry.discover()
        drain()
        case.refresh_from_db()
        west = change.plan["news"][0]
        assert (case.place_id, case.grid_id) == (west, west)
        assert people.directory().seats[world.main(case).owner_seat].place_id == west


def test_the_preview_says_what_then_happens(world):
    cases = [world.open(place=place) for place in ("lake1", "lake1", "block7", "lake1a", "lake2")]
    world.do(cases[0], "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    plan = split(world)
    with db.revisions.scope(), count_queries() as q:
        people.directory()
        seen = replacing.preview(plan)
    assert q.total <= 4  # the revisions, cases, items
    assert (seen.cases, seen.items, seen.to) == (4, 1, {0: 3, 1: 1})
    change = changes.apply(plan, actor=ADMIN)
    west, east = change.plan["news"]
    assert Case.objects.filter(grid_id__in=[west, world.places["lake1a"]]).count() == 3
    assert Case.objects.filter(grid_id=east).count() == 1


def figures(world, place, period):
    """Everything October says about a place: totals, by grid, by village and by unit."""
    ids = ("reported", "open", "open_late", "need_close", "late", "closed_on_time_rate", "carried")
    when = {"period": measures.parse_period(period), "place": world.places[place]}
    said = [measures.measure(ids, **when)]
    said += [
        (row.group, row.figures) for by in ("grid", "village", "unit") for row in measures.table(ids, by=by, **when)
    ]
    return said


def test_what_a_past_month_counted_stays_counted_where_it_was(world):
    cases = [world.open(place=p) for p in ("lake1", "lake1", "block7", "lake2")]
    world.do(cases[0], "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    with time_machine.travel(NOVEMBER, tick=False):
        before = {p: figures(world, p, "2026-10") for p in ("lake1", "lake2", "lake", "east", "county")}
        change = changes.apply(split(world), actor=ADMIN)
        assert Placing.objects.count() == 3
        after = {p: figures(world, p, "2026-10") for p in before}
        assert after == before
        grid = next(row for row in after["lake"] if isinstance(row, tuple) and row[0] == world.places["lake1"])
        opened = measures.opened_by(grid[1]["reported"].opens)
        assert set(opened.values_list("id", flat=True)) == {case.id for case in cases[:3]}
    with time_machine.travel("2026-12-02T02:00:00+00:00", tick=False):
        # November knows the new grids, and October still the old one.
        november = measures.table(
            ("open",), by="grid", period=measures.parse_period("2026-11"), place=world.places["lake"]
        )
        assert {row.group for row in november} == {*change.plan["news"], world.places["lake2"]}
        assert list(figures(world, "lake", "2026-10")) == before["lake"]


def test_a_second_change_keeps_both_pasts_apart(world):
    case = world.open(place="lake1")
    with time_machine.travel("2026-11-10T02:00:00+00:00", tick=False):
        first = changes.apply(split(world), actor=ADMIN)
    with time_machine.travel("2026-12-10T02:00:00+00:00", tick=False):
        second = changes.apply(plans.merge(first.plan["news"], Part("合网格")), actor=ADMIN)
        rows = {
            month: [
                row.group
                for row in measures.table(
                    ("open",), by="grid", period=measures.parse_period(f"2026-{month}"), place=world.places["lake"]
                )
            ]
            for month in (10, 11, 12)
        }
        assert rows == {10: [world.places["lake1"]], 11: [first.plan["news"][0]], 12: second.plan["news"]}
        case.refresh_from_db()
        assert case.grid_id == second.plan["news"][0] and events.verify().findings == []


def test_three_hundred_open_cases_a_split_and_a_holiday_while_clocks_run(world):
    """Every open case keeps one seat that somebody answers for and one running clock; verify has nothing to say."""
    where = ("lake1", "block7", "lake2", "lake1a", "hill1")
    cases = [world.open(place=where[n % 5]) for n in range(300)]
    for case in cases[:40:5]:
        world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    with time_machine.travel("2026-10-16T02:00:00+00:00", tick=False):
        due = dict(WorkItem.objects.filter(state=OPEN, side=False).values_list("case_id", "due_at"))
        with count_queries() as q:
            change = changes.apply(split(world), actor=ADMIN)
        assert q.total < 130  # batches, not cases
        gone = world.places["lake1"]
        assert not Case.objects.filter(state=OPEN).filter(grid_id=gone).exists()
        assert not Case.objects.filter(place_id=gone).exists()
        assert dict(WorkItem.objects.filter(state=OPEN, side=False).values_list("case_id", "due_at")) == due
        moved = Case.objects.filter(grid_id__in=change.plan["news"]).count()
        assert moved == 120 and Placing.objects.count() == 120
        calendar.import_holidays([(date(2026, 10, 19), "临时放假", False)], actor=SETUP)
        directory = people.directory()
        for item in WorkItem.objects.filter(state=OPEN, side=False):
            assert not directory.seats[item.owner_seat].closed and directory.effective(item.owner_seat).persons
            assert item.due_at is not None and item.due_at >= due[item.case_id]
        assert Case.objects.filter(state=OPEN, late_at__isnull=True).count() == 0
        assert events.verify().findings == []
