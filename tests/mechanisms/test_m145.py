"""M145 工作手册季度查阅: 19 organisations and 25 branches once a quarter each; a notice closes or climbs; repeats show."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gezhi.engines.duties import closing, findings, queries
from gezhi.engines.duties.schema import rule
from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.models import CLOSED, WorkItem
from gezhi.flows import visits
from gezhi.foundation import files, people, subjects
from tests.foundation.files.pictures import jpeg
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.duties import owed, publish, standing
from tests.mechanisms.meetings import at

pytestmark = mechanism("M145", file="packs/shanyang-education/duties/handbook-reading.yaml")
SYSTEM = people.system("test")


@pytest.fixture
def district(county, at_ten):
    """19 organisations and 25 branches; six units are both, so that 38 lines stand on the list."""
    world = county("shanyang-education")
    world.seat("education_office", "county", "教委办")
    world.seat("school_branch", "county", "校支书")
    publish()
    kinds = ["organisation"] * 13 + ["branch"] * 19 + ["both"] * 6
    world.units = [
        subjects.add("organisation", {"name": f"第{n}单位"}, actor=SYSTEM, place_id=world.places["county"])
        for n in range(len(kinds))
    ]
    rows = [(unit.pk, {"kind": kind}, None) for unit, kind in zip(world.units, kinds, strict=True)]
    subjects.enter_many("handbook_unit", rows, actor=SYSTEM)
    return world


def photo(world):
    return [files.stage(SimpleUploadedFile("a.jpg", jpeg()), actor=world.actor("校支书"), key="mended").pk]


def read(world, unit, period, fault="none"):
    data = {"read": 3, "fault": fault, "feedback": "翻过了。"}
    return visits.visit("handbook-reading", unit.pk, period, data, actor=world.actor("教委办"))


def test_each_unit_once_a_quarter_and_what_was_not_read_is_missed(district, at_ten):
    lines = owed(district, "教委办", "handbook-reading")
    assert len(lines) == 38 == len({o.subject_id for o in lines}) and {o.period for o in lines} == {"2026-Q4"}
    rows = subjects.entries(SYSTEM, "handbook_unit", size=100).rows
    organisations = [r for r in rows if r.values["kind"] in ("organisation", "both")]
    assert (len(organisations), len([r for r in rows if r.values["kind"] in ("branch", "both")])) == (19, 25)
    for unit in district.units[:3]:
        read(district, unit, "2026-Q4")
    at_ten.move_to(at("2027-01-01 00:30"))
    closing.close_windows()
    quarter = standing("handbook-reading", date(2026, 12, 31))
    assert (quarter.due, quarter.done, quarter.missed) == (38, 3, 35)
    assert len({o.subject_id for o in owed(district, "教委办", "handbook-reading") if o.period == "2027-Q1"}) == 38


def test_a_fault_becomes_a_notice_that_closes_by_acceptance_or_climbs(district, at_ten):
    assert read(district, district.units[0], "2026-Q4").case is None
    cases = [read(district, unit, "2026-Q4", "missing").case for unit in district.units[1:3]]
    assert {c.workflow for c in cases} == {"rectify"}
    for case in cases:
        district.do(case, "send", "教委办", problem="会议记录缺两次。", until="2026-11-25", repeat=False)
    good, late = cases
    district.do(good, "mended", "校支书", report="补齐了。", proof=photo(district))
    district.do(good, "pass", "教委办", finding="看了原件。")
    good.refresh_from_db()
    assert good.state == CLOSED
    at_ten.move_to(at("2026-12-04 10:00"))
    while ticking.tick():
        pass
    item = WorkItem.objects.get(case_id=late.id, state="open", side=False)
    assert item.breached_at is not None and item.rung == 2  # to the office after a day, to the district after five


def test_the_same_fault_found_again_shows_with_both_quarters(district, at_ten):
    first, second, third = district.units[:3]
    read(district, first, "2026-Q4", "copied")
    read(district, second, "2026-Q4", "late")
    read(district, third, "2026-Q4")
    at_ten.move_to(at("2027-02-10 10:00"))
    read(district, first, "2027-Q1", "copied")
    read(district, second, "2027-Q1", "missing")
    read(district, third, "2027-Q1")
    known, here = rule("handbook-reading"), ("county", district.places["county"])
    recent = queries.latest(known, count=8)
    again = findings.repeats(known, "fault", here, recent, besides=["none"])
    assert [(r.subject_id, r.value, r.periods) for r in again] == [(first.pk, "copied", ("2026-Q4", "2027-Q1"))]
    shown = Desk(district).of("方晓").get("/desk/duties/handbook-reading").content.decode()
    assert "又查出来的" in shown and "照抄照搬" in shown and f"/desk/subjects/{second.pk}" not in shown
