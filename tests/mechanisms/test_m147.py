"""M147 山阳区教育工委: exactly one brand a school, pledge a teacher, spirit a class, model a pupil; the missing are listed."""

import pytest

from gezhi.engines.registers import files
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict
from tests.mechanisms import mechanism
from tests.mechanisms.roll import ago, person, thing

FOUR = {
    "school_brand": ("school", "brand"),
    "teacher_pledge": ("person", "pledge"),
    "class_spirit": ("school_class", "spirit"),
    "pupil_model": ("person", "model"),
}


@pytest.mark.parametrize("register", FOUR)
@mechanism("M147", file="packs/shanyang-education/registers/school_brand.yaml")
def test_each_has_exactly_one_at_a_date_and_a_change_keeps_history(county, register):
    world = county("shanyang-education")
    actor = world.actor("赵兰")
    kind, field = FOUR[register]
    make = (lambda n: person(world, n)) if kind == "person" else (lambda n: thing(world, kind, f"第{n}个"))
    one, two = make(1), make(2)
    line = subjects.enter(register, one.pk, {field: "书香"}, actor=actor, since=ago(90))
    assert [row.pk for row in files.missing(actor, register)] == [two.pk]
    with pytest.raises(Conflict):
        subjects.enter(register, one.pk, {field: "花香"}, actor=actor)
    subjects.change(line.pk, {field: "花香"}, actor=actor, on=ago(10))

    def at(day):
        return [row.values[field] for row in subjects.as_of(actor, register, None, ago(day)).rows]

    assert (at(91), at(90), at(11), at(10), at(0)) == ([], ["书香"], ["书香"], ["花香"], ["花香"])
    subjects.enter(register, two.pk, {field: "墨香"}, actor=actor)
    assert files.missing(actor, register) == []
