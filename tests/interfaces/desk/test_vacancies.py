"""Vacant seats by level: since when, and who answers meanwhile; trees only for those above them."""

from __future__ import annotations

from datetime import timedelta

from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from gezhi.foundation.people import actions
from gezhi.foundation.people.queries import vacancies
from tests.foundation.people.county import SETUP

BUDGET = 20


def test_vacancies_say_since_when_and_who_answers(desk, world):
    actions.vacate(world.seats["secretary"], actor=SETUP)
    never = world.seat("village_mediator", "lake")
    found = {one.seat.id: one for one in vacancies(world.places["lake"])}
    assert set(found) == {world.seats["secretary"], never}
    assert found[never].never_held and not found[world.seats["secretary"]].never_held
    assert set(found[world.seats["secretary"]].answers.persons) == set(world.persons("周敏", "吕岩"))
    page = desk.of("卢一舟").get(f"/desk/people/vacant/{world.places['county']}").content.decode()
    assert people.directory().seat(never).label in page and "周○" in page and "还没有人任过" in page


def test_a_substitute_keeps_it_going_but_does_not_fill_it(desk, world):
    seat = world.seats["secretary"]
    actions.substitute(
        seat, world.person("代班人"), actor=SETUP, until=clock.now() + timedelta(days=9), reason="vacancy"
    )
    actions.vacate(seat, actor=SETUP)
    (one,) = vacancies(world.places["lake"])
    assert one.answers == (seat, (world.people["代班人"],))
    assert (
        "代班：" in desk.of("卢一舟").get(f"/desk/people/vacant/{world.places['lake']}?level=village").content.decode()
    )


def test_only_who_manages_people_and_within_budget(desk, world):
    actions.vacate(world.seats["secretary"], actor=SETUP)
    url = f"/desk/people/vacant/{world.places['county']}"
    for name in ("赵兰", "周敏", "薛衡"):
        if name != "赵兰":
            assert desk.of(name).get(url).status_code == 403
    client = desk.of("卢一舟")
    assert client.get("/desk/people/vacant").status_code == 200
    assert client.get("/desk/people/vacant/999999").status_code == 404
    with count_queries() as counted:
        client.get(url)
    assert counted.total <= BUDGET, counted.statements


def test_trees_without_any_and_for_whom(desk, world):
    assert "还没有组织树" in desk.of("卢一舟").get("/desk/trees").content.decode()
    assert desk.of("马东").get("/desk/trees").status_code == 403
    assert desk.of("卢一舟").get("/desk/trees/nothing").status_code == 404
