"""M026 停车位重新规划: spaces before and after from the asset register; finished only with the visits that were promised."""

from __future__ import annotations

import pytest

from gezhi.foundation.errors import Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.works import asset, line, photo

pytestmark = mechanism("M026", file="packs/xinxing-community/workflows/parking_plan.yaml")


def test_counts_come_from_the_register_and_it_ends_with_the_visits(county, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = county("xinxing-community")
    lot = asset(world, "parking", "东门停车场", spaces=40, hardened=False)
    case = world.open("车位少，乱停。", workflow="parking_plan")
    case = world.do(case, "go", "赵兰", lot=lot.pk, before=4000, plan="硬化，重新画线。", to_ask=5)
    assert case.kept["before"] == "40"  # what was typed in does not count
    case = world.do(case, "marked", "赵兰", after=66, photos=photo(world, "赵兰", "p1"))
    shown = line(world, "parking", lot.pk)
    assert (str(shown.values["spaces"]), case.kept["after"]) == ("66", "66")
    for n in range(5):
        with pytest.raises(Invalid) as early:
            world.do(case, "finish", "秦英", summary="都说好。")
        assert "summary" in early.value.field_errors
        case = world.do(case, "asked", "秦英", content="not" if n < 2 else "content", said="好停了。")
    assert (case.kept["asked_so_far"], case.kept["pleased"]) == ("5", "3")
    assert world.do(case, "finish", "秦英", summary="三户满意。").outcome == "done"


def test_a_lot_of_another_village_cannot_be_chosen(county):
    world = county("xinxing-community")
    lot = asset(world, "parking", "东门停车场", spaces=40)
    case = world.open("车位少。", place="hill1", workflow="parking_plan")
    with pytest.raises(Invalid) as refused:
        world.do(case, "go", "钱立", lot=lot.pk, plan="画线。", to_ask=5)
    assert "lot" in refused.value.field_errors
