"""M044 万人示范培训: complete = all 37 required and the declared number of the 52 electives; 人次 = passed lesson records."""

from __future__ import annotations

import pytest

from gezhi.engines.matching import learning
from gezhi.engines.matching.schema import course
from gezhi.foundation import events
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import meeting_hall, page, refused

pytestmark = mechanism("M044", file="packs/yunhe-district/courses/ten_thousand.yaml")


@pytest.fixture
def training(county, at_ten):
    hall = meeting_hall(county, at_ten, "yunhe-district")
    hall.world.seat("training_office", "county", "训练")
    hall.world.seat("class_adviser", "county", "技术")
    hall.cadres = [hall.world.person(f"学{c}") for c in "甲乙丙"]
    for n, name in enumerate(("学甲", "学乙", "学丙")):
        hall.world.seat("committee_member", "lake", name, label=str(n))
    return hall


def test_all_required_and_the_declared_electives_and_nothing_less(training):
    office, kind = training.world.actor("训练"), course("ten_thousand")
    assert (len(kind.required), len(kind.elective), kind.body["choose"]) == (37, 52, 52)
    one, two, three = training.cadres
    learning.enrol("ten_thousand", training.cadres, actor=office)
    every = [*kind.required, *kind.elective]
    assert learning.learned("ten_thousand", [(one, lesson) for lesson in every], actor=office) == 89
    learning.learned("ten_thousand", [(two, lesson) for lesson in kind.required], actor=office)
    learning.learned("ten_thousand", [(three, lesson) for lesson in every[1:]], actor=office)
    learning.learned("ten_thousand", [(three, every[5]), (three, every[5])], actor=office)  # again: counts once
    complete = {p.trainee.person_id: p.standing.complete for p in learning.progress("ten_thousand")}
    assert complete == {one: True, two: False, three: False}
    lacking = {
        p.trainee.person_id: (len(p.standing.missing), p.standing.lacking) for p in learning.progress("ten_thousand")
    }
    assert lacking == {one: (0, 0), two: (0, 52), three: (1, 0)}
    assert learning.person_times("ten_thousand") == 89 + 37 + 88
    learning.learned("ten_thousand", [(three, every[0])], actor=office)
    assert sum(p.standing.complete for p in learning.progress("ten_thousand")) == 2
    assert events.verify().clean
    shown = page(training, "训练", "/desk/courses/ten_thousand")
    assert "修完" in shown and "215" in shown and "选修还差 52 课" in shown


def test_planning_support_and_check_each_have_a_named_owner_and_others_keep_out(training):
    kind = course("ten_thousand")
    assert kind.body["owners"] == {"plan": "training_office", "support": "class_adviser", "check": "class_inspector"}
    shown = page(training, "技术", "/desk/courses/ten_thousand")
    assert all(word in shown for word in ("计划", "技术支持", "督导检查", "组织部培训科"))
    with refused("session.not_organiser"):
        learning.enrol("ten_thousand", training.cadres, actor=training.world.actor("赵兰"))
    assert page(training, "赵兰", "/desk/courses/ten_thousand", 403)
    with refused("course.not_for"):
        learning.enrol("ten_thousand", [training.world.people["马东"]], actor=training.world.actor("训练"))
    with refused("trainee.not_found"):
        learning.learned("ten_thousand", [(training.cadres[0], "required-01")], actor=training.world.actor("训练"))
    learning.enrol("ten_thousand", training.cadres, actor=training.world.actor("训练"))
    with refused("course.lesson"):
        learning.learned("ten_thousand", [(training.cadres[0], "required-38")], actor=training.world.actor("训练"))
