"""M184 三分三合: a register of the plan: every plot in exactly one of three zones, by a villagers' decision; areas by zone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gezhi.engines.registers import figures
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict, Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.roll import ago, thing

pytestmark = mechanism("M184", file="packs/guanwangmiao-village/registers/zone_plan.yaml")
PLOTS = [("living", "homes", "12.5"), ("production", "land", "300"), ("production", "land", "120.25"),
         ("ecology", None, "80"), ("living", "elders", "6")]  # fmt: skip


def test_three_zones_apart_three_things_together(county, at_ten):
    world = county("guanwangmiao-village")
    actor = world.actor("赵兰")
    plots = [thing(world, "asset", f"{n} 号地块") for n in range(len(PLOTS))]
    for plot, (zone, gathered, area) in zip(plots, PLOTS, strict=True):
        values = {"zone": zone, "area": area, "decision": "村民会议〔2026〕3号"}
        values |= {"gathered": gathered} if gathered else {}
        subjects.enter("zone_plan", plot.pk, values, actor=actor, since=ago(30))
    by_zone = figures.figures(actor, "zone_plan", "zone")
    areas = {cut.value: cut.sums["area"] for cut in by_zone.cuts}
    assert areas == {"living": Decimal("18.5"), "production": Decimal("420.25"), "ecology": Decimal("80")}
    assert sum(areas.values()) == by_zone.whole.sums["area"] == Decimal("518.75")
    gathered = {cut.value: cut.lines for cut in figures.figures(actor, "zone_plan", "gathered").cuts}
    assert gathered == {"homes": 1, "land": 2, "elders": 1, "": 1}
    with pytest.raises(Conflict):  # a plot lies in one zone
        subjects.enter("zone_plan", plots[0].pk, {"zone": "ecology", "area": "1", "decision": "再定"}, actor=actor)
    with pytest.raises(Invalid) as refused:
        subjects.enter("zone_plan", thing(world, "asset", "新地块").pk, {"zone": "sea", "area": "1"}, actor=actor)
    assert set(refused.value.field_errors) == {"zone", "decision"}
    page = Desk(world).of("赵兰").get("/desk/registers/zone_plan/figures?by=zone").content.decode()
    assert "420.25" in page and "518.75" in page and "cut=zone%3Aproduction" in page
