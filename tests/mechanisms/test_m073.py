"""M073 代办养老认证·代买药: one check due per elder and year; money laid out for medicine is pending until it is repaid."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.duties import actions, closing, queries
from gezhi.engines.duties.climbing import climb
from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.models import CLOSED, OPEN
from gezhi.foundation.errors import Conflict, Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.duties import enter, owed, person, publish
from tests.mechanisms.meetings import at

pytestmark = mechanism("M073", file="packs/yueshi-village/duties/pension-check.yaml")


def test_one_check_an_elder_and_year_and_a_missed_one_is_not_forgotten(county, at_ten):
    world = county("yueshi-village")
    publish()
    elders = [
        person(world, n, born=b) for n, b in (("秦老", "1950-03-05"), ("周老", "1958-01-01"), ("小吴", "1990-01-01"))
    ]
    for who in elders:
        enter("village_elder", who, medicine=False)
    lines = owed(world, "秦英", "pension-check")
    assert {(o.subject_id, o.period) for o in lines} == {(e.pk, "2026") for e in elders[:2]}  # sixty and over
    actions.fulfil("pension-check", elders[0].pk, "2026", {"way": "phone"}, actor=world.actor("秦英"))
    with pytest.raises(Conflict):
        actions.fulfil("pension-check", elders[0].pk, "2026", {"way": "phone"}, actor=world.actor("秦英"))
    at_ten.move_to(at("2027-01-01 00:30"))
    closing.close_windows()
    at_ten.move_to(at("2027-01-11 10:00"))
    climb()
    told = [o.subject_id for o, _row in queries.climbed(world.actor("赵兰")) if o.rule.name == "pension-check"]
    assert told == [elders[1].pk]
    now = {(o.subject_id, o.period, o.state) for o in owed(world, "秦英", "pension-check")}
    assert now == {(elders[1].pk, "2026", "missed"), (elders[0].pk, "2027", "open"), (elders[1].pk, "2027", "open")}


@pytest.fixture
def laid_out(county):
    world = county("yueshi-village")
    case = world.open(
        "降压药吃完了，帮忙买一盒。", workflow="medicine", consent="本人在家同意", by="秦英", channel="field"
    )
    with pytest.raises(Invalid):
        world.do(case, "bought", "秦英", amount="0")
    return world, world.do(case, "bought", "秦英", amount="46.50")


def test_what_was_laid_out_is_pending_until_it_is_all_back_and_somebody_else_asked(laid_out):
    world, case = laid_out
    assert numbers(case) == (46.5, 0, 0) and case.stage == "pending"
    with pytest.raises(Invalid) as refused:
        world.do(case, "settled", "秦英", amount="40")
    assert set(refused.value.field_errors) == {"amount"}
    case = world.do(case, "part", "秦英", amount="20")
    with pytest.raises(Invalid):
        world.do(case, "part", "秦英", amount="26.51")  # more than is pending
    assert (case.stage, case.state, numbers(case)) == ("pending", OPEN, (46.5, 20, 0))
    case = world.do(case, "settled", "秦英", amount="26.50")
    assert (case.stage, world.main(case).owner_seat) == ("confirm", world.seats["secretary"])
    case = world.do(case, "right", "赵兰")
    assert case.state == CLOSED and numbers(case) == (46.5, 46.5, 0)


def test_what_is_not_repaid_in_time_climbs_and_what_the_fund_bears_makes_it_even(laid_out, at_ten):
    world, case = laid_out
    world.do(case, "part", "秦英", amount="6.5")
    at_ten.shift(timedelta(days=20))
    while ticking.tick():
        pass
    assert world.main(case).breached_at is not None and world.main(case).rung == 1
    world.do(case, "cannot", "秦英", why="老人手头紧")
    case = world.do(case, "bear", "赵兰", voucher="帮扶金 3 号")
    assert case.state == CLOSED and numbers(case) == (46.5, 6.5, 40)


def numbers(case):
    return tuple(float(case.kept[name]) for name in ("advanced", "repaid", "borne"))
