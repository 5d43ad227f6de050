"""M020 无主楼房改造: stages, a visit to the site each working day of the building stage, never more spent than committed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.foundation.errors import Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.duties import owed, publish
from tests.mechanisms.works import photo

pytestmark = [
    mechanism("M020", file="packs/taoyuan-community/workflows/renovation.yaml"),
    mechanism("M020", file="packs/taoyuan-community/duties/site-visit.yaml"),
    mechanism("M020", file="packs/taoyuan-community/registers/works_site.yaml"),
]


@pytest.fixture
def begun(county, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = county("taoyuan-community")
    publish()
    case = world.open("老楼没有物业，墙皮掉。", place="lake", workflow="renovation")
    case = world.do(case, "found", "赵兰", state="四层，没有产权单位。", households=32)
    begin = {"site": "无主楼", "project": "外墙", "works_until": "2026-12-18", "needs": 90000}
    with pytest.raises(Invalid) as refused:
        world.do(case, "planned", "赵兰", taken_up="无")
    assert "taken_up" in refused.value.field_errors
    world.do(case, "heard", "赵兰", idea="先修楼梯。")
    case = world.do(case, "planned", "赵兰", taken_up="先修楼梯。")
    world.do(case, "promised", "赵兰", sum=60000, from_whom="街道")
    with pytest.raises(Invalid) as refused:
        world.do(case, "begin", "赵兰", **begin)
    assert "needs" in refused.value.field_errors and not owed(world, "赵兰", "site-visit")
    world.do(case, "promised", "赵兰", sum=40000, from_whom="住户")
    return world, world.do(case, "begin", "赵兰", **begin)


def test_somebody_is_owed_on_site_each_working_day_of_the_building_stage_only(begun, at_ten):
    world, case = begun
    found = {}
    for day in range(6):  # Wednesday 18 to Monday 23 November
        due = owed(world, "赵兰", "site-visit")
        found[18 + day] = [o.period for o in due if o.period == f"2026-11-{18 + day}"]
        at_ten.shift(timedelta(days=1))
    assert {day for day, keys in found.items() if keys} == {18, 19, 20, 23}
    world.do(case, "built", "赵兰", after=photo(world, "赵兰", "b1"))
    at_ten.shift(timedelta(days=1))
    assert [o for o in owed(world, "赵兰", "site-visit") if o.period == "2026-11-25"] == []


def test_never_more_spent_than_committed_and_another_accepts(begun):
    world, case = begun
    case = world.do(case, "pay", "赵兰", amount=70000, for_what="材料")
    with pytest.raises(Invalid) as refused:
        world.do(case, "pay", "赵兰", amount="30000.01", for_what="人工")
    assert "amount" in refused.value.field_errors
    case = world.do(case, "pay", "赵兰", amount=30000, for_what="人工")
    assert (case.kept["spent"], case.kept["committed"]) == ("100000", "100000")
    world.do(case, "built", "赵兰", after=photo(world, "赵兰", "b2"))
    assert world.do(case, "right", "周敏", finding="符合方案。").outcome == "done"
