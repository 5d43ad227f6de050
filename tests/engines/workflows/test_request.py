"""The residents' loop, version 2: what it can do beside the straight line."""

from datetime import timedelta

import pytest

from gezhi.engines.workflows import queries, views
from gezhi.engines.workflows.models import CLOSED, OPEN
from gezhi.engines.workflows.queries import Filters
from gezhi.foundation import events
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound

from .joint import items, open_items, side, tick


def jointly(world):
    case = world.open("水管爆了，半条街没水。")
    return world.do(
        case, "dispatch_joint", "赵兰", unit=world.seats["water"], units=[world.seats["city"], world.seats["power"]]
    )


def test_three_units_in_parallel_sign_together_and_somebody_else_verifies(world):
    case = jointly(world)
    assert (case.stage, case.sort, case.owner_seat) == ("joint", "big", world.seats["water"])
    part = open_items(case)
    world.do(case, "lead_done", "水远", item=part["joint:lead"].number, result="换了管。")
    world.do(case, "assist_done", "马东", item=part["joint:assist#1"].number, result="补了路面。")
    case = world.do(case, "assist_done", "陈军", item=part["joint:assist#2"].number, result="断了电又送上。")
    assert case.stage == "joint_sign"
    for by in ("马东", "陈军", "水远"):
        case = world.do(case, "countersign", by)
    assert case.stage == "joint_sum"
    case = world.do(case, "finish", "水远", result="水通了，路也补了。")
    assert (case.stage, set(open_items(case))) == ("verify", {""}) and case.handled_at is not None
    barred = set(open_items(case)[""].barred)
    assert {world.people[n] for n in ("水远", "马东", "陈军")} <= barred
    world.do(case, "pass", "秦英")
    assert world.do(case, "solved", rating="very").outcome == "done"
    assert events.verify().findings == []


def test_one_breaches_and_the_supervision_climbs_for_that_one(world, at_ten):
    case = jointly(world)
    part = open_items(case)
    world.do(case, "lead_done", "水远", item=part["joint:lead"].number, result="换了管。")
    world.do(case, "assist_done", "马东", item=part["joint:assist#1"].number, result="补了路面。")
    at_ten.move_to(case.due_at + timedelta(hours=18))  # the next morning: half an hour and an hour of work have gone by
    tick()
    case.refresh_from_db()
    late = open_items(case)["joint:assist#2"]
    assert late.breached_at is not None and late.owner_seat == world.seats["power"]
    assert case.supervised_by is not None and case.late_at < clock.now()
    at_ten.move_to(case.due_at + timedelta(days=1))
    tick()
    assert open_items(case)["joint:assist#2"].owner_seat == world.seats["dispatch"]


def test_parking_is_asked_drafted_and_ruled_and_the_resident_is_told_why_and_until_when(world, at_ten):
    case = world.to_handle(world.open())
    day = (clock.today() + timedelta(days=20)).isoformat()
    world.do(case, "park", "马东", reason="要等配件，厂家下月才产。", next_date=day)
    assert side(case).owner_seat == world.seats["street"]
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "park_put", "马东", item=side(case).number, opinion="同意")
    world.do(case, "park_put", "周敏", item=side(case).number, opinion="情况属实。")
    case = world.do(case, "park_approve", "于沐阳", item=side(case).number)
    assert case.stage == "parked" and case.counters["parkings"] == 1
    seen = views.public_view(case.code)
    assert seen.waits_until == case.parked_until and "账" in seen.now_says
    assert any("配件" in e.said.get("reason", "") for e in seen.answers)
    promised = case.due_at
    at_ten.move_to(case.parked_until + timedelta(minutes=1))
    tick()
    case.refresh_from_db()
    assert case.stage == "handle" and case.due_at > promised + timedelta(days=19)
    assert open_items(case)[""].due_at == case.due_at


def test_what_can_go_on_earlier_goes_on_earlier(world):
    case = world.to_handle(world.open())
    world.do(case, "park", "马东", reason="等配件。", next_date=(clock.today() + timedelta(days=20)).isoformat())
    world.do(case, "park_put", "周敏", item=side(case).number, opinion="属实。")
    world.do(case, "park_approve", "于沐阳", item=side(case).number)
    assert world.do(case, "resume", "周敏", reason="配件到了。").stage == "handle"


def test_a_parked_matter_is_listed_as_such_and_its_pause_is_not_lateness(world, at_ten):
    case = world.to_handle(world.open())
    world.do(case, "park", "马东", reason="等配件。", next_date=(clock.today() + timedelta(days=30)).isoformat())
    world.do(case, "park_put", "周敏", item=side(case).number, opinion="属实。")
    case = world.do(case, "park_approve", "于沐阳", item=side(case).number)
    at_ten.shift(timedelta(days=20))  # well past the promise
    street = world.actor("周敏")
    assert [row.id for row in queries.supervision(street).parked] == [case.id]
    assert queries.supervision(street).overdue == []
    assert queries.page(street, Filters(parked=True, q="灯坏了")).rows == []  # not indexed yet, but no error
    bar = views.case_view(case.id, street).bar
    assert "parked" in {s.hue for s in bar.segments} and "overdue" not in {s.hue for s in bar.segments}
    assert bar.due_at == case.parked_until


def test_parking_until_a_day_that_has_passed_is_refused_at_the_field(world):
    case = world.to_handle(world.open())
    with pytest.raises(Invalid) as refused:
        gone = (clock.today() - timedelta(days=1)).isoformat()
        world.do(case, "park", "马东", reason="等配件。", next_date=gone)
    assert "已经过去了" in str(refused.value.field_errors["next_date"])
    case.refresh_from_db()
    assert case.stage == "handle" and items(case, state=OPEN, side=True) == []


def test_parking_refused_moves_nothing(world):
    case = world.to_handle(world.open())
    before = case.due_at
    world.do(case, "park", "马东", reason="等配件。", next_date=clock.today().isoformat())
    case = world.do(case, "park_refuse", "周敏", item=side(case).number, reason="配件街道有。")
    assert (case.stage, case.due_at) == ("handle", before) and items(case, state=OPEN, side=True) == []


def test_not_accepting_takes_a_ground_and_a_second_person(world):
    case = world.open("要求法院改判。")
    with pytest.raises(Invalid) as refused:
        world.do(case, "decline", "赵兰", reason="不归我们。")
    assert set(refused.value.field_errors) == {"ground"}
    world.do(case, "decline", "赵兰", ground="court", reason="民事诉讼法规定的诉讼事项。")
    item = side(case)
    case.refresh_from_db()
    assert case.stage == "triage" and world.people["赵兰"] in item.barred
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "decline_approve", "赵兰", item=item.number, answer="不受理。")
    case = world.do(case, "decline_approve", "方晓", item=item.number, answer="请向法院申请再审，可到司法所问。")
    assert (case.state, case.outcome, case.kept["ground"]) == (CLOSED, "not_accepted", "court")
    assert any("再审" in e.said.get("answer", "") for e in views.public_view(case.code).answers)
    assert world.do(case, "reopen", why="我要求的不是改判。").stage == "triage_street"


def test_a_matter_dispatched_meanwhile_can_no_longer_be_not_accepted(world):
    case = world.open()
    world.do(case, "decline", "赵兰", ground="court", reason="依据某条。")
    number = side(case).number
    world.do(case, "dispatch", "赵兰", sort="big", unit=world.seats["city"])
    with pytest.raises(Conflict):
        world.do(case, "decline_approve", "方晓", item=number, answer="不受理。")


def test_what_belongs_outside_is_transferred_with_words_for_the_resident(world):
    case = world.do(world.open(), "pass_up", "赵兰", reason="不归县里。")
    case = world.do(case, "transfer", "周敏", outside="铁路段", ground="铁路用地归铁路管。", how="打 12306 转工务段。")
    assert case.outcome == "transferred"
    assert any("12306" in e.said.get("how", "") for e in views.public_view(case.code).answers)


def test_a_false_closure_is_counted_and_goes_one_level_up(world):
    case = world.to_follow_up(world.open())
    case = world.do(case, "false_closure", "赵兰", finding="电话里说没人来过。")
    assert (case.stage, case.false_closures, case.solved) == ("lift", 1, "no")
    assert (case.handled_at, case.verified_at) == (None, None)
    item = open_items(case)[""]
    assert item.owner_seat == world.seats["street"]  # above the community that found out
    assert {world.people["马东"], world.people["赵兰"]} <= set(item.barred)
    assert world.do(case, "dispatch", "周敏", sort="big", unit=world.seats["city"]).stage == "sign"
    assert events.verify().findings == []


@pytest.mark.parametrize(
    ("at", "stage"), [("2026-11-18T15:00:00+00:00", "duty"), ("2026-11-18T02:00:00+00:00", "triage")]
)
def test_what_cannot_wait_goes_to_whoever_is_on_duty(world, at_ten, at, stage):
    at_ten.move_to(at)
    case = world.open("水管爆了", urgent=True)
    assert case.stage == stage
    if stage == "duty":
        assert case.owner_seat == world.seats["street"]  # nobody holds the duty post: it falls to the duty desk
        assert world.do(case, "dispatch", "周敏", sort="big", unit=world.seats["water"]).stage == "sign"


def test_two_returns_then_a_named_seat_settles_it(world):
    case = world.to_sign(world.open())
    for _round in range(2):
        world.do(case, "return", "马东", ground="产权在电力。", proposed=world.seats["power"])
        world.do(case, "dispatch", "周敏", sort="big", unit=world.seats["city"])
    case = world.do(case, "return", "马东", ground="还是产权。", proposed=world.seats["power"])
    assert (case.stage, case.owner_seat, case.returns) == ("arbitrate", world.seats["dispatch"], 2)
