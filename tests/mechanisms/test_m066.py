"""M066 网格台账: yesterday's unfinished appear today until closed or handed over; none lost in hand-over."""

from datetime import timedelta

from gezhi.engines.workflows import queries
from gezhi.engines.workflows.models import CLOSED
from gezhi.foundation.people import actions as staff
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism

pytestmark = mechanism("M066", file="packs/standard-county/workflows/request.yaml")


def _today(world, name):
    return {task.case.id for task in queries.inbox(world.actor(name))}


def test_the_bag_ledger_carries_over_by_itself(county, at_ten):
    world = county("yueshi-village")
    cases = [world.open(text, place="lake1") for text in ("灯坏了", "水管漏", "路面坏")]
    for case in cases:
        world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    assert _today(world, "秦英") == {c.id for c in cases}
    world.do(cases[0], "finish", "秦英", result="换了灯。")
    at_ten.shift(timedelta(days=1))
    assert _today(world, "秦英") == {cases[1].id, cases[2].id}
    assert [t.case.id for t in queries.inbox(world.actor("秦英"))] == [cases[1].id, cases[2].id]  # oldest first


def test_nothing_is_lost_when_the_worker_is_replaced(county, at_ten):
    world = county("yueshi-village")
    cases = [world.open(f"第 {n} 件", place="lake1") for n in range(5)]
    for case in cases:
        world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    world.do(cases[0], "take", "秦英")
    at_ten.shift(timedelta(days=1))
    staff.vacate(world.seats["grid"], actor=SETUP)
    assert {c.id for c in cases} <= _today(world, "赵兰")  # the seat above answers while it is vacant
    staff.appoint(world.seats["grid"], world.person("新来的网格员"), actor=SETUP)
    assert _today(world, "新来的网格员") == {c.id for c in cases}
    for case in cases:
        world.do(case, "finish", "新来的网格员", result="办好了。")
        world.do(case, "pass", "赵兰")
        assert world.do(case, "solved").state == CLOSED
    assert _today(world, "新来的网格员") == set()
