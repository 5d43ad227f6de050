"""M016 水管纠纷多次上门: the way back is bounded, the date brings the street; shares are the bill again, to the cent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gezhi.engines.workflows import ticking
from gezhi.foundation import people
from gezhi.foundation.errors import Invalid
from gezhi.foundation.expressions.functions import share
from tests.mechanisms import mechanism

pytestmark = mechanism("M016", file="packs/taoyuan-community/workflows/pipe.yaml")


def at_the_door(county):
    world = county("taoyuan-community")
    case = world.open("楼上下水管堵了，漏到楼下。", workflow="pipe")
    return world, world.do(case, "calmed", "赵兰", facts="三楼弯头。")


def test_the_parts_of_the_bill_are_the_bill_again(county):
    world, case = at_the_door(county)
    parts = {"up": 1, "down": 1, "others": 1}
    with pytest.raises(Invalid) as wrong:
        world.do(case, "agreed", "赵兰", bill=100, up=0, down=0, others=0)
    assert "bill" in wrong.value.field_errors
    with pytest.raises(Invalid):
        world.do(case, "agreed", "赵兰", bill="100.005", **parts)
    case = world.do(case, "agreed", "赵兰", bill=100, **parts)
    shares = [Decimal(case.kept[n]) for n in ("up_pays", "down_pays", "others_pay")]
    assert shares == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")] and sum(shares) == Decimal(
        case.kept["bill"]
    )
    with pytest.raises(Invalid) as wrong:
        world.do(case, "paid", "赵兰", got="99.99")
    assert "got" in wrong.value.field_errors
    world.do(case, "paid", "赵兰", got="100.00")
    assert world.do(case, "fine", "秦英").outcome == "done"


@given(
    cents=st.integers(0, 10_000_000),
    weights=st.lists(st.decimals(0, 100, places=2), min_size=2, max_size=8).filter(lambda w: sum(w) > 0),
)
def test_whatever_the_bill_and_the_parts(cents, weights):
    bill = Decimal(cents) / 100
    shares = [share(bill, Decimal(n), *weights) for n in range(1, len(weights) + 1)]
    assert sum(shares) == bill
    for paid, weight in zip(shares, weights, strict=True):
        assert abs(paid - bill * weight / sum(weights)) < Decimal("0.01")


def test_six_more_visits_then_the_street(county):
    world, case = at_the_door(county)
    for _n in range(6):
        case = world.do(case, "unwilling", "赵兰", said="不出钱。", helpers=2)
        assert case.stage == "visit"
    assert world.do(case, "unwilling", "赵兰", said="不出钱。", helpers=2).stage == "street"


def test_the_promised_day_does_not_move_with_the_visits_and_brings_the_street(county, at_ten):
    world, case = at_the_door(county)
    due = world.main(case).due_at
    at_ten.shift(timedelta(days=5))
    case = world.do(case, "unwilling", "赵兰", said="不出钱。", helpers=2)
    assert world.main(case).due_at == due == case.due_at
    at_ten.move_to(due + timedelta(hours=19))
    ticking.tick()
    assert world.main(case).rung == 1
    at_ten.shift(timedelta(days=5))
    ticking.tick()
    assert people.directory().seat(world.main(case).owner_seat).post == "street_officer"
