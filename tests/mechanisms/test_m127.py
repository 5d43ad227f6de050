"""M127 孟州市 各类力量全部纳入网格: each person's roles in grids; a leaver's open items are handed over."""

from datetime import timedelta

from gezhi.engines.workflows import queries
from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism

pytestmark = mechanism("M127", file="packs/standard-county/posts.yaml")


def _roles(world, name):
    return {(role.post.code, role.seat.place_id) for role in people.grid_roles(world.person(name))}


def test_everybody_drawn_into_a_grid_has_roles_there_and_is_one_person(county):
    world = county()
    places = world.places
    # A department's officer and a shop owner join the grid beside the full-time worker.
    world.seat("grid_member", "lake1", "马东", "店主小卢")
    world.seat("grid_head", "lake1", "赵兰")
    assert _roles(world, "秦英") == {("grid_worker", places["lake1"])}
    assert _roles(world, "马东") == {("grid_member", places["lake1"])}
    assert _roles(world, "店主小卢") == {("grid_member", places["lake1"])}
    assert _roles(world, "赵兰") == {("grid_head", places["lake1"])}  # the secretary's own seat is no grid
    inside = people.roles_at(places["lake1"])
    assert inside.persons == 4 and inside.of("grid_member").persons == 2


def test_a_leavers_open_items_are_handed_over_and_none_is_lost(county, at_ten):
    world = county()
    cases = [world.open(f"第 {n} 处漏水", place="lake1") for n in range(4)]
    for case in cases:
        world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    for case in cases[:2]:
        world.do(case, "take", "秦英")
    at_ten.shift(timedelta(hours=1))

    preview = people.hand_over_list(world.person("秦英"))
    assert [row.seat_id for row in preview.seats] == [world.seats["grid"]]
    result = actions.leave(world.person("秦英"), actor=SETUP)
    assert [row.seat_id for row in result.seats] == [world.seats["grid"]]
    assert result.seats[0].to_persons == preview.seats[0].to_persons == (world.person("赵兰"),)

    assert queries.inbox(world.actor("秦英")) == []
    assert {task.case.id for task in queries.inbox(world.actor("赵兰"))} >= {case.id for case in cases}
    assert all(world.main(case).person_id is None for case in cases)
    for case in cases:
        world.do(case, "finish", "赵兰", result="修好了。")
    assert people.grid_roles(world.person("秦英")) == ()


def test_a_substitutes_items_go_back_when_the_term_runs_out(county, at_ten):
    world = county()
    case = world.open("路灯不亮", place="lake1")
    world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    actions.substitute(
        world.seats["grid"], world.person("代班小周"), actor=SETUP, until=clock.now() + timedelta(hours=2)
    )
    world.do(case, "take", "代班小周")
    assert world.main(case).person_id == world.person("代班小周")
    at_ten.shift(timedelta(hours=3))
    actions.settle(actor=people.system("clock"))
    assert world.main(case).person_id is None
    assert {task.case.id for task in queries.inbox(world.actor("秦英"))} == {case.id}
    assert queries.inbox(world.actor("代班小周")) == []
