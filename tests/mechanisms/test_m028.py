"""M028 宣讲+问答: every question collected is answered in a named session or carried over; none vanishes."""

from __future__ import annotations

from gezhi.engines.matching import minutes
from gezhi.engines.matching.models import Item, Session
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import meeting_hall, refused

pytestmark = mechanism("M028", file="packs/xincheng-street/activities/law_talk.yaml")
QUESTIONS = ["邻居占了楼道怎么办", "租房押金不退", "被电话骗了找谁", "遗嘱怎么写"]


def test_each_question_is_answered_in_a_named_session_or_carried_over(county, at_ten):
    hall = meeting_hall(county, at_ten, "xincheng-street")
    secretary = hall.world.actor("赵兰")
    first = hall.plan("law_talk", when="2026-11-20 19:00", roles={"speaker": "律师"})
    second = hall.plan("law_talk", when="2026-12-18 19:00", roles={"speaker": "律师"})
    other = hall.plan("lecture", when="2026-12-20 19:00", theme="law", roles={"speaker": "律师"})
    asked = [minutes.note(first.pk, "question", words, actor=secretary).number for words in QUESTIONS]
    hall.held(first)
    for number in asked[:2]:
        minutes.answer(first.pk, number, "按民法典，先找物业，再找社区调解。", actor=secretary)
    with refused("session.unfinished"):  # two have come to nothing yet
        minutes.close(first.pk, {}, actor=secretary)
    with refused("session.invalid"):  # only to a later one of its kind
        minutes.carry(first.pk, asked[2], other.pk, actor=secretary)
    for number in asked[2:]:
        minutes.carry(first.pk, number, second.pk, actor=secretary)
    with refused("item.settled"):
        minutes.answer(first.pk, asked[2], "晚了", actor=secretary)
    minutes.close(first.pk, {}, actor=secretary)
    hall.held(second)
    with refused("session.unfinished"):
        minutes.close(second.pk, {}, actor=secretary)
    for line in minutes.lines(Session.objects.get(pk=second.pk)):
        assert line.text in QUESTIONS[2:]
        minutes.answer(second.pk, line.item.number, "打 96110，再到派出所报案。", actor=secretary)
    minutes.close(second.pk, {}, actor=secretary)
    # Each of the four can be followed to the session where it was answered.
    came = {}
    for item in Item.objects.filter(session=first):
        end = item if item.state == "answered" else Item.objects.get(came_from=item.pk)
        came[item.number] = (end.session_id, end.state)
    assert came == {asked[0]: (first.pk, "answered"), asked[1]: (first.pk, "answered"),
                    asked[2]: (second.pk, "answered"), asked[3]: (second.pk, "answered")}  # fmt: skip
