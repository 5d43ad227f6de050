"""M119 你教我讲: each order is answered by a teacher or a reason; a teacher is in one place at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.workflows import ticking
from gezhi.foundation.errors import Conflict, Invalid
from tests.mechanisms import mechanism

pytestmark = mechanism("M119", file="packs/mengzhou/workflows/training_order.yaml")


@pytest.fixture
def city(county, at_ten):
    world = county("mengzhou")
    world.orders = [world.open(f"想学第 {n} 样。", place="lake", workflow="training_order") for n in range(4)]
    return world


def taken(world, case, part="am", teacher="city", day="2026-11-25"):
    return world.do(case, "taken", "周敏", teacher=world.seats[teacher], day=day, part=part)


def test_each_order_is_answered_by_a_teacher_or_a_reason_or_climbs(city, at_ten):
    first, second, third, _fourth = city.orders
    with pytest.raises(Invalid) as refused:
        city.do(first, "taken", "周敏", teacher=city.seats["city"], day="2026-11-25")
    assert "part" in refused.value.field_errors
    assert taken(city, first).stage == "teach"
    with pytest.raises(Invalid):
        city.do(second, "cannot", "周敏")
    assert city.do(second, "cannot", "周敏", reason="今年没有这门课。").outcome == "refused"
    at_ten.shift(timedelta(days=9))
    while ticking.tick():
        pass
    assert city.main(third).breached_at is not None and city.main(third).rung == 1


def test_a_teacher_is_not_in_two_places_and_another_hour_or_teacher_will_do(city):
    first, second, third, fourth = city.orders
    taken(city, first)
    with pytest.raises(Conflict) as refused:
        taken(city, second)
    assert refused.value.code == "session.busy"
    assert city.main(second).stage == "answer" and (second.kept or {}).get("day") is None
    assert taken(city, second, part="pm").stage == "teach"
    assert taken(city, third, teacher="power").stage == "teach"
    city.do(first, "fails", "马东", why="病了")
    assert taken(city, fourth).stage == "teach"  # the morning is free again
    with pytest.raises(Conflict):
        taken(city, first)
    assert taken(city, first, day="2026-11-26").stage == "teach"
