"""M128 闲置场地无偿提供社区: owner, term, condition; bookings never overlap; the idle list shrinks only by an agreement."""

from __future__ import annotations

import pytest

from gezhi.engines.matching import planning
from gezhi.engines.registers import figures
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict, Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, refused
from tests.mechanisms.roll import ago, thing

pytestmark = mechanism("M128", file="packs/mengzhou/registers/idle_site.yaml")
SITE = {"owner": "原粮食局", "condition": "ready", "area": "420"}
GIVEN = {"agreement": "无偿〔2026〕5号", "term": "2026-11-30", "use": "老年活动"}


@pytest.fixture
def sites(county, at_ten):
    hall = meeting_hall(county, at_ten, "mengzhou")
    hall.sites = [thing(hall.world, "asset", f"{n} 号旧厂房") for n in range(3)]
    actor = hall.world.actor("赵兰")
    hall.lines = [subjects.enter("idle_site", site.pk, SITE, actor=actor, since=ago(60)) for site in hall.sites]
    return hall, actor


def idle(actor):
    return {row.subject_id for row in subjects.entries(actor, "idle_site", {"state": "idle"}).rows}


def test_the_idle_list_shrinks_only_by_an_agreement(sites, at_ten):
    hall, actor = sites
    ids = [site.pk for site in hall.sites]
    for lost in SITE:
        with pytest.raises(Invalid):
            subjects.change(hall.lines[0].pk, {lost: ""}, actor=actor)
    with pytest.raises(Conflict) as wrong:
        subjects.end(hall.lines[0].pk, actor=actor)
    assert wrong.value.code == "subject.not_to_end"
    for how in ("closed", "moved_out"):
        with pytest.raises(Conflict):
            subjects.end_subject(ids[1], how, actor=actor)
    subjects.change(hall.lines[1].pk, {"owner": "市住建局", "condition": "repair"}, actor=actor)
    assert idle(actor) == set(ids)
    with pytest.raises(Invalid) as refusal:  # an agreement has a term and a use
        subjects.change(hall.lines[0].pk, {"agreement": GIVEN["agreement"]}, actor=actor)
    assert set(refusal.value.field_errors) == {"term", "use"}
    subjects.change(hall.lines[0].pk, GIVEN, actor=actor)
    assert idle(actor) == {ids[1], ids[2]}
    assert {c.value: c.lines for c in figures.figures(actor, "idle_site", "state").cuts} == {"used": 1, "idle": 2}
    page = Desk(hall.world).of("赵兰").get("/desk/registers/idle_site?state=idle").content.decode()
    assert "1 号旧厂房" in page and "0 号旧厂房" not in page
    at_ten.move_to(at("2026-12-01 09:00"))  # the term is over: idle again
    subjects.restate("idle_site", actor=actor)
    assert idle(actor) == set(ids)


def test_a_site_is_booked_within_its_term_and_never_twice_at_a_time(sites):
    hall, actor = sites
    room = planning.open_venue(
        "0 号旧厂房", hall.world.places["lake"], actor=actor, owner="原粮食局", condition="可直接用", until=at("2026-11-30 00:00").date()
    )  # fmt: skip
    assert (room.owner, room.condition, room.until.isoformat()) == ("原粮食局", "可直接用", "2026-11-30")
    hall.plan("site_use", when="2026-11-20 14:00", hours=2, venue_id=room.pk)
    for when in ("2026-11-20 13:30", "2026-11-20 15:59"):
        with refused("session.venue_busy"):
            hall.plan("site_use", when=when, hours=1, venue_id=room.pk)
    hall.plan("site_use", when="2026-11-20 16:00", hours=1, venue_id=room.pk)
    with refused("session.venue_closed"):
        hall.plan("site_use", when="2026-12-01 10:00", hours=1, venue_id=room.pk)
