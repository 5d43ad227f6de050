"""M001 博爱县 乡土人才库: one entry however many agencies report; in the pool only when verified with opinions sought."""

import pytest

from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict
from tests.mechanisms import mechanism
from tests.mechanisms.roll import ago, number, person


@mechanism("M001", file="packs/boai-county/registers/talent_pool.yaml")
def test_two_agencies_one_entry_and_active_only_when_verified_with_opinions(county):
    world = county("boai-county")
    actor = world.actor("周敏")
    row = person(world, 1, by="周敏")
    line = subjects.enter("talent_pool", row.pk, {"reported_by": "团委"}, actor=actor, since=ago(60))
    with pytest.raises(Conflict) as known:  # the second agency reports the same person
        person(world, 1, by="周敏")
    assert known.value.facts["subject"] == row.pk == subjects.find(actor, id_number=number(1))[0].pk
    with pytest.raises(Conflict):
        subjects.enter("talent_pool", row.pk, {"reported_by": "商务局"}, actor=actor)
    line = subjects.change(line.pk, {"reported_by": "团委、商务局"}, actor=actor, on=ago(50))
    page = subjects.entries(actor, "talent_pool")
    assert [r.values["reported_by"] for r in page.rows] == ["团委、商务局"] and line.state == "proposed"
    line = subjects.change(line.pk, {"verified_on": ago(40)}, actor=actor, on=ago(40))
    assert line.state == "proposed"
    line = subjects.change(line.pk, {"opinion_on": ago(30), "opinion": "大家都认可"}, actor=actor, on=ago(30))
    assert line.state == "active"
    assert [r.state for r in subjects.as_of(actor, "talent_pool", None, ago(31)).rows] == ["proposed"]
