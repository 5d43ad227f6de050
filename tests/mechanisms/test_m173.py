"""M173 个性化培训清单: a questionnaire that is a form; a need seen twice is one need; each becomes an order or a reason."""

from __future__ import annotations

import pytest

from gezhi.engines.registers import figures, files
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict, Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.roll import person, thing

pytestmark = mechanism("M173", file="packs/mengzhou/registers/training_list.yaml")
SAID = [(0, "accounts"), (1, "accounts"), (1, "media"), (2, "industry")]


@pytest.fixture
def survey(county, at_ten):
    """Three of the key groups answered: two want 集体账目, one of them 直播带货 too, one 产业发展."""
    world = county("mengzhou")
    actor = world.actor("赵兰")
    who = [person(world, n + 1) for n in range(4)]
    for row, group in zip(who, ("stars", "young", "weak", "weak"), strict=True):
        subjects.enter("training_group", row.pk, {"group": group}, actor=actor)
    for n, topic in SAID:
        subjects.enter("training_survey", who[n].pk, {"topic": topic, "how": "class"}, actor=actor)
    return world, actor, who


def test_the_questionnaire_is_for_the_key_groups_and_tells_who_has_not_answered(survey):
    world, actor, who = survey
    assert [row.pk for row in files.missing(actor, "training_survey")] == [who[3].pk]
    with pytest.raises(Conflict) as wrong:  # the same need of the same person is one line
        subjects.enter("training_survey", who[0].pk, {"topic": "accounts", "how": "visit"}, actor=actor)
    assert wrong.value.code == "subject.one_only"
    with pytest.raises(Conflict) as wrong:
        subjects.enter("training_survey", person(world, 9).pk, {"topic": "party", "how": "class"}, actor=actor)
    assert wrong.value.code == "subject.not_meant"
    with pytest.raises(Invalid) as refused:
        subjects.enter("training_survey", who[3].pk, {"topic": "cooking"}, actor=actor)
    assert set(refused.value.field_errors) == {"topic", "how"}


def test_a_need_seen_twice_is_one_and_each_becomes_an_order_or_a_reason(survey):
    world, actor, _who = survey

    def needs():
        return {cut.value: cut.lines for cut in figures.unanswered(actor, "training_list")}

    assert needs() == {"industry": 1, "accounts": 2, "media": 1}
    page = Desk(world).of("赵兰").get("/desk/registers/training_list/missing").content.decode()
    assert page.count("<tr data-row>") == 3 and "cut=topic%3Aaccounts" in page
    order = world.open("想学集体账目。", workflow="training_order", place="lake")

    def decide(topic, **values):
        row = thing(world, "matter", f"培训需求{topic}")
        return subjects.enter("training_list", row.pk, {"topic": topic, **values}, actor=actor)

    for values, field in (
        ({"answer": "ordered"}, "order"), ({"answer": "declined"}, "reason"), ({"answer": "ordered", "order": "无此号"}, "order")
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            decide("accounts", **values)
        assert set(refused.value.field_errors) == {field}
    decide("accounts", answer="ordered", order=order.number)
    assert needs() == {"industry": 1, "media": 1}
    with pytest.raises(Conflict):  # one need has one line
        decide("accounts", answer="declined", reason="再说")
    no = decide("media", answer="declined", reason="县里已有电商班，并入那里。")
    decide("industry", answer="ordered", order=order.number.lower())
    assert (
        needs() == {}
        and "都登记了" in Desk(world).of("赵兰").get("/desk/registers/training_list/missing").content.decode()
    )
    subjects.end(no.pk, actor=actor)
    assert needs() == {"media": 1}
