"""M107 红白理事会: done by the day that was agreed, costs over the limit flagged, hall and hands never promised twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.matching import planning, signing
from gezhi.engines.workflows import ticking
from gezhi.foundation.errors import Conflict, Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import HOUR, at, meeting_hall, refused

pytestmark = [
    mechanism("M107", file="packs/nanfan-village/workflows/funeral.yaml"),
    mechanism("M107", file="packs/nanfan-village/activities/funeral_help.yaml"),
]


def asked(world, last_day="2026-11-20", ceiling=8000):
    world.seat("village_mediator", "lake", "理事会长")
    case = world.open("家里老人走了。", place="lake", workflow="funeral")
    return world.do(case, "agreed", "赵兰", needs="饭菜、接待", last_day=last_day, ceiling=ceiling)


def test_it_is_done_by_the_day_agreed_or_shows_as_late(county, at_ten):
    world = county("nanfan-village")
    case = asked(world)
    assert world.main(case).due_at == at("2026-11-21 00:00")
    at_ten.move_to(at("2026-11-21 00:00") + timedelta(minutes=1))
    ticking.tick()
    assert world.main(case).breached_at is not None


def test_more_than_agreed_needs_the_familys_word_and_is_flagged_with_how_much(county, at_ten):
    world = county("nanfan-village")
    case = asked(world)
    with pytest.raises(Invalid) as wrong:
        world.do(case, "done", "理事会长", cost=9200, more_agreed=False)
    assert list(wrong.value.field_errors) == ["cost"]
    case = world.do(case, "done", "理事会长", cost=9200, more_agreed=True)
    assert (case.kept["ceiling"], case.kept["cost"], case.kept["over"]) == ("8000", "9200", "1200")


def test_hall_and_hands_are_never_promised_to_two_families_at_once(county, at_ten):
    hall = meeting_hall(county, at_ten, "nanfan-village")
    world, secretary, lake = hall.world, hall.world.actor("赵兰"), hall.world.places["lake"]
    room = planning.open_venue("村礼堂", lake, actor=secretary)
    first = hall.plan("funeral_help", when="2026-11-20 08:00", hours=6, venue_id=room.pk)
    with refused("session.venue_busy"):
        hall.plan("funeral_help", when="2026-11-20 13:00", hours=2, venue_id=room.pk)
    after = hall.plan("funeral_help", when="2026-11-20 14:00", hours=2, venue_id=room.pk)
    other = planning.plan("funeral_help", lake, at("2026-11-20 10:00"), at("2026-11-20 10:00") + HOUR, actor=secretary)
    cook = world.person("掌勺")
    signing.sign_up(first.pk, cook, actor=secretary)
    with pytest.raises(Conflict):
        signing.sign_up(other.pk, cook, actor=secretary)
    signing.sign_up(after.pk, cook, actor=secretary)
    for n in range(11):
        signing.sign_up(first.pk, world.person(f"帮手{n}"), actor=secretary)
    waits, _position = signing.sign_up(first.pk, world.person("帮手十二"), actor=secretary), None
    assert "waiting" in str(getattr(waits, "state", waits))  # twelve hands, the next stands in line
