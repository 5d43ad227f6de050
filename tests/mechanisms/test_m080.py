"""M080 每月上门健康监测: one due per elder and month, month-end clamped, two days either side; a high reading is followed up."""

from datetime import UTC, date, datetime

import pytest

from gezhi.engines.duties import standings
from gezhi.engines.duties.schema import rule
from gezhi.engines.workflows.models import OPEN
from gezhi.flows import visits
from gezhi.foundation.errors import Conflict, NotAllowed
from tests.mechanisms import mechanism
from tests.mechanisms.duties import enter, owed, person, publish
from tests.numbers import says

pytestmark = mechanism("M080", file="packs/yueshi-village/duties/monthly-health.yaml")


def test_once_a_month_by_the_doctor_alone_and_a_high_reading_opens_a_follow_up(county, at_ten):
    world = county("yueshi-village")
    world.seat("village_doctor", "lake", "韩竹")
    publish()
    elder, young = person(world, "秦老"), person(world, "周小", born="1990-01-01")
    enter("village_elder", elder, medicine=True)
    enter("village_elder", young, medicine=False)
    # Month-ends over a year with and one without 29 February: two days either side of the last day.
    known = rule("monthly-health")
    for year, last in ((2027, 28), (2028, 29)):
        found = known.named(f"{year}-02")
        assert (found.first, found.last) == (date(year, 2, last - 2), date(year, 3, 2))
    assert owed(world, "韩竹") == []
    at_ten.move_to(datetime(2026, 11, 28, 1, tzinfo=UTC))
    (line,) = owed(world, "韩竹")
    assert line.subject_id == elder.pk  # sixty and over only
    reading = {"systolic": 178, "diastolic": 96}
    with pytest.raises(NotAllowed):
        visits.visit("monthly-health", elder.pk, line.period, reading, actor=world.actor("赵兰"))
    made = visits.visit("monthly-health", elder.pk, line.period, reading, actor=world.actor("韩竹"))
    assert made.case is not None and made.case.state == OPEN and made.case.place_id == world.places["lake1"]
    assert not says(made.done.findings, "178") and made.done.trouble
    with pytest.raises(Conflict):
        visits.visit("monthly-health", elder.pk, line.period, reading, actor=world.actor("韩竹"))
    at_ten.move_to(datetime(2026, 12, 30, 1, tzinfo=UTC))
    (next_month,) = owed(world, "韩竹")
    assert next_month.period == "2026-12"
    fine = visits.visit(
        "monthly-health", elder.pk, "2026-12", {"systolic": 128, "diastolic": 80}, actor=world.actor("韩竹")
    )
    assert fine.case is None
    assert standings.standing(known, known.named("2026-12"))[0].due == 1
