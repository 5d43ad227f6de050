"""M192 驻村第一书记: sender, term, tasks; days stated by himself and confirmed by the village; duties fall due; handover at the end."""

from __future__ import annotations

import pytest

from gezhi.engines.duties import actions as duty
from gezhi.engines.workflows import views
from gezhi.engines.workflows.models import Case
from gezhi.flows import visits
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, owed, person, publish
from tests.mechanisms.meetings import at, refused

pytestmark = mechanism("M192", file="packs/guanwangmiao-village/duties/village-days.yaml")
TERM = {"sender": "县统战部", "ends": "2026-12-20", "tasks": "建强班子、整治环境"}


@pytest.fixture
def sent(county, at_ten):
    world = county("guanwangmiao-village")
    world.seats["first"] = world.seat("first_secretary", "lake", "驻村宁")
    publish()
    who = person(world, "驻村宁", "1980-01-01", place="lake")
    return world, subjects.enter("first_secretary", who.pk, TERM, actor=world.actor("赵兰"))


def test_sender_term_and_tasks_are_on_file_and_one_at_a_time(sent):
    world, line = sent
    other = person(world, "驻村李", "1980-01-01", place="lake")
    for lost in TERM:
        with pytest.raises(Invalid) as wrong:
            subjects.change(line.pk, {lost: ""}, actor=SYSTEM)
        assert set(wrong.value.field_errors) == {lost}
    with pytest.raises(Conflict):
        subjects.enter("first_secretary", other.pk, TERM, actor=SYSTEM)


def test_days_are_stated_by_himself_and_confirmed_by_the_village(sent, at_ten):
    world, _line = sent
    at_ten.move_to(at("2026-11-29 09:00"))
    (due,) = owed(world, "驻村宁", "village-days")
    assert due.period == "2026-11" and owed(world, "赵兰", "village-days") == []

    def state(by, days):
        return visits.visit(
            "village-days",
            world.seats["first"],
            "2026-11",
            {"days": days, "tasks": "清了两条沟"},
            actor=world.actor(by),
        )

    with pytest.raises(NotAllowed):  # nobody states them for him
        state("赵兰", "20")
    with pytest.raises(Invalid):
        state("驻村宁", "32")
    made = state("驻村宁", "21")
    case = made.case
    assert case is not None and case.workflow == "days_confirmed" and owed(world, "驻村宁", "village-days") == []
    assert "驻村 21 天" in views.case_view(case.pk, world.actor("赵兰")).words.text
    with pytest.raises(NotAllowed):  # nor does he confirm them himself
        world.do(case, "agrees", "驻村宁", confirmed=21)
    world.do(case, "differs", "赵兰", why="村里记的是十九天。")
    world.do(case, "again", "驻村宁", days=19)
    closed = world.do(case, "agrees", "赵兰", confirmed=19)
    assert closed.outcome == "done" and Case.objects.get(pk=case.pk).kept["confirmed"] in (19, "19")


def test_at_the_end_of_the_term_the_handover_falls_due_and_the_line_stays_until_it_was_made(sent, at_ten):
    world, line = sent
    assert owed(world, "赵兰", "village-handover") == []
    at_ten.move_to(at("2026-12-21 09:00"))
    (due,) = owed(world, "赵兰", "village-handover")
    assert (due.closes - due.opens).days == 16  # the day itself and fifteen more
    with pytest.raises(Conflict) as wrong:
        subjects.end(line.pk, actor=world.actor("赵兰"))
    assert wrong.value.code == "subject.not_to_end"
    with pytest.raises(Invalid):
        duty.fulfil("village-handover", due.subject_id, due.period, {"to": "驻村李"}, actor=world.actor("赵兰"))
    duty.fulfil(
        "village-handover",
        due.subject_id,
        due.period,
        {"to": "驻村李", "matters": "路灯三盏"},
        actor=world.actor("赵兰"),
    )
    assert subjects.Entry.objects.get(pk=line.pk).values["handed_over"] == "2026-12-21"
    assert subjects.end(line.pk, actor=world.actor("赵兰")).until is not None
    with refused("subject.entry_ended"):
        subjects.change(line.pk, {"tasks": "没有了"}, actor=SYSTEM)
