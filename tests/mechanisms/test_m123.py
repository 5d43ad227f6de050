"""M123 电动车棚: the shed is an asset from the moment it is handed over, with its capacity and who inspects it, or not at all."""

from __future__ import annotations

import pytest

from gezhi.foundation import events, subjects
from gezhi.foundation.errors import Invalid, NotAllowed, NotFound
from tests.mechanisms import mechanism
from tests.mechanisms.works import photo

pytestmark = [
    mechanism("M123", file="packs/mengzhou/workflows/charging_shed.yaml"),
    mechanism("M123", file="packs/mengzhou/registers/charging_shed.yaml"),
]


def test_entered_at_handover_with_capacity_and_inspector(county, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = county("mengzhou")
    case = world.open("电动车没处充电，拉飞线。", place="lake", workflow="charging_shed")
    world.do(case, "go", "赵兰", where="三号楼东", wanted=101)
    world.do(case, "built", "赵兰", photos=photo(world, "赵兰", "s1"))
    given = {"shed": "三号楼车棚", "capacity": 108, "inspector": world.seats["grid"], "handed_over": "2026-11-18"}
    for missing in ("capacity", "inspector"):
        with pytest.raises(Invalid) as refused:
            world.do(case, "hand_over", "周敏", **{k: v for k, v in given.items() if k != missing})
        assert list(refused.value.field_errors) == [missing]
    with pytest.raises(Invalid):
        world.do(case, "hand_over", "周敏", **given | {"capacity": 100})
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "hand_over", "赵兰", **given)
    assert subjects.entries(world.actor("周敏"), "charging_shed").rows == ()
    assert world.do(case, "hand_over", "周敏", **given).outcome == "done"
    (row,) = subjects.entries(world.actor("周敏"), "charging_shed").rows
    assert (row.label, str(row.values["capacity"]), row.values["inspector"]) == (
        "三号楼车棚",
        "108",
        world.seats["grid"],
    )
    told = [e.patch["act"] for e in events.history(f"case:{case.id}") if e.kind == "case.hand_over"]
    assert told[0]["entry"] == row.entry_id and not events.verify().findings
