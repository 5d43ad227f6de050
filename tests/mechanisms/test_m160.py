"""M160 街道点单、上级派单、讲师接单: open, offered, accepted or declined with a reason; nobody twice at once; silence goes on."""

from __future__ import annotations

import pytest

from gezhi.engines.matching import planning, signing
from gezhi.engines.matching.models import Hold
from gezhi.engines.workflows import ticking
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import HOUR, at

pytestmark = mechanism("M160", file="packs/zhongzhan-district/workflows/teaching_order.yaml")


@pytest.fixture
def district(county, at_ten):
    world = county("zhongzhan-district")
    world.seat("star_street", "east", "街道点")
    world.seat("star_district", "county", "区委统")
    world.seat("star_task_force", "county", "专班派")
    world.lecturers = {n: world.seat("star_lecturer", "county", n, label=n) for n in ("讲甲", "讲乙", "讲丙")}
    return world


def order(world, day="2026-12-02", part="am"):
    case = world.open("想听一堂基层治理课。", place="lake", workflow="teaching_order")
    assert case.stage == "order"
    return world.do(case, "place", "街道点", topic="网格治理", day=day, part=part)


def offered(world, **more):
    case = world.do(order(world, **more), "offer", "专班派")
    assert case.stage == "offered"
    return case


def asked(world, case):
    seat = world.main(case).owner_seat
    return next((n for n, s in world.lecturers.items() if s == seat), seat)


def test_an_order_is_dispatched_offered_one_by_one_accepted_and_judged_by_the_street(district, at_ten):
    case = order(district)
    with pytest.raises((NotAllowed, NotFound)):
        district.do(case, "offer", "街道点")
    case = district.do(case, "offer", "专班派")
    assert asked(district, case) == "讲甲"
    with pytest.raises((NotAllowed, NotFound)):
        district.do(case, "accept", "讲乙")
    with pytest.raises(Invalid):
        district.do(case, "decline", "讲甲")  # not without a reason
    case = district.do(case, "decline", "讲甲", why="那天在外地")
    assert asked(district, case) == "讲乙"
    case = district.do(case, "accept", "讲乙")
    assert (case.stage, case.handler_seat) == ("teach", district.lecturers["讲乙"])
    with pytest.raises(Invalid) as early:
        district.do(case, "done", "讲乙", came=42)
    assert set(early.value.field_errors) == {"came"}, "not before the day of the class"
    at_ten.move_to(at(f"{case.kept['day']} 12:00"))
    district.do(case, "done", "讲乙", came=42)
    with pytest.raises((NotAllowed, NotFound)):
        district.do(case, "helped", "讲乙")
    case = district.do(case, "helped", "街道点")
    assert (case.outcome, case.kept["came"], case.solved) == ("done", "42", "yes")
    refused = district.do(order(district), "refuse", "专班派", why="没有这门课")
    assert refused.outcome == "refused"


def test_what_is_not_answered_in_a_working_day_is_offered_to_the_next(district, at_ten):
    case = offered(district)
    for day, name in (("2026-11-19", "讲乙"), ("2026-11-20", "讲丙")):
        at_ten.move_to(at(f"{day} 17:00"))
        while ticking.tick():
            pass
        assert asked(district, case) != name
        at_ten.move_to(at(f"{day} 19:00"))
        while ticking.tick():
            pass
        assert asked(district, case) == name
    with pytest.raises((NotAllowed, NotFound)):
        district.do(case, "accept", "讲甲")  # the offer has gone on
    assert district.do(case, "accept", "讲丙").stage == "teach"


def test_nobody_teaches_two_at_once_and_a_time_given_back_is_free(district):
    first, second, evening = offered(district), offered(district), offered(district, part="evening")
    district.do(first, "accept", "讲甲")
    with pytest.raises(Conflict) as refused:
        district.do(second, "accept", "讲甲")
    assert refused.value.code == "session.busy"
    assert district.main(second).stage == "offered" and district.do(evening, "accept", "讲甲").stage == "teach"
    held = sorted((h.starts, h.ends) for h in Hold.objects.filter(lane=f"who:p:{district.people['讲甲']}"))
    assert held == [(at("2026-12-02 08:30"), at("2026-12-02 11:30")), (at("2026-12-02 19:00"), at("2026-12-02 21:00"))]
    first = district.do(first, "fails", "讲甲", why="临时有会")
    assert first.stage == "dispatch"
    assert district.do(second, "accept", "讲甲").stage == "teach"


def test_a_meeting_binds_as_an_order_does(district):
    case = offered(district)
    start = at("2026-12-02 09:00")
    row = planning.plan(
        "branch_meeting", district.places["lake"], start, start + HOUR, actor=district.actor("赵兰"), invite=False,
        roles={"host": "赵兰"},
    )  # fmt: skip
    signing.sign_up(row.pk, district.people["讲甲"], actor=district.actor("赵兰"))
    with pytest.raises(Conflict):
        district.do(case, "accept", "讲甲")
