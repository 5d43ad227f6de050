"""M079 岳师村 民生台账: exactly one live helper each; a helper who leaves reopens the assignment at once."""

import pytest

from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict
from tests.mechanisms import mechanism
from tests.mechanisms.roll import ago, person


@mechanism("M079", file="packs/yueshi-village/registers/livelihood.yaml")
def test_everybody_on_the_register_has_one_live_helper_or_stands_on_the_list_of_those_without(county):
    world = county("yueshi-village")
    actor = world.actor("赵兰")
    helped = [person(world, n) for n in range(1, 4)]
    first, second = person(world, 11), person(world, 12)
    for row, group in zip(helped, ("elder", "child", "monitored"), strict=True):
        subjects.enter("livelihood", row.pk, {"group": group}, actor=actor, since=ago(30))

    def without():
        return [row.pk for row in subjects.unrelated("livelihood", actor=actor)]

    def helpers(row):
        ties = subjects.related([row.pk], actor=actor, kind="helper")
        return [other.pk for _tie, one, other in ties if one.pk == row.pk]

    assert without() == [row.pk for row in helped]
    for row in helped:
        subjects.relate("helper", row.pk, first.pk, actor=actor, since=ago(30))
    assert without() == [] and all(helpers(row) == [first.pk] for row in helped)
    with pytest.raises(Conflict):
        subjects.relate("helper", helped[0].pk, second.pk, actor=actor)
    subjects.relate("helper", helped[0].pk, second.pk, actor=actor, replace=True)
    assert helpers(helped[0]) == [second.pk]
    subjects.end_subject(first.pk, "moved_out", actor=actor)
    assert without() == [row.pk for row in helped[1:]] and helpers(helped[1]) == []
