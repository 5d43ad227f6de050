"""M067 六网格与三类网格员: every household in exactly one of six grids; each grid has the three kinds of members."""

from __future__ import annotations

import pytest

from gezhi.engines.registers import figures
from gezhi.foundation import subjects
from gezhi.foundation.people import coverage
from tests.foundation.people.county import SETUP
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.roll import ago

pytestmark = mechanism("M067", file="packs/yueshi-village/coverage.yaml")
KINDS = ("grid_party_member", "villager_group_head", "grid_villager")


@pytest.fixture
def village(county, at_ten):
    """北岭 in six grids, each with one of each kind, one person in two grids; 31 households, one in none yet."""
    world = county("yueshi-village")
    for n in range(6):
        world._open(f"ridge{n + 1}", "grid1", f"第 {n + 1} 网格", "ridge")
        for at, post in enumerate(KINDS):
            if (n, at) != (3, 2):
                world.seat(post, f"ridge{n + 1}", f"岭{n if (n, at) != (1, 1) else 0}{at}")
    world.seat("grid_villager", "ridge4")
    world.seat("village_secretary", "ridge", "岭书记")
    rows = [({"name": f"柳{n}户"}, world.places[f"ridge{n % 6 + 1}"], ago(400)) for n in range(30)]
    rows.append(({"name": "柳末户"}, world.places["ridge"], ago(400)))
    homes = subjects.add_many("living_household", rows, actor=SETUP, synthetic=True)
    lines = subjects.enter_many("household", [(h.pk, {"people": "3"}, ago(300)) for h in homes], actor=SETUP)
    return world, homes, lines


def test_every_household_lies_in_exactly_one_of_six_and_who_does_not_is_found(village):
    world, homes, lines = village
    actor = world.actor("岭书记")

    def by_grid():
        found = figures.figures(actor, "household", "grid")
        assert sum(cut.lines for cut in found.cuts) == found.whole.lines == len(found.whole.subjects) == 31
        return {cut.said.split()[-2] if " " in cut.said else cut.said: cut.lines for cut in found.cuts}

    before = by_grid()
    assert len(before) == 7 and before["不在网格里"] == 1
    shown = Desk(world).of("岭书记").get("/desk/registers/household?cut=grid:none").content.decode()
    assert f"/desk/registers/entries/{lines[-1].pk}" in shown and f"/desk/registers/entries/{lines[0].pk}" not in shown
    # A household in a finer grid is counted there, and the coarser one's number opens to its own.
    world._open("ridge1a", "grid2", "第 1-1 微网格", "ridge1")
    subjects.move(homes[0].pk, world.places["ridge1a"], actor=actor)
    for cut in figures.figures(actor, "household", "grid").cuts:
        opened = subjects.entries(actor, "household", figures.opened(actor, "household", "grid", cut.value), size=200)
        assert {row.subject_id for row in opened.rows} == cut.subjects
    subjects.move(homes[0].pk, world.places["ridge1"], actor=actor)
    subjects.move(homes[-1].pk, world.places["ridge6"], actor=actor)
    assert sorted(by_grid().values()) == [5, 5, 5, 5, 5, 6]


def test_each_grid_has_the_declared_mix_and_who_is_missing_is_named(village):
    world, _homes, _lines = village
    rule = coverage.rule(world.places["ridge"])
    assert [(role["id"], role["least"], tuple(role["posts"])) for role in rule["roles"]] == [
        ("party", 1, (KINDS[0],)), ("head", 1, (KINDS[1],)), ("villager", 1, (KINDS[2],)),
    ]  # fmt: skip
    found = coverage.coverage(world.places["ridge"], rule)
    assert (len(found.grids), found.complete) == (6, 5)
    lacking = {line.id: line.lacking for line in found.roles}
    assert lacking == {"party": (), "head": (), "villager": (world.places["ridge4"],)}
    assert {line.id: line.persons for line in found.roles}["head"] == 5  # one head for two grids is one person
    # What the village says of itself is not asked of the county around it.
    assert {role["id"] for role in coverage.rule(world.places["lake"])["roles"]} == {"head", "full_time", "part_time"}
