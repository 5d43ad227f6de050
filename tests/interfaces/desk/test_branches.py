"""Seats set up and organisations hung into a tree from the desk: what cannot be is said, and the roster can begin."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.people.tree_view import tree_at
from tests.interfaces.desk.conftest import Desk
from tests.world import World

TREE = "/desk/trees/xinhua-party"


@pytest.fixture
def world(db):
    made = World("xinhua-street")
    made.seats["admin"] = made.seat("admin", "county", "卢一舟")
    return made


@pytest.fixture
def admin(world):
    return Desk(world).of("卢一舟")


def test_a_duty_desk_is_set_up_staffed_by_a_roster_and_closed(world, admin):
    address = f"/desk/people/at/{world.places['west']}/seats"
    page = admin.get(address).content.decode()
    assert page.index('value="duty_officer"') < page.index('value="street_officer"')  # duty desks first
    assert 'value="county_director"' not in page and 'value="grid_worker"' not in page
    for post in ("duty_officer", "duty_leader"):
        assert admin.post(address, {"do": "open", "post": post}).status_code == 302
    (desk,), (leader,) = (people.directory().seats_at(world.places["west"], p) for p in ("duty_officer", "duty_leader"))
    again = admin.post(address, {"do": "open", "post": "duty_officer"})
    assert again.status_code == 409 and "已经有了" in again.content.decode()
    assert admin.post(address, {"do": "open", "post": "grid_worker"}).status_code == 422
    assert admin.post(address, {"do": "open", "post": "no_such_post"}).status_code == 404
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    roster = {"do": "rotate", "seat": desk.id, "persons": "周敏\n吕岩", "first": tomorrow, "last": tomorrow}
    assert admin.post(f"/desk/duty/{world.places['west']}", roster).status_code == 302
    assert admin.post(address, {"do": "close", "seat": leader.id}).status_code == 302
    assert people.directory().seats_at(world.places["west"], "duty_leader") == ()
    elsewhere = world.seats["secretary"]
    admin.post(address, {"do": "close", "seat": elsewhere})
    assert not people.directory().seat(elsewhere).closed  # a seat of another place is not closed from here


def test_a_unit_is_entered_and_gets_its_seat(world, admin):
    address = f"/desk/people/at/{world.places['west']}/seats"
    assert admin.post(address, {"do": "unit", "name": "水", "code": "9"}).status_code == 422
    assert admin.post(address, {"do": "unit", "name": "西山镇水务站", "code": "town_water_9"}).status_code == 302
    unit = next(o for o in people.directory().organisations.values() if o.code == "town_water_9")
    assert admin.post(address, {"do": "open", "post": "town_unit", "unit": unit.id}).status_code == 302
    assert [s.organisation_id for s in people.directory().seats_at(world.places["west"], "town_unit")] == [unit.id]


def test_a_tree_grows_from_its_root_and_a_branch_moves(world, admin):
    def hang(name: str, code: str, place: str, parent: int | None = None) -> int:
        form = {"do": "add", "name": name, "code": code, "place": world.places[place], "parent": parent or ""}
        return admin.post(TREE, form).status_code

    def of(code: str) -> int:
        return next(o.id for o in people.directory().organisations.values() if o.code == code)

    assert "四级组织架构" in admin.get("/desk/trees").content.decode()  # where one begins
    page = admin.get(f"{TREE}?under=root").content.decode()
    assert "社区党委" in page and f'value="{world.places["lake"]}"' in page
    assert hang("湖滨社区党委", "lake_committee", "lake") == 302
    assert hang("又一个党委", "lake_again", "lake") == 409
    root = of("lake_committee")
    assert hang("网格一支部", "branch_1", "lake1", root) == hang("网格二支部", "branch_2", "lake2", root) == 302
    assert hang("外村支部", "branch_x", "hill1", root) == 422  # outside the root's place
    one, two = of("branch_1"), of("branch_2")
    assert hang("七号楼小组", "group_7", "block7", one) == 302
    group = of("group_7")
    page = admin.get(f"{TREE}?move={group}").content.decode()
    assert f'value="{one}"' in page and f'value="{two}"' not in page  # the house lies in the first grid only
    assert admin.post(TREE, {"do": "move", "branch": group, "parent": two}).status_code == 422
    assert admin.post(TREE, {"do": "remove", "branch": one}).status_code == 409  # others hang below it
    assert admin.post(TREE, {"do": "remove", "branch": group}).status_code == 302
    assert admin.post(TREE, {"do": "remove", "branch": two}).status_code == 302
    assert {node.organisation.id for node in tree_at("xinhua-party").nodes} == {root, one}
    assert admin.post(TREE, {"do": "add", "name": "", "code": "", "place": "x"}).status_code == 422
    assert admin.post(TREE, {"do": "dance", "branch": one}).status_code == 400
    for wrong in ("under=999999", "move=999999", "under=x"):
        assert admin.get(f"{TREE}?{wrong}").status_code == 404


def test_nobody_else_changes_either(world):
    secretary = Desk(world).of("赵兰")
    assert secretary.post(TREE, {"do": "add", "name": "党委", "code": "c1"}).status_code == 403
    assert secretary.post(f"/desk/people/at/{world.places['lake']}/seats", {"do": "open"}).status_code == 403
