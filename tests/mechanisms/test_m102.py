"""M102 成果: 7 yards with charging posts, 430 square metres of paving; each figure opens to finished matters."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from gezhi.engines.registers import figures
from gezhi.engines.workflows.models import Case
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict, Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.roll import thing

pytestmark = mechanism("M102", file="packs/minzhu-street/registers/estate_result.yaml")
RESULTS = [("charging", "3", None), ("charging", "4", None), ("paving", None, "180"), ("paving", None, "250")]


def test_the_figures_add_up_and_drill_to_finished_matters(county, at_ten):
    world = county("minzhu-street")
    actor = world.actor("赵兰")
    done = [world.to_closed(world.open(f"第 {n} 件改造")) for n in range(len(RESULTS))]
    running = world.open("还没办的")

    def enter(n, sort, yards, metres, case):
        values = {"sort": sort, "case": case.number} | ({"yards": yards} if yards else {})
        values |= {"metres": metres} if metres else {}
        return subjects.enter("estate_result", thing(world, "asset", f"{n} 号院").pk, values, actor=actor)

    with pytest.raises(Invalid) as wrong:  # what is not finished is no result
        enter(9, "charging", "1", None, running)
    assert set(wrong.value.field_errors) == {"case"}
    for n, (sort, yards, metres) in enumerate(RESULTS):
        enter(n, sort, yards, metres, done[n])
    with pytest.raises(Conflict):  # a finished matter counts once
        enter(8, "charging", "4", None, done[1])
    cuts = {cut.value: cut.sums for cut in figures.figures(actor, "estate_result", "sort").cuts}
    assert cuts == {"charging": {"yards": Decimal(7)}, "paving": {"metres": Decimal(430)}}
    desk = Desk(world).of("赵兰")
    page = desk.get("/desk/registers/estate_result/figures?by=sort").content.decode()
    assert ">7<" in page and ">430<" in page and "cut=sort%3Acharging" in page
    lines = desk.get("/desk/registers/estate_result?cut=sort:charging").content.decode()
    entries = re.findall(r"/desk/registers/entries/(\d+)", lines)
    assert len(entries) == 2
    for entry, case in zip(entries, done[:2], strict=True):
        shown = desk.get(f"/desk/registers/entries/{entry}").content.decode()
        assert f"/desk/cases/{case.pk}" in shown and Case.objects.get(pk=case.pk).outcome == "done"
        assert desk.get(f"/desk/cases/{case.pk}").status_code == 200
