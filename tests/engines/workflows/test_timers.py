"""Time that runs out by itself: publicity, parking, and what may happen before it does."""

from datetime import date, timedelta
from shutil import copytree

import pytest

from gezhi.engines.workflows import queries, ticking
from gezhi.engines.workflows.models import CLOSED, OPEN
from gezhi.foundation import events, packs
from gezhi.foundation.calendar import clock, deadline, import_holidays, parse_limit
from gezhi.foundation.errors import Conflict, Invalid
from tests.foundation.people.county import SETUP

from . import joint
from .joint import open_items


@pytest.fixture(autouse=True)
def _installed(world):
    joint.install(world)


def published(world):
    return world.do(world.open(workflow="joint"), "publish", "赵兰")


def parked(world, day=date(2026, 12, 1)):
    case = joint.at_sign(world)
    world.do(case, "park", "方晓", next_date=day.isoformat())
    world.do(case, "put", "丁禾", item=joint.side(case).number)
    return world.do(case, "rule", "于沐阳", item=joint.side(case).number)


def test_publicity_ends_by_itself_and_that_is_no_breach(world, at_ten):
    case = published(world)
    item = open_items(case)[""]
    assert item.next_at == item.due_at == deadline(clock.now(), parse_limit("5 work_day"))
    at_ten.move_to(item.due_at - timedelta(minutes=1))
    joint.tick()
    case.refresh_from_db()
    assert case.stage == "publicity"
    at_ten.shift(timedelta(minutes=2))
    joint.tick()
    case.refresh_from_db()
    item.refresh_from_db()
    assert (case.state, case.outcome) == (CLOSED, "done")
    assert (item.state, item.breached_at, item.done_by, item.action) == ("done", None, None, "time_over")
    assert events.history(f"case:{case.id}")[-1].kind == "case.time_over"
    assert events.verify().findings == []


def test_an_objection_diverts_and_the_last_one_is_heard_for_good(world, at_ten):
    case = published(world)
    assert world.do(case, "object").stage == "hear"
    assert world.do(case, "again", "方晓").stage == "publicity"
    assert world.do(case, "object").stage == "hear_last"
    at_ten.shift(timedelta(days=30))
    joint.tick()
    case.refresh_from_db()
    assert case.stage == "hear_last"  # the publicity that was diverted does not end later


def test_nobody_ends_the_time_by_hand(world):
    case = published(world)
    with pytest.raises(Exception) as refused:
        world.do(case, "time_over", "方晓")
    assert refused.value.code == "not_allowed"


def test_a_chain_of_approval_parks_and_time_brings_it_back(world, at_ten):
    case = joint.at_sign(world)
    promised = case.due_at
    world.do(case, "park", "方晓", next_date="2026-11-25")
    draft = joint.side(case)
    assert (draft.stage, draft.owner_seat) == ("park_draft", world.seats["dispatch"])
    assert world.people["方晓"] in draft.barred  # who asks does not draft
    with pytest.raises(Conflict):
        world.do(case, "park", "丁禾", next_date="2026-11-26")
    world.do(case, "put", "丁禾", item=draft.number)
    rule = joint.side(case)
    assert rule.stage == "park_rule" and set(rule.barred) == {world.people["方晓"], world.people["丁禾"]}
    case.refresh_from_db()
    assert case.stage == "sign"  # asking moves nothing
    since = clock.now()
    case = world.do(case, "rule", "于沐阳", item=rule.number)
    timer = open_items(case)[""]
    assert (case.stage, case.parked_until, case.kept["next_date"]) == ("parked", timer.due_at, "2026-11-25")
    assert clock.local(timer.due_at - timedelta(seconds=1)).date() == date(2026, 11, 25)
    assert joint.items(case, state=OPEN, side=True) == []
    (row,) = queries.page(world.actor("方晓")).rows
    assert row.clock == "parked" and case.late_at == timer.due_at
    at_ten.move_to(timer.due_at + timedelta(seconds=1))
    joint.tick()
    case.refresh_from_db()
    assert (case.stage, case.parked_until) == ("sign", None)
    # Parked from Wednesday ten o'clock to Wednesday midnight: the promise moves on by the working time between.
    assert case.due_at > promised + (clock.now() - since) - timedelta(days=2)
    assert case.due_at > clock.now() and case.promised["more"]
    assert events.verify().findings == []


def test_parking_is_never_longer_than_its_bound(world, at_ten):
    case = parked(world, date(2029, 1, 1))
    assert case.parked_until == deadline(clock.now(), parse_limit("90 calendar_day"))


def test_a_kept_day_may_be_waited_for_to_an_hour_before_it(world, at_ten, tmp_path):
    pack = tmp_path / "joint"
    copytree(joint.folder(), pack)
    (tmp_path / "standard-county").symlink_to(joint.PACKS / "standard-county")
    for file in (pack / "pack.yaml", *pack.glob("workflows/*.yaml")):
        words = file.read_text("utf-8").replace("version: 1", "version: 2", 1)
        eve = 'until: next_date, by: "20:00", before: 1, max'
        file.write_text(words.replace("until: next_date, max", eve), "utf-8")
    packs.install(pack, actor=SETUP)
    case = parked(world, date(2026, 12, 1))
    assert case.version == 2 and case.parked_until == clock.midnight(date(2026, 11, 30)) + timedelta(hours=20)
    at_ten.move_to(case.parked_until + timedelta(seconds=1))
    joint.tick()
    case.refresh_from_db()
    assert case.stage == "sign"


def test_parking_ends_after_two_times(world, at_ten):
    case = parked(world)
    for _again in range(2):
        at_ten.move_to(case.parked_until + timedelta(seconds=1))
        joint.tick()
        case.refresh_from_db()
        assert case.stage == "sign"
        if _again == 0:
            day = (clock.today() + timedelta(days=3)).isoformat()
            world.do(case, "park", "方晓", next_date=day)
            world.do(case, "put", "丁禾", item=joint.side(case).number)
            case = world.do(case, "rule", "于沐阳", item=joint.side(case).number)
    with pytest.raises(Invalid) as refused:
        world.do(case, "park", "方晓", next_date="2026-12-30")
    assert refused.value.code == "case.used_up"


def test_approval_of_what_has_moved_on_is_refused(world):
    case = joint.at_sign(world)
    world.do(case, "park", "方晓", next_date="2026-12-01")
    number = joint.side(case).number
    world.do(case, "approve", "丁禾")
    with pytest.raises(Conflict) as refused:
        world.do(case, "put", "方晓", item=number)
    assert refused.value.code == "case.stale"


def test_a_holiday_imported_while_it_is_published_moves_its_end(world, at_ten):
    case = published(world)
    before = case.late_at
    rows = [{"date": "2026-11-20", "name": "试验日", "is_workday": False}]
    import_holidays(rows, actor=SETUP)
    case.refresh_from_db()
    assert open_items(case)[""].due_at > before
    assert events.verify().findings == []


def test_a_pause_is_counted_again_as_it_was(world, at_ten):
    case = parked(world, date(2026, 11, 20))
    at_ten.move_to(case.parked_until + timedelta(seconds=1))
    joint.tick()
    case.refresh_from_db()
    before = case.due_at
    import_holidays([{"date": "2027-03-03", "name": "试验日", "is_workday": False}], actor=SETUP)
    case.refresh_from_db()
    assert case.due_at == before


@pytest.mark.parametrize(("at", "urgent", "stage"), [
    ("2026-11-18T14:00:00+00:00", True, "night"),  # Wednesday 22:00
    ("2026-11-18T14:00:00+00:00", False, "intake"),
    ("2026-11-18T02:00:00+00:00", True, "intake"),
    ("2026-11-21T02:00:00+00:00", True, "night"),  # Saturday 10:00
])  # fmt: skip
def test_the_door_looks_at_the_hour(world, at_ten, at, urgent, stage):
    at_ten.move_to(at)
    case = world.open(workflow="joint", urgent=urgent)
    assert case.stage == stage and open_items(case)[""].stage == stage


def test_a_tick_that_comes_twice_ends_it_once(world, at_ten):
    case = published(world)
    item = open_items(case)[""]
    at_ten.move_to(item.due_at + timedelta(seconds=1))
    ticking.look(case.id, item.number, clock.now())
    ticking.look(case.id, item.number, clock.now())
    assert [e.kind for e in events.history(f"case:{case.id}")].count("case.time_over") == 1
