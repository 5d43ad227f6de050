"""M007 学历提升行动: those missing = the rule of eligibility minus enrolments and recorded refusals; textbooks fall due."""

from __future__ import annotations

import pytest

from gezhi.engines.duties import actions as duty
from gezhi.engines.registers import files
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict, Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, enter, owed, person, publish

pytestmark = mechanism("M007", file="packs/boai-county/registers/education_drive.yaml")
#: name, year of birth, schooling, and whether the drive is for them (50 or younger, below college), by hand.
CADRES = [
    ("甲一", "1990-05-01", "high", True),
    ("乙二", "1976-11-18", "middle", True),  # fifty today
    ("丙三", "1975-11-18", "middle", False),  # fifty-one
    ("丁四", "1988-01-01", "college", False),
    ("戊五", "1999-01-01", "bachelor", False),
    ("己六", "1985-03-03", "high", True),
]


@pytest.fixture
def cadres(county, at_ten):
    world = county("boai-county")
    publish()
    found = {}
    for name, born, schooling, _meant in CADRES:
        found[name] = person(world, name, born, "m")
        enter("village_cadre", found[name], role="member", schooling=schooling)
    return world, found


def test_the_list_is_the_rule_minus_enrolments_and_refusals_and_empties_only_so(cadres):
    world, who = cadres
    actor = world.actor("赵兰")

    def missing():
        return {row.pk for row in files.missing(actor, "education_drive")}

    meant = {who[name].pk for name, *_rest, yes in CADRES if yes}
    assert missing() == meant and len(meant) == 3
    subjects.enter("education_drive", who["甲一"].pk, {"answer": "enrolled", "way": "self"}, actor=actor)
    assert missing() == meant - {who["甲一"].pk}
    with pytest.raises(Invalid) as refused:  # a refusal is recorded with its reason or not at all
        subjects.enter("education_drive", who["乙二"].pk, {"answer": "refused"}, actor=actor)
    assert set(refused.value.field_errors) == {"why"} and who["乙二"].pk in missing()
    no = subjects.enter("education_drive", who["乙二"].pk, {"answer": "refused", "why": "家里走不开"}, actor=actor)
    page = Desk(world).of("赵兰").get("/desk/registers/education_drive/missing").content.decode()
    assert page.count("<tr data-row>") == 1 and f"?subject={who['己六'].pk}" in page
    subjects.enter("education_drive", who["己六"].pk, {"answer": "enrolled", "way": "adult"}, actor=actor)
    assert missing() == set()
    assert "都登记了" in Desk(world).of("赵兰").get("/desk/registers/education_drive/missing").content.decode()
    # A line that ends brings its person back; so does a schooling that was entered wrongly.
    subjects.end(no.pk, actor=actor)
    line = subjects.entries(actor, "village_cadre", {"subject": [who["丁四"].pk]}).rows[0]
    subjects.change(line.entry_id, {"schooling": "high"}, actor=actor)
    assert missing() == {who["乙二"].pk, who["丁四"].pk}


def test_whoever_the_drive_is_not_for_cannot_be_entered(cadres):
    world, who = cadres
    for name in ("丙三", "丁四"):
        with pytest.raises(Conflict) as refused:
            subjects.enter("education_drive", who[name].pk, {"answer": "enrolled", "way": "self"}, actor=SYSTEM)
        assert refused.value.code == "subject.not_meant" and "村干部名册" in refused.value.why


def test_textbooks_fall_due_each_term_for_who_enrolled(cadres):
    world, who = cadres
    enter("education_drive", who["甲一"], answer="enrolled", way="self")
    enter("education_drive", who["乙二"], answer="refused", why="不考")
    (due,) = owed(world, "周敏", "textbooks")
    assert (due.subject_id, due.period) == (who["甲一"].pk, "2026-09~")
    duty.fulfil("textbooks", due.subject_id, due.period, {"delivered": "true"}, actor=world.actor("周敏"))
    assert owed(world, "周敏", "textbooks") == []
