"""M092 四级协商组织体系: each topic is held at the lowest level whose area contains all it concerns."""

from __future__ import annotations

import pytest

from gezhi.foundation.errors import NotFound
from gezhi.foundation.people import actions
from gezhi.foundation.people.tree_view import lowest_covering, tree_at
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism

pytestmark = mechanism("M092", file="packs/minzhu-street/trees/council.yaml")
TREE = "minzhu-council"


@pytest.fixture
def community(county):
    world = county("minzhu-street")
    world._open("block8", "building", "8 号楼", "lake1")
    world._open("block20", "building", "20 号楼", "lake2")

    def add(code, name, kind, where, parent=None):
        return actions.add_branch(TREE, actions.NewBranch(code, name, kind, world.places[where], parent), actor=SETUP)

    world.committee = add("wei", "湖滨社区党委", "council_committee", "lake")
    world.branches = [add(f"zhi{n}", f"{n} 网格党支部", "council_branch", f"lake{n}", world.committee) for n in (1, 2)]
    world.groups = {
        block: add(f"zu-{block}", f"{block} 党小组", "council_group", block, world.branches[grid])
        for block, grid in (("block7", 0), ("block8", 0), ("block20", 1))
    }
    return world


@pytest.mark.parametrize(
    ("concerned", "level"),
    [
        (["block7"], "council_group"),
        (["block7", "block8"], "council_branch"),
        (["block7", "block20"], "council_committee"),
        (["lake1"], "council_branch"),
        (["lake1", "lake2"], "council_committee"),
        (["lake"], "council_committee"),
    ],
)
def test_a_topic_is_held_at_the_lowest_level_that_contains_all_it_concerns(community, concerned, level):
    places = [community.places[name] for name in concerned]
    held = lowest_covering(TREE, places)
    assert held.kind == level
    # No branch below it covers them all: worked out from the paths, not from the tree.
    from gezhi.foundation.places import directory

    for node in tree_at(TREE).nodes:
        covers = all(directory().is_within(place, node.organisation.place_id) for place in places)
        below = held.id in {step.organisation.id for step in tree_at(TREE).way_up(node.organisation.id)[1:]}
        assert not (covers and below)


def test_what_reaches_beyond_the_community_has_no_council_here(community):
    with pytest.raises(NotFound):
        lowest_covering(TREE, [community.places["lake1"], community.places["hill1"]])
