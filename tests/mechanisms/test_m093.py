"""M093 书记会客厅: each session's items become cases or are answered on the spot."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import minutes
from gezhi.engines.matching.models import Item
from gezhi.engines.workflows.models import Case
from gezhi.flows.meetings import doors
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import meeting_hall, refused

pytestmark = mechanism("M093", file="packs/minzhu-street/activities/secretary_parlour.yaml")


def test_what_is_brought_is_answered_or_becomes_a_case_with_owner_and_clock(county, at_ten):
    hall = meeting_hall(county, at_ten, "minzhu-street")
    world, secretary = hall.world, hall.world.actor("赵兰")
    row = hall.plan("secretary_parlour", when="2026-11-20 15:00", roles={"host": "赵兰"})
    numbers = [
        minutes.note(row.pk, "question", w, actor=secretary).number for w in ("楼下太吵", "井盖响", "想办老年证")
    ]
    hall.held(row)
    minutes.answer(row.pk, numbers[2], "带身份证到窗口，当场能办。", actor=secretary)
    desk = Desk(world).of("赵兰")
    sent = {"number": str(numbers[1]), "seat": str(world.seats["grid"]), "due": "2026-11-27"}
    assert desk.post(f"/desk/activities/{row.pk}/do/assign", sent).status_code == 302
    with refused("session.unfinished"):
        minutes.close(row.pk, {}, actor=secretary)
    doors.assign(row.pk, numbers[0], actor=secretary, seat_id=world.seats["grid2"], due_on=date(2026, 11, 30))
    assert minutes.close(row.pk, {}, actor=secretary).state == "closed"
    ends = {i.number: (i.state, i.case_id) for i in Item.objects.filter(session=row)}
    cases = {c.pk: c for c in Case.objects.all()}
    assert ends[numbers[2]] == ("answered", None) and len(cases) == 2
    for number, seat in ((numbers[1], "grid"), (numbers[0], "grid2")):
        case = cases[ends[number][1]]
        assert (ends[number][0], case.state, world.main(case).owner_seat) == ("case", "open", world.seats[seat])
        assert case.due_at is not None
    shown = desk.get(f"/desk/activities/{row.pk}").content.decode()
    assert all(case.number in shown for case in cases.values())
