"""M035 孵化社会组织·公益项目: each project has provider, seats, area; an expired registration blocks new orders."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.foundation import subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import meeting_hall, refused
from tests.mechanisms.partners import entered

pytestmark = mechanism("M035", file="packs/xinhua-street/activities/welfare_order.yaml")
PROJECT = {"project": "四点半课堂", "seats": "30", "area": "三个小区"}


@pytest.fixture
def street(county, at_ten):
    hall = meeting_hall(county, at_ten, "xinhua-street")
    last = (clock.today() + timedelta(days=2)).isoformat()
    hall.good = entered(hall, "incubated_group", "启明学堂", field="education", valid_to="2027-06-30")
    hall.ending = entered(hall, "incubated_group", "法律驿站", field="law", valid_to=last)
    hall.over = entered(hall, "incubated_group", "旧书社", field="culture", valid_to="2026-11-17")
    return hall


def test_each_project_has_a_provider_in_good_standing_seats_and_an_area(street):
    actor = street.world.actor("赵兰")
    for lost in PROJECT:
        with pytest.raises(Invalid) as wrong:
            subjects.enter(
                "welfare_project", street.good.pk, {k: v for k, v in PROJECT.items() if k != lost}, actor=actor
            )
        assert set(wrong.value.field_errors) == {lost}
    with pytest.raises(Conflict) as refusal:
        subjects.enter("welfare_project", street.over.pk, PROJECT, actor=actor)
    assert refusal.value.code == "subject.not_meant"
    line = subjects.enter("welfare_project", street.good.pk, PROJECT, actor=actor)
    page = Desk(street.world).of("赵兰").get("/desk/registers/welfare_project").content.decode()
    assert f"/desk/registers/entries/{line.pk}" in page and "启明学堂" in page and "三个小区" in page


def test_an_expired_registration_blocks_new_orders_from_its_day_on(street):
    order = street.plan("welfare_order", when="2026-11-19 09:00", partners=[street.good.pk], seats=2)
    assert order.seats == 2
    for n in (1, 2):
        street.guest(order, n)
    assert street.guest(order, 3).state == "waiting"
    street.plan("welfare_order", when="2026-11-20 09:00", partners=[street.ending.pk])  # its last day
    for who, when in ((street.over, "2026-11-19 09:00"), (street.ending, "2026-11-21 09:00")):
        with refused("session.partner") as wrong:
            street.plan("welfare_order", when=when, partners=[who.pk])
        assert who.label in wrong.value.what
    desk = Desk(street.world).of("赵兰").get("/desk/activities/new?activity=welfare_order").content.decode()
    assert f'value="{street.good.pk}"' in desk and f'name="partner" value="{street.over.pk}"' not in desk
    # Renewed in the register, it can be ordered again.
    actor = street.world.actor("赵兰")
    line = subjects.entries(actor, "incubated_group", {"subject": [street.over.pk]}).rows[0]
    subjects.change(line.entry_id, {"valid_to": "2027-11-17"}, actor=actor)
    street.plan("welfare_order", when="2026-11-19 14:00", partners=[street.over.pk])
