"""M017 陶源社区 微网格: every dwelling is in exactly one micro grid at any date, whatever moves."""

from collections import Counter

from gezhi.foundation import subjects
from tests.mechanisms import mechanism
from tests.mechanisms.roll import ago, thing


@mechanism("M017", file="packs/taoyuan-community/registers/dwelling.yaml")
def test_every_dwelling_lies_in_exactly_one_micro_grid_on_every_day(county):
    world = county("taoyuan-community")
    actor = world.actor("赵兰")
    grids = {world.places["lake1"], world.places["lake2"]}
    rows = [thing(world, "dwelling", f"1 号楼 {n} 室", place=("lake1", "lake2")[n % 2]) for n in range(6)]
    for row in rows:
        subjects.enter("dwelling", row.pk, {"used_as": "home"}, actor=actor, since=ago(100))
    subjects.move(rows[0].pk, world.places["lake2"], actor=actor, on=ago(50))
    subjects.move(rows[0].pk, world.places["lake1"], actor=actor, on=ago(20))
    for day in (100, 51, 50, 49, 21, 20, 0):
        by_grid = [
            (row.subject_id, grid)
            for grid in sorted(grids)
            for row in subjects.as_of(actor, "dwelling", grid, ago(day)).rows
        ]
        assert Counter(id for id, _grid in by_grid) == {row.pk: 1 for row in rows}
        whole = subjects.as_of(actor, "dwelling", world.places["lake"], ago(day)).rows
        assert sorted(row.subject_id for row in whole) == sorted(id for id, _grid in by_grid)
    assert [r.subject_id for r in subjects.as_of(actor, "dwelling", world.places["lake2"], ago(30)).rows][0] == rows[
        0
    ].pk
