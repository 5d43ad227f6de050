"""M012 优秀支书及家属健康体检: who is entitled follows from the grade alone; each has one check due a year."""

from __future__ import annotations

from gezhi.engines.duties import actions as duty
from gezhi.foundation import subjects
from gezhi.foundation.errors import NotFound
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, enter, owed, person, publish
from tests.mechanisms.meetings import at, refused

pytestmark = mechanism("M012", file="packs/boai-county/duties/health-check.yaml")
GRADES = ["excellent", "good", "excellent", "pass", "fail", None]


def test_the_list_is_the_grade_and_each_has_one_check_a_year(county, at_ten):
    world = county("boai-county")
    world.seat("town_secretary", "east", "镇书记")
    publish()
    who, lines = [], []
    for n, grade in enumerate(GRADES):
        who.append(person(world, f"书{n}", "1975-01-01", "m"))
        lines.append(enter("secretary_file", who[n], village=f"第{n}村", **({"grade": grade} if grade else {})))
    town = world.actor("镇书记")

    def entitled():
        listed = {row.subject_id for row in subjects.entries(town, "secretary_file", {"state": "benefit"}).rows}
        assert listed == {o.subject_id for o in owed(world, "镇书记", "health-check")} | set(done)
        return listed

    done: list[int] = []
    assert entitled() == {who[0].pk, who[2].pk}
    assert {o.period for o in owed(world, "镇书记", "health-check")} == {"2026"}
    duty.fulfil("health-check", who[0].pk, "2026", {"checked": "2026-11-18", "family": "2"}, actor=town)
    done.append(who[0].pk)
    assert entitled() == {who[0].pk, who[2].pk} and len(owed(world, "镇书记", "health-check")) == 1
    assert subjects.Entry.objects.get(pk=lines[0].pk).values["family"] == "2"  # the family is in the file
    again = {"checked": "2026-11-18", "family": "2"}
    with refused("duties.settled"):
        duty.fulfil("health-check", who[0].pk, "2026", again, actor=town)
    # The grades change: the list is the rule on them, at once.
    subjects.change(lines[2].pk, {"grade": "good"}, actor=SYSTEM)
    subjects.change(lines[1].pk, {"grade": "excellent"}, actor=SYSTEM)
    assert entitled() == {who[0].pk, who[1].pk}
    at_ten.move_to(at("2027-03-01 09:00"))
    done.clear()
    assert entitled() == {who[0].pk, who[1].pk}
    assert {o.period for o in owed(world, "镇书记", "health-check") if o.state == "open"} == {"2027"}
    # The register of appraisals is not a village secretary's.
    try:
        subjects.entries(world.actor("赵兰"), "secretary_file")
        raise AssertionError("seen")
    except NotFound:
        pass
