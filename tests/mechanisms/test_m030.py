"""M030 共建单位供料: a pledge is pending from the start; delivered + released = pledged."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.models import CLOSED, Case
from gezhi.foundation.errors import Invalid, NotAllowed
from gezhi.foundation.people import actions
from tests.environment import some
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism

pytestmark = mechanism("M030", file="packs/xincheng-street/workflows/pledge.yaml")


@pytest.fixture
def street(county):
    return county("xincheng-street")


def pledge(world, amount="30") -> Case:
    case = world.open("共建单位答应供一批防水涂料。", by="秦英", workflow="pledge", channel="counter")
    return world.do(case, "record", "赵兰", goods="防水涂料（桶）", amount=amount)


def book(case: Case) -> tuple[Decimal, ...]:
    kept = Case.objects.get(pk=case.id).kept
    return tuple(Decimal(kept[name]) for name in ("pledged", "delivered", "released"))


def test_a_pledge_is_pending_until_it_is_delivered_or_released(street):
    case = pledge(street)
    assert (case.stage, book(case)) == ("hold", (30, 0, 0))
    street.do(case, "deliver", "赵兰", amount="12.5", used_for="三号楼屋面")
    street.do(case, "release", "赵兰", amount=4)
    street.do(case, "deliver", "赵兰", amount="3.5", used_for="五号楼屋面")
    assert (street.main(case).stage, book(case)) == ("hold", (30, 16, 4))
    street.do(case, "settle", "赵兰")
    assert (street.main(case).stage, book(case)) == ("confirm", (30, 16, 14))
    case = street.do(case, "right", "秦英")
    assert (case.state, case.outcome) == (CLOSED, "done")


@pytest.mark.parametrize("action", ["deliver", "release"])
@pytest.mark.parametrize("amount", ["20.01", "1000", "0"])
def test_more_than_is_left_or_nothing_is_refused_at_the_field(street, action, amount):
    case = pledge(street)
    street.do(case, "deliver", "赵兰", amount=6, used_for="屋面")
    street.do(case, "release", "赵兰", amount=4)
    with pytest.raises(Invalid) as refused:
        street.do(case, action, "赵兰", amount=amount, **({"used_for": "屋面"} if action == "deliver" else {}))
    assert "amount" in refused.value.field_errors and book(case) == (30, 6, 4)


def test_a_pledge_of_nothing_is_none(street):
    case = street.open("共建单位答应供料。", by="秦英", workflow="pledge", channel="counter")
    with pytest.raises(Invalid):
        street.do(case, "record", "赵兰", goods="水泥（吨）", amount=0)


def test_what_nobody_asked_for_in_thirty_days_is_released_by_itself(street, at_ten):
    case = pledge(street)
    street.do(case, "deliver", "赵兰", amount=10, used_for="屋面")
    at_ten.shift(timedelta(days=29))
    ticking.tick()
    assert book(case) == (30, 10, 0)
    at_ten.shift(timedelta(days=2))
    while ticking.tick():
        pass
    assert (street.main(case).stage, book(case)) == ("confirm", (30, 10, 20))


def test_who_counted_is_not_who_held(street):
    # 赵兰 sits in the counting seat as well: the seat would let her, what she did does not.
    actions.appoint(street.seats["grid"], street.people["赵兰"], actor=SETUP)
    case = pledge(street)
    street.do(case, "settle", "赵兰")
    with pytest.raises(NotAllowed) as refused:
        street.do(case, "right", "赵兰")
    assert refused.value.code == "case.doer_verifies"


@settings(max_examples=some(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["deliver", "release"]), st.decimals("0.01", 40, places=2)), max_size=6))
def test_whatever_is_tried_it_adds_up_at_the_end(street, steps):
    case = pledge(street)
    for action, amount in steps:
        with contextlib.suppress(Invalid):
            street.do(case, action, "赵兰", amount=str(amount), **({"used_for": "屋面"} if action == "deliver" else {}))
        pledged, delivered, released = book(case)
        assert delivered + released <= pledged == 30 and delivered >= 0 and released >= 0
    street.do(case, "settle", "赵兰")
    pledged, delivered, released = book(case)
    assert delivered + released == pledged
