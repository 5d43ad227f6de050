"""M097 社区合伙人: a partner's profile with its offers, event lines, served persons counted; M142: partners at a date."""

from __future__ import annotations

import pytest

from gezhi.engines.matching import held_with
from gezhi.engines.registers import figures, files
from gezhi.foundation import events, subjects
from gezhi.foundation.errors import Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, refused
from tests.mechanisms.partners import entered, event
from tests.mechanisms.roll import ago, thing

NOVEMBER = (at("2026-11-01 00:00"), at("2026-12-01 00:00"))


@pytest.fixture
def turns(county, at_ten):
    """Three partners in turns, once two together; 甲 came to two events, 乙 to one, and 12 heads were counted."""
    hall = meeting_hall(county, at_ten, "minzhu-street")
    clinic, hall.shop, opera = (
        entered(hall, "partner", name, offers=offers, sort=sort)
        for name, offers, sort in (
            ("第二医院", "义诊、量血压", "hall"), ("顺手修理铺", "修家电", "shop"), ("梨园剧社", "唱豫剧", "group")
        )
    )  # fmt: skip
    hall.partners = (clinic, hall.shop, opera)
    hall.rows = [
        event(hall, "partner_event", "2026-11-19 09:00", [clinic], [1, 2], theme="clinic"),
        event(hall, "partner_event", "2026-11-20 09:00", [clinic, opera], [1], heads=12, theme="show"),
        event(hall, "partner_event", "2026-11-21 09:00", [hall.shop], [], heads=5, theme="repair"),
    ]
    return hall


@mechanism("M097", file="packs/minzhu-street/activities/partner_event.yaml")
def test_profile_offers_event_lines_and_served_persons(turns):
    clinic, shop, opera = turns.partners
    actor = turns.world.actor("赵兰")
    each, whole = held_with.by_partner(actor, "partner_event", *NOVEMBER)
    assert {h.subject.pk: (len(h.sessions), len(h.who), h.person_times) for h in each} == {
        clinic.pk: (2, 2, 15), shop.pk: (1, 0, 5), opera.pk: (1, 1, 13),
    }  # fmt: skip
    # An event of two partners is one event, somebody who came twice is one person.
    assert (len(whole.sessions), len(whole.who), whole.person_times) == (3, 2, 20)
    profile = files.file_of(clinic.pk, actor)
    assert [e.values["offers"] for e, r in profile.lines if r.name == "partner"] == ["义诊、量血压"]
    told = [(one.opens, one.text) for one in profile.story if one.source == "sessions"]
    assert told == [(("session", turns.rows[1].pk), "13 人次"), (("session", turns.rows[0].pk), "2 人次")]
    page = Desk(turns.world).of("赵兰").get(f"/desk/subjects/{clinic.pk}").content.decode()
    assert f'/desk/activities/{turns.rows[0].pk}"' in page and "义诊、量血压" in page
    with pytest.raises(Invalid) as wrong:
        subjects.enter("partner", thing(turns.world, "organisation", "某店").pk, {"sort": "shop"}, actor=actor)
    assert set(wrong.value.field_errors) == {"offers"}
    assert not events.verify().findings


@mechanism("M142", file="packs/minzhu-street/activities/partner_event.yaml")
def test_partners_at_a_date_and_each_events_partners_and_persons(turns):
    clinic, shop, opera = turns.partners
    actor = turns.world.actor("赵兰")
    late = thing(turns.world, "organisation", "新来的社团")
    subjects.enter("partner", late.pk, {"offers": "画画", "sort": "group"}, actor=actor, since=ago(3))
    line = subjects.entries(actor, "partner", {"subject": [shop.pk]}).rows[0]
    subjects.end(line.entry_id, actor=actor, on=ago(1))

    def count(day):
        return len(figures.figures(actor, "partner", "sort", day=day).whole.subjects)

    assert [count(day) for day in (ago(400), ago(10), ago(2), ago(1), None)] == [0, 3, 4, 3, 3]
    names = held_with.names([row.pk for row in turns.rows])
    assert {id: [who.pk for who in whos] for id, whos in names.items()} == {
        turns.rows[0].pk: [clinic.pk], turns.rows[1].pk: [clinic.pk, opera.pk], turns.rows[2].pk: [shop.pk],
    }  # fmt: skip
    page = Desk(turns.world).of("赵兰").get("/desk/activities/partners?activity=partner_event&period=2026-11")
    text = page.content.decode()
    assert page.status_code == 200 and "第二医院、梨园剧社" in text and f"/desk/subjects/{opera.pk}" in text
    with refused("session.invalid"):  # no event without a partner
        turns.plan("partner_event", when="2026-11-25 09:00", theme="law")
    with refused("session.partner"):  # who has left the register cannot be one
        turns.plan("partner_event", when="2026-11-25 09:00", theme="law", partners=[shop.pk])
