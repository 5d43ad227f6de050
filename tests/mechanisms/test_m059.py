"""M059 两癌免费筛查: eligible by sex, age and interval; nobody due twice in an interval; a positive finding opens a follow-up."""

from datetime import timedelta

import pytest

from gezhi.engines.duties import publishing
from gezhi.engines.duties.models import Enrolment
from gezhi.engines.workflows.models import Case
from gezhi.flows import visits
from gezhi.foundation import events
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.duties import enter, owed, person, publish

pytestmark = mechanism("M059", file="packs/songxi/duties/screening.yaml")


def test_screened_once_in_three_years_by_sex_and_age(county, at_ten):
    world = county("songxi")
    world.seat("village_doctor", "lake", "韩竹")
    publish()
    due = [person(world, "甲", born="1980-05-01"), person(world, "乙", born="1991-11-18")]
    not_due = [
        person(world, "丙", born="1980-05-01", sex="m"), person(world, "丁", born="1991-11-20"),
        person(world, "戊", born="1961-11-18"),
    ]  # fmt: skip
    for who in (*due, *not_due):
        enter("women_health", who)
    assert {o.subject_id for o in owed(world, "韩竹")} == {who.pk for who in due}
    period = owed(world, "韩竹")[0].period
    with pytest.raises(Invalid):
        visits.visit("screening", due[0].pk, period, {}, actor=world.actor("韩竹"))
    first = visits.visit("screening", due[0].pk, period, {"result": "positive"}, actor=world.actor("韩竹"))
    assert first.case is not None and Case.objects.count() == 1
    told = str([e.patch for e in events.history(f"duty:{first.done.pk}")])
    assert "positive" not in told and first.done.findings == {}  # the finding itself is sealed
    clear = visits.visit("screening", due[1].pk, period, {"result": "clear"}, actor=world.actor("韩竹"))
    assert clear.case is None
    with pytest.raises(Conflict):
        visits.visit("screening", due[0].pk, period, {"result": "clear"}, actor=world.actor("韩竹"))
    at_ten.shift(timedelta(days=2))
    assert publishing.recheck(clock.today() - timedelta(days=2), clock.today()) == 1  # 丁 is thirty-five today
    assert {o.subject_id for o in owed(world, "韩竹")} == {not_due[1].pk}
    at_ten.shift(timedelta(days=300))
    publishing.recheck(clock.today() - timedelta(days=300), clock.today())
    assert {o.subject_id for o in owed(world, "韩竹")} == {not_due[1].pk}  # the same three years
    at_ten.shift(timedelta(days=3 * 366))
    publishing.recheck(clock.today() - timedelta(days=366), clock.today())
    assert {who.pk for who in due} <= {o.subject_id for o in owed(world, "韩竹")}
    assert not Enrolment.objects.filter(subject_id=not_due[0].pk).exists()
