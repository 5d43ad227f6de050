"""M126 孟州市 网格员矩阵: 92 grid heads, 92 full-time workers, one head with two members in 618 micro grids.

The pack is installed like any other, its places loaded, the posts filled by the people room's actions, and the
counts read back by its queries. All persons are made up.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from gezhi.foundation import packs, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import actions
from tests.mechanisms import mechanism

PACKS = Path(__file__).parents[2] / "packs"
SETUP = people.system("setup")
MATRIX = ("grid_head", "grid_worker", "micro_grid_head", "micro_grid_member")


@pytest.fixture
def mengzhou(db):
    """The county staffed as its pack asks, since 30 days ago; returns its place id."""
    since = clock.now() - timedelta(days=30)
    for pack in ("standard-county", "mengzhou"):
        packs.install(PACKS / pack, actor=SETUP)
    for name in packs.registry().names("posts"):
        people.sync_posts(packs.registry().body("posts", name), actor=SETUP)
    body = packs.registry().body("places", "mengzhou")
    county = places.load_pack(body, actor=SETUP).county_id
    wanted = [staff for staff in places.staffing(body) if staff.post in MATRIX and _in_the_streets(staff.place_id)]
    rows = [actions.NewPerson(f"人{n}") for n in range(sum(staff.count for staff in wanted) + 2)]
    persons = actions.create_people(rows, actor=SETUP, synthetic=True)
    actions.open_root("county_director", county, persons[:2], actor=SETUP, since=since)
    new_seats = [actions.NewSeat(staff.post, staff.place_id) for staff in wanted]
    seats = actions.open_seats(new_seats, actor=SETUP, at=since)
    free = iter(persons[2:])
    terms = [
        actions.NewTerm(seat, next(free), since)
        for seat, staff in zip(seats, wanted, strict=True)
        for _each in range(staff.count)
    ]
    actions.appoint_many(terms, actor=SETUP)
    return county


def _in_the_streets(place_id: int) -> bool:
    known = places.directory()
    return known.get(known.path(place_id).town_id).name.endswith("街道")


def _counts(place_id, at=None):
    roles = people.roles_at(place_id, at)
    return {post: (roles.of(post).persons, len(roles.of(post).vacant)) for post in MATRIX}


@mechanism("M126", file="packs/mengzhou/places.yaml")
def test_the_matrix_counts_by_role_at_a_date(mengzhou):
    roles = people.roles_at(mengzhou)
    assert _counts(mengzhou) == {
        "grid_head": (92, 0),
        "grid_worker": (92, 0),
        "micro_grid_head": (618, 0),
        "micro_grid_member": (1236, 0),
    }
    one_head_two_members = roles.of("micro_grid_head").persons + roles.of("micro_grid_member").persons
    assert one_head_two_members == 1854 == 618 * 3
    assert roles.persons == 92 + 92 + 1854 + 2  # and the two of the root
    everywhere = places.directory()
    towns = [town for town in everywhere.children(mengzhou) if people.roles_at(town).posts]
    assert len(towns) == 4
    assert sum(people.roles_at(town).of("grid_head").persons for town in towns) == 92
    before = people.roles_at(mengzhou, clock.now() - timedelta(days=31))
    assert before.persons == 0 and before.posts == ()


@mechanism("M126", file="packs/mengzhou/places.yaml")
def test_vacancies_are_listed_and_overlapping_holders_are_counted_once_as_persons(mengzhou):
    directory = people.directory()
    head_seat = next(seat for seat in directory.seats.values() if seat.post == "grid_head")
    (head,) = directory.holders(head_seat.id)
    (worker_seat,) = directory.seats_at(head_seat.place_id, "grid_worker")
    (worker,) = directory.holders(worker_seat.id)

    actions.leave(worker, actor=SETUP)
    roles = people.roles_at(mengzhou)
    assert (roles.of("grid_worker").persons, roles.of("grid_worker").held) == (91, 91)
    assert [seat.id for seat in roles.vacant] == [worker_seat.id]
    assert people.directory().effective(worker_seat.id).persons == (head,)  # vacant, yet somebody answers
    yesterday = clock.now() - timedelta(days=1)
    assert _counts(mengzhou, yesterday)["grid_worker"] == (92, 0)

    actions.appoint(worker_seat.id, head, actor=SETUP)
    roles = people.roles_at(mengzhou)
    assert roles.of("grid_worker").persons == 92 and roles.of("grid_head").persons == 92 and roles.vacant == ()
    assert roles.persons == 92 + 92 + 1854 + 2 - 1
    assert {role.post.code for role in people.grid_roles(head)} == {"grid_head", "grid_worker"}
