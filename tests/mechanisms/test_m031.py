"""M031 清单式项目化: each listed project has owner, date, measure; none without the request or the plan it comes from."""

from __future__ import annotations

import pytest

from gezhi.foundation import subjects
from gezhi.foundation.errors import Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at
from tests.mechanisms.roll import thing

pytestmark = mechanism("M031", file="packs/xinhua-street/registers/street_project.yaml")


def test_no_project_without_owner_date_measure_and_where_it_comes_from(county, at_ten):
    world = county("xinhua-street")
    actor, case = world.actor("赵兰"), world.open("院里没有充电的地方。")
    whole = {
        "owner": world.seats["secretary"], "due": "2026-12-10", "measure": "三个院装好能用", "comes_from": "request",
        "request": case.number,
    }  # fmt: skip
    row = thing(world, "matter", "装充电桩")

    def refused(values, *fields):
        with pytest.raises(Invalid) as wrong:
            subjects.enter("street_project", row.pk, values, actor=actor)
        assert set(wrong.value.field_errors) == set(fields)

    for lost in ("owner", "due", "measure", "request"):
        refused({k: v for k, v in whole.items() if k != lost}, lost)
    refused({k: v for k, v in whole.items() if k not in ("comes_from", "request")}, "comes_from")
    refused(whole | {"request": "20991231000001"}, "request")  # no such case
    refused(whole | {"comes_from": "plan"}, "plan")
    line = subjects.enter("street_project", row.pk, whole, actor=actor)
    plan = subjects.enter(
        "street_project", thing(world, "matter", "改造小广场").pk,
        {k: v for k, v in whole.items() if k != "request"} | {"comes_from": "plan", "plan": "新街〔2026〕3号"}, actor=actor,
    )  # fmt: skip
    assert (line.state, plan.state) == ("running", "running")
    assert case.number in Desk(world).of("赵兰").get(f"/desk/registers/entries/{line.pk}").content.decode()
    at_ten.move_to(at("2026-12-11 09:00"))
    subjects.restate("street_project", actor=actor)
    desk = Desk(world).of("赵兰")
    assert "装充电桩" in desk.get("/desk/registers/street_project?state=overdue").content.decode()
    subjects.change(line.pk, {"finished": "2026-12-11"}, actor=actor)
    assert "装充电桩" not in desk.get("/desk/registers/street_project?state=overdue").content.decode()
