"""M004 缺什么补什么: needs = required competences minus held certificates, recomputed when either changes; nobody is put on
a course already passed."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import learning
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, page, refused

pytestmark = mechanism("M004", file="packs/boai-county/competences.yaml")


def test_the_gap_follows_certificates_and_posts_and_no_course_twice(county, at_ten):
    hall = meeting_hall(county, at_ten, "boai-county")
    world, director = hall.world, hall.world.actor("于沐阳")
    lan = world.people["赵兰"]
    assert learning.gaps([lan]) == {lan: ["party_work", "industry", "governance"]}
    learning.issue(
        lan, "party_work", date(2026, 5, 1), actor=director, expires_on=date(2026, 12, 31), proof="县委党校 12 号"
    )
    assert learning.gaps([lan]) == {lan: ["industry", "governance"]}
    assert learning.gaps([lan], on=date(2026, 12, 31))[lan] == ["industry", "governance"]
    assert learning.gaps([lan], on=date(2027, 1, 1))[lan] == ["party_work", "industry", "governance"]
    learning.enrol("industry_class", [lan], actor=director)
    learning.learned("industry_class", [(lan, "class-01"), (lan, "class-02")], actor=director)
    assert learning.gaps([lan]) == {lan: ["governance"]}
    with refused("course.passed"):
        learning.enrol("industry_class", [lan], actor=director)
    at_ten.move_to(at("2028-11-19 09:00"))  # 24 months on the certificate has run out
    assert "industry" in learning.gaps([lan])[lan]
    learning.enrol("industry_class", [lan], actor=director)
    # The post changes: so does what is needed.
    actions.vacate(world.seats["secretary"], actor=SETUP)
    assert learning.gaps([lan]) == {lan: []}
    new = world.person("新书")
    actions.appoint(world.seats["secretary"], new, actor=SETUP)
    assert learning.gaps([new])[new] == ["party_work", "industry", "governance"]
    shown = page(hall, "周敏", "/desk/courses")
    assert "抓党建" in shown and "新○" in shown
