"""M038 护士到家: only a nurse with a valid licence takes a visit, nobody is in two homes at once, a missed one goes up the same day."""

from __future__ import annotations

from datetime import date

import pytest

from gezhi.engines.matching import learning
from gezhi.engines.matching.models import Hold
from gezhi.engines.workflows import ticking
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, NotAllowed, NotFound
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at

pytestmark = mechanism("M038", file="packs/xinhua-street/workflows/nurse_visit.yaml")


@pytest.fixture
def street(county, at_ten):
    """甲 has no licence, 乙's runs out on 24 November, 丙's does not run out."""
    world = county("xinhua-street")
    world.nurses = {n: world.seat("home_nurse", "east", n, label=n) for n in ("护甲", "护乙", "护丙")}
    for name, until in (("护乙", date(2026, 11, 24)), ("护丙", None)):
        learning.issue(
            world.people[name], "nursing", date(2025, 1, 1), actor=world.actor("周敏"), expires_on=until, proof="执业证"
        )
    return world


def ordered(world, day="2026-11-25", part="am"):
    case = world.open("老人要换药。", place="lake1", workflow="nurse_visit")
    return world.do(case, "place", "赵兰", care="dressing", day=day, part=part)


def asked(world, case):
    return next(n for n, s in world.nurses.items() if s == world.main(case).owner_seat)


def ticked():
    while ticking.tick():
        pass


def test_only_a_nurse_whose_licence_is_good_on_that_day_can_take_it(street):
    first = ordered(street, "2026-11-24")
    with pytest.raises(Conflict) as refused:
        street.do(first, "accept", "护甲")
    assert refused.value.code == "order.unqualified" and "护士执业" in refused.value.what
    assert street.main(first).stage == "offered" and not Hold.objects.exists()
    street.do(first, "decline", "护甲", why="没有证")
    with pytest.raises((NotAllowed, NotFound)):
        street.do(first, "accept", "护丙")  # it is 乙 who is asked
    assert street.do(first, "accept", "护乙").handler_seat == street.nurses["护乙"]
    second = ordered(street, "2026-11-25")
    street.do(second, "decline", "护甲", why="没有证")
    with pytest.raises(Conflict):
        street.do(second, "accept", "护乙")  # the day after it ran out
    street.do(second, "decline", "护乙", why="证到期")
    assert street.do(second, "accept", "护丙").stage == "visit"


def test_the_desk_says_so_where_she_presses(street):
    case = ordered(street)
    page = Desk(street).of("护甲").post(f"/desk/cases/{case.pk}/do/accept", {"_seq": case.event_seq})
    assert page.status_code == 409 and "这一单要有“护士执业”的人来接。" in page.content.decode()


def test_nobody_is_in_two_homes_at_once(street):
    cases = [ordered(street), ordered(street), ordered(street, part="pm")]
    for case in cases:
        street.do(case, "decline", "护甲", why="没有证")
        street.do(case, "decline", "护乙", why="证到期")
    street.do(cases[0], "accept", "护丙")
    with pytest.raises(Conflict) as refused:
        street.do(cases[1], "accept", "护丙")
    assert refused.value.code == "session.busy"
    street.do(cases[2], "accept", "护丙")
    held = sorted((h.starts, h.ends) for h in Hold.objects.filter(lane=f"who:p:{street.people['护丙']}"))
    assert held == [(at("2026-11-25 08:30"), at("2026-11-25 11:30")), (at("2026-11-25 14:30"), at("2026-11-25 17:30"))]
    street.do(cases[0], "fails", "护丙", why="发烧")
    assert len(Hold.objects.all()) == 1


def test_a_missed_visit_goes_up_the_same_day_and_one_that_was_made_does_not(street, at_ten):
    missed, made = ordered(street, "2026-11-20"), ordered(street, "2026-11-20", "pm")
    for case in (missed, made):
        street.do(case, "decline", "护甲", why="没有证")
    street.do(missed, "accept", "护乙")
    street.do(made, "accept", "护乙")
    assert street.main(missed).due_at == at("2026-11-20 11:30") and street.main(made).due_at == at("2026-11-20 17:30")
    at_ten.move_to(at("2026-11-20 12:29"))
    ticked()
    assert street.main(missed).rung == 0
    at_ten.move_to(at("2026-11-20 12:31"))
    ticked()
    assert street.main(missed).rung == 1  # the community's secretary
    at_ten.move_to(at("2026-11-20 14:31"))
    ticked()
    assert street.main(missed).rung == 2 and clock.today() == date(2026, 11, 20)  # the street, still on that day
    street.do(made, "done", "护乙", found="fine")
    at_ten.move_to(at("2026-11-20 23:00"))
    ticked()
    assert street.main(made).stage == "word"
    with pytest.raises((NotAllowed, NotFound)):
        street.do(made, "good", "护乙")
    assert street.do(made, "good").outcome == "done"


def test_no_answer_in_two_working_hours_asks_the_next(street, at_ten):
    case = ordered(street)
    at_ten.move_to(at("2026-11-18 11:59"))
    ticked()
    assert asked(street, case) == "护甲"
    at_ten.move_to(at("2026-11-18 14:31"))
    ticked()
    assert asked(street, case) == "护乙"
