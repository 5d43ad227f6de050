"""M051 松溪县 三级网格: ten communities cut into 10 / 76 / 761 grids with 879 grid workers.

Everything goes through public doors: the pack is read and installed like any other, its places are
loaded, the posts filled by the people room's actions, and the counts read from directory and queries.
"""

from pathlib import Path

import pytest

from gezhi.foundation import packs, people, places
from gezhi.foundation.people import actions
from tests.mechanisms import mechanism

PACKS = Path(__file__).parents[2] / "packs"
WORKERS = 879


@pytest.fixture
def songxi(db):
    """The county as the pack has it, staffed; returns its place id."""
    system = people.system("setup")
    for pack in ("standard-county", "songxi"):
        packs.install(PACKS / pack, actor=system)
    body = packs.registry().body("places", "songxi")
    county = places.load_pack(body, actor=system).county_id
    wanted = [staff for staff in places.staffing(body) if staff.post == "grid_worker"]
    rows = [actions.NewPerson(f"网格员{n}") for n in range(sum(staff.count for staff in wanted) + 2)]
    persons = actions.create_people(rows, actor=system, synthetic=True)
    actions.open_root("county_director", county, persons[:2], actor=system)
    seats = actions.open_seats([actions.NewSeat(s.post, s.place_id) for s in wanted], actor=system)
    sitting = iter(persons[2:])
    terms = [
        actions.NewTerm(seat, next(sitting), None, None)
        for seat, staff in zip(seats, wanted, strict=True)
        for _each in range(staff.count)
    ]
    actions.appoint_many(terms, actor=system)
    return county


@mechanism("M051", file="packs/songxi/places.yaml")
def test_three_levels_of_grids_partition_one_another_and_none_is_without_a_worker(songxi):
    known = places.directory()
    levels = {kind: set(known.of_kind(kind)) for kind in places.GRIDS}
    assert {kind: len(ids) for kind, ids in levels.items()} == {"grid1": 10, "grid2": 76, "grid3": 761}
    # Level 1 partitions the ten communities, level 2 level 1, level 3 level 2: every child has one parent ...
    communities = {known.parent(grid) for grid in levels["grid1"]}
    assert len(communities) == 10 and {known.get(c).kind for c in communities} == {"village"}
    for upper, lower in (("grid1", "grid2"), ("grid2", "grid3")):
        assert {known.parent(grid) for grid in levels[lower]} == levels[upper]
        assert sum(len(known.children(grid)) for grid in levels[upper]) == len(levels[lower])
    # ... and on the ground no two overlap, none lies outside its parent, no parent has a gap.
    assert places.check_partition(known.on) == []
    assert set(known.grids_under(songxi)) == levels["grid3"]

    workers = people.roles_at(songxi).of("grid_worker")
    assert (workers.persons, workers.holders, workers.vacant) == (WORKERS, WORKERS, ())
    staffed = {seat.place_id for seat in people.directory().seats.values() if seat.post == "grid_worker"}
    assert staffed == levels["grid1"] | levels["grid2"] | levels["grid3"]


@mechanism("M051", file="packs/songxi/places.yaml")
def test_a_grid_that_loses_its_worker_or_its_ground_does_not_go_unnoticed(songxi):
    system, known = people.system("setup"), places.directory()
    bereft, taken_out = [g for g in known.of_kind("grid3") if len(known.children(known.parent(g))) > 1][:2]
    (seat,) = people.directory().seats_at(bereft, "grid_worker")
    (person,) = people.directory().holders(seat.id)
    actions.leave(person, actor=system)
    workers = people.roles_at(songxi).of("grid_worker")
    assert workers.persons == WORKERS - 1 and [s.place_id for s in workers.vacant] == [bereft]
    places.close(taken_out, actor=system)
    assert [(f.code, f.place_id) for f in places.check_partition(known.on)] == [("gap", known.parent(taken_out))]
