"""M024 小型招聘会: each booth has posts and openings; a seeker's interviews do not overlap; a later hire counts once."""

from __future__ import annotations

import pytest

from gezhi.engines.registers import figures
from gezhi.foundation import people, subjects
from gezhi.foundation.errors import Conflict, Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import meeting_hall, refused
from tests.mechanisms.partners import entered
from tests.mechanisms.roll import person, thing

pytestmark = mechanism("M024", file="packs/xinxing-community/registers/job_booth.yaml")


@pytest.fixture
def fair(county, at_ten):
    hall = meeting_hall(county, at_ten, "xinxing-community")
    hall.works, hall.shop = (
        entered(hall, "job_booth", name, booth=booth, posts=posts, openings=n)
        for name, booth, posts, n in (("制药厂", "A1", "包装工、化验员", "12"), ("超市", "A2", "收银员", "3"))
    )
    return hall


def test_each_booth_has_posts_and_openings(fair):
    actor = fair.world.actor("赵兰")
    with pytest.raises(Invalid) as wrong:
        subjects.enter("job_booth", thing(fair.world, "organisation", "某厂").pk, {"booth": "A3"}, actor=actor)
    assert set(wrong.value.field_errors) == {"posts", "openings"}
    found = figures.figures(actor, "job_booth", "booth")
    assert {cut.value: int(cut.sums["openings"]) for cut in found.cuts} == {"A1": 12, "A2": 3}
    page = Desk(fair.world).of("赵兰").get("/desk/registers/job_booth").content.decode()
    assert "包装工、化验员" in page and "收银员" in page


def test_a_seeker_is_at_one_booth_at_a_time_and_a_slot_has_so_many_seats(fair):
    nine = fair.plan("job_interview", when="2026-11-27 09:00", hours=0.5, partners=[fair.works.pk], title="A1 面谈")
    same = fair.plan("job_interview", when="2026-11-27 09:15", hours=0.5, partners=[fair.shop.pk], title="A2 面谈")
    next_ = fair.plan("job_interview", when="2026-11-27 09:30", hours=0.5, partners=[fair.shop.pk], title="A2 面谈")
    assert nine.seats == 1
    assert fair.guest(nine, 1).state == "booked"
    with refused("session.busy"):
        fair.guest(same, 1)
    assert fair.guest(next_, 1).state == "booked"  # as one ends the next begins
    assert fair.guest(nine, 2).state == "waiting"
    with refused("session.too_many"):
        fair.plan("job_interview", when="2026-11-27 10:00", hours=0.5, partners=[fair.works.pk], seats=11)
    with refused("session.invalid"):  # an interview is at a booth
        fair.plan("job_interview", when="2026-11-27 10:00", hours=0.5)
    assert people.resident().person_id is None


def test_a_later_hire_is_counted_once(fair):
    actor = fair.world.actor("赵兰")
    a, b = person(fair.world, 1), person(fair.world, 2)
    hired = {"employer": "制药厂", "job": "包装工", "fair": "2026-11-18"}
    subjects.enter("job_hire", a.pk, hired, actor=actor)
    with pytest.raises(Conflict) as wrong:  # the factory's list and the community's name the same hire
        subjects.enter("job_hire", a.pk, hired | {"job": "化验员"}, actor=actor)
    assert wrong.value.code == "subject.one_only"
    subjects.enter("job_hire", a.pk, hired | {"employer": "超市"}, actor=actor)
    subjects.enter("job_hire", b.pk, hired, actor=actor)
    found = figures.figures(actor, "job_hire", "employer")
    assert {cut.value: len(cut.subjects) for cut in found.cuts} == {"制药厂": 2, "超市": 1}
    assert (found.whole.lines, len(found.whole.subjects)) == (3, 2)
