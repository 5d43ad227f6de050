"""M132 边沟清理: photos before and after; the length comes from the asset register and nobody clears more than that."""

from __future__ import annotations

import pytest

from gezhi.foundation.errors import Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.works import asset, line, photo

pytestmark = mechanism("M132", file="packs/yongxingtun-village/workflows/ditch_works.yaml")


def test_before_and_after_and_the_length_of_the_register(county, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = county("yongxingtun-village")
    ditch = asset(world, "ditch", "村北边沟", length=318)
    case = world.open("边沟堵了，雨天漫上路。", workflow="ditch_works")
    with pytest.raises(Invalid) as refused:
        world.do(case, "go", "赵兰", ditch=ditch.pk)
    assert list(refused.value.field_errors) == ["before"]
    case = world.do(case, "go", "赵兰", ditch=ditch.pk, before=photo(world, "赵兰", "d1"))
    assert case.kept["length"] == "318"
    done = {"renewed_on": "2026-11-17", "after": photo(world, "赵兰", "d2")}
    with pytest.raises(Invalid) as refused:
        world.do(case, "cleared", "赵兰", metres=319, **done)
    assert list(refused.value.field_errors) == ["metres"]
    with pytest.raises(Invalid):
        world.do(case, "cleared", "赵兰", metres=318, renewed_on="2026-11-17")
    world.do(case, "cleared", "赵兰", metres=318, **done)
    assert str(line(world, "ditch", ditch.pk).values["renewed_on"]) == "2026-11-17"
    assert world.do(case, "right", "秦英", seen="水走得快。").outcome == "done"
