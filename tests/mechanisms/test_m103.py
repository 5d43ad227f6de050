"""M103 就餐与送餐: each elder has one meal state a day; routes cover all deliveries; what is not brought is told in time."""

from __future__ import annotations

import pytest

from gezhi.engines.duties import actions, closing, findings, queries
from gezhi.engines.duties.climbing import climb
from gezhi.engines.duties.schema import rule
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict, Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, enter, owed, person, publish
from tests.mechanisms.meetings import at

pytestmark = mechanism("M103", file="packs/nanfan-village/duties/meal-brought.yaml")
DAY = "2026-11-18"


@pytest.fixture
def home(county, at_ten):
    """Two who eat in, three who are brought the meal: two on 甲's route, one whom nobody was named for."""
    at_ten.move_to(at(f"{DAY} 09:00"))
    world = county("nanfan-village")
    world.route = world.seat("meal_carrier", "lake", "送甲")
    publish()
    world.elders = [person(world, f"老{c}") for c in "甲乙丙丁戊"]
    for who in world.elders[:2]:
        enter("home_elder", who, brought=False)
    for who in world.elders[2:4]:
        enter("home_elder", who, brought=True, carrier=world.route)
    enter("home_elder", world.elders[4], brought=True)
    world.brought, world.eating = rule("meal-brought"), rule("meal-at-home")
    world.lake = ("village", world.places["lake"])
    return world


def give(world, name, who, which, meal):
    return actions.fulfil(which, who.pk, DAY, {"meal": meal}, actor=world.actor(name))[0]


def test_everybody_has_exactly_one_state_and_the_routes_hold_every_delivery(home, at_ten):
    assert owed(home, "送甲") == []  # not before eleven
    at_ten.move_to(at(f"{DAY} 11:00"))
    routes = {name: {o.subject_id for o in owed(home, name, "meal-brought")} for name in ("送甲", "赵兰")}
    third, fourth, fifth = (e.pk for e in home.elders[2:])
    assert routes == {
        "送甲": {third, fourth},
        "赵兰": {fifth},
    }  # who has no carrier falls to the secretary, not through
    table = {o.subject_id for o in owed(home, "赵兰", "meal-at-home")}
    assert table == {e.pk for e in home.elders[:2]}
    with pytest.raises(Invalid):
        actions.fulfil("meal-at-home", home.elders[0].pk, DAY, {}, actor=home.actor("赵兰"))
    give(home, "赵兰", home.elders[0], "meal-at-home", "eat_in")
    give(home, "赵兰", home.elders[1], "meal-at-home", "declined")
    give(home, "送甲", home.elders[2], "meal-brought", "delivered")
    give(home, "送甲", home.elders[3], "meal-brought", "declined")
    give(home, "赵兰", home.elders[4], "meal-brought", "delivered")
    with pytest.raises(Conflict):
        give(home, "送甲", home.elders[2], "meal-brought", "declined")
    found = [findings.tally(r, r.named(DAY), home.lake)["meal"] for r in (home.eating, home.brought)]
    assert found == [{"eat_in": 1, "declined": 1}, {"delivered": 2, "declined": 1}]
    shown = (
        Desk(home)
        .of("赵兰")
        .get(f"/desk/duties/meal-brought?place={home.places['lake']}&period={DAY}")
        .content.decode()
    )
    assert "送到了" in shown and "说好不用送" in shown
    where = f"/desk/duties/meal-brought/{DAY}/done?place={home.places['lake']}&found=meal&answer=delivered"
    rows = Desk(home).of("赵兰").get(where).content.decode()
    assert rows.count('class="tag done"') == 2


def test_what_is_not_brought_is_told_before_the_meal_window_ends(home, at_ten):
    at_ten.move_to(at(f"{DAY} 11:30"))
    give(home, "送甲", home.elders[2], "meal-brought", "delivered")
    at_ten.move_to(at(f"{DAY} 12:01"))
    closing.close_windows()
    climb()
    assert queries.climbed(home.actor("赵兰")) == []
    at_ten.move_to(at(f"{DAY} 12:07"))  # well within the window of the meal, which ends at half past
    climb()
    told = {o.subject_id for o, _row in queries.climbed(home.actor("赵兰"))}
    assert told == {home.elders[3].pk, home.elders[4].pk}
    assert home.eating.named(DAY).closes == at(f"{DAY} 12:30")
    give(home, "送甲", home.elders[3], "meal-brought", "delivered")
    assert {o.subject_id for o, _row in queries.climbed(home.actor("赵兰"))} == {home.elders[4].pk}


def test_who_moves_from_the_table_to_a_route_is_on_one_list_only(home, at_ten):
    line = subjects.Entry.objects.get(subject_id=home.elders[0].pk, register="home_elder")
    subjects.change(line.pk, {"brought": True, "carrier": home.route}, actor=SYSTEM)
    at_ten.move_to(at("2026-11-19 11:10"))
    lists = [
        o.rule.name
        for n in ("送甲", "赵兰")
        for o in owed(home, n)
        if o.subject_id == home.elders[0].pk and o.rule.name.startswith("meal")
    ]
    assert lists == ["meal-brought"]
