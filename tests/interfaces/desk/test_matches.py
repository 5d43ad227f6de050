"""The page of an allocation: what is proposed and why not, adopting it as it was seen, and differing with a reason."""

from __future__ import annotations

import pytest

from gezhi.engines.matching.models import Allotment
from gezhi.foundation import subjects
from gezhi.foundation.db import count_queries
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms.matching import SYSTEM, enter_all, propose
from tests.world import World

PAGE = "/desk/matches/village_cover"


@pytest.fixture
def city(db):
    world = World("mengzhou")
    world.villages = enter_all(
        world, "covered_village", "organisation", "west", [(f"西{n}村", {"weak": n == 1}) for n in range(3)]
    )
    world.cadres = enter_all(
        world, "cover_cadre", "person", "county", [("组甲", {"home": False}), ("组乙", {"home": False})]
    )
    enter_all(world, "cover_cadre", "person", "west", [("组丙", {"home": True})])
    return world


def test_the_proposal_is_read_adopted_and_stands(city):
    desk = Desk(city).of("于沐阳")
    assert "包乡联村" in desk.get("/desk/matches").content.decode()
    with count_queries() as asked:
        shown = desk.get(PAGE).content.decode()
    assert asked.total <= 40 and "西1村" in shown and "还空着的" in shown  # 组丙 is from that town
    seen = propose(city, "village_cover", "county", "于沐阳").seen
    assert desk.post(f"{PAGE}/adopt", {"seen": seen}).status_code == 302
    assert Allotment.objects.get().person_id == city.people["于沐阳"]
    after = desk.get(PAGE).content.decode()
    assert "没有新要配的" in after and "已经定下的" in after and "3 对" in after
    assert len(subjects.related([v.pk for v in city.villages], actor=SYSTEM, kind="covered_by")) == 3


def test_what_changed_meanwhile_and_what_has_no_reason_is_shown_again(city):
    desk = Desk(city).of("于沐阳")
    found = propose(city, "village_cover", "county", "于沐阳")
    (one, other) = (c.pk for c in city.cadres)
    alone = next(n for (n, o) in found.pairs if sum(1 for _n, x in found.pairs if x == o) == 2)
    lone = next(c for c in (one, other) if (alone, c) not in found.pairs)
    wrong = desk.post(f"{PAGE}/adopt", {"seen": found.seen, f"need{alone}": str(lone)})
    assert wrong.status_code == 422 and "请写明理由" in wrong.content.decode()
    enter_all(city, "covered_village", "organisation", "west", [("新村", {"weak": False})])
    stale = desk.post(f"{PAGE}/adopt", {"seen": found.seen})
    assert stale.status_code == 409 and "名单刚刚变了" in stale.content.decode() and not Allotment.objects.exists()


def test_whoever_does_not_decide_sees_nothing_of_it(city):
    for name in ("方晓", "赵兰"):
        assert Desk(city).of(name).get(PAGE).status_code == 404
        assert Desk(city).of(name).post(f"{PAGE}/adopt", {"seen": "x"}).status_code == 404
    assert "没有由您来定的" in Desk(city).of("赵兰").get("/desk/matches").content.decode()
