"""Organisations in trees: pack data says the shape; one root, no cycle, sums add up, vacancies fall up the tree."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gezhi.foundation import events, packs, people
from gezhi.foundation.errors import Refusal
from gezhi.foundation.packs import Context, read_yaml
from gezhi.foundation.people import actions
from gezhi.foundation.people.tree_reader import read_tree
from gezhi.foundation.people.tree_view import Sums, lowest_covering, tree_at
from tests.environment import some

from .county import SETUP, County

PACKS = Path(__file__).parents[3] / "packs"
TREE = "xinhua-party"
NewBranch = actions.NewBranch


@contextmanager
def refused(code):
    with pytest.raises(Refusal) as found:
        yield
    assert found.value.code == code


@pytest.fixture
def street(county):
    packs.install(PACKS / "xinhua-street", actor=SETUP)
    return county


def branch(county, code, kind, place, parent=None, name=""):
    row = NewBranch(code, name or code, kind, county.places[place], parent)
    return actions.add_branch(TREE, row, actor=SETUP)


def full(county):
    """湖滨: a committee, a branch on grid 1, a group in building 7, two households."""
    committee = branch(county, "wei", "community_committee", "lake", name="湖滨社区党委")
    one = branch(county, "zhi1", "grid_branch", "lake1", committee, "第一网格党支部")
    group = branch(county, "zu7", "courtyard_group", "block7", one, "7 号楼党小组")
    homes = [branch(county, f"hu{n}", "member_household", "block7", group, f"中心户 {n}") for n in (1, 2)]
    return committee, one, group, homes


def seat(county, post, place, organisation, *holders, label=""):
    made = actions.open_seat(post, county.places[place], actor=SETUP, organisation_id=organisation, label=label)
    for name in holders:
        actions.appoint(made, county.person(name), actor=SETUP)
    return made


def test_the_shape_is_kept(street):
    committee, one, group, homes = full(street)
    view = tree_at(TREE)
    assert [node.depth for node in view.nodes] == [1, 2, 3, 4, 4]
    assert [n.organisation.id for n in view.way_up(homes[1])] == [homes[1], group, one, committee]
    with refused("tree.kind"):  # a group under a committee
        branch(street, "zu8", "courtyard_group", "block7", committee)
    with refused("tree.place"):  # a branch of another village's grid
        branch(street, "zhi9", "grid_branch", "hill1", committee)
    with refused("tree.root_exists"):
        branch(street, "wei2", "community_committee", "lake")
    with refused("tree.kind"):  # nothing but a committee is a root
        branch(street, "zhi3", "grid_branch", "lake2")
    with refused("people.no_tree"):
        actions.add_branch("nothing", NewBranch("a", "a", "a", street.places["lake"]), actor=SETUP)
    with refused("tree.has_branches"):
        actions.remove_branch(TREE, one, actor=SETUP)
    assert branch(street, "wei", "community_committee", "lake", name="湖滨社区党委") == committee  # again: the same
    assert events.verify().clean


def test_a_move_takes_what_hangs_below_along_and_the_past_stays(street):
    committee, one, group, homes = full(street)
    two = branch(street, "zhi2", "grid_branch", "lake1", committee, "第二支部")
    before = people.directory()._instants[-1]
    from gezhi.foundation.calendar import clock

    moment = clock.now()
    actions.move_branch(TREE, group, two, actor=SETUP)
    assert [n.organisation.id for n in tree_at(TREE).way_up(homes[0])] == [homes[0], group, two, committee]
    assert [n.organisation.id for n in tree_at(TREE, moment).way_up(homes[0])] == [homes[0], group, one, committee]
    assert before <= moment
    assert events.verify().clean


def test_a_vacant_seat_falls_up_its_own_tree(street):
    committee, one, group, _homes = full(street)
    secretary = seat(street, "committee_secretary", "lake", committee, "党书记")
    lead = seat(street, "branch_secretary", "lake1", one)
    leader = seat(street, "group_leader", "block7", group)
    directory = people.directory()
    assert (directory.above(leader), directory.above(lead)) == (lead, secretary)
    assert directory.effective(leader).persons == (street.people["党书记"],)
    assert directory.seat(lead).label == "第一网格党支部支部书记"
    two = branch(street, "zhi2", "grid_branch", "lake1", committee, "第二支部")
    other = seat(street, "branch_secretary", "lake1", two, "二支书")
    actions.move_branch(TREE, group, two, actor=SETUP)
    assert people.directory().above(leader) == other


def test_posts_and_trees_that_lead_round_still_end_at_the_root(street):
    """A pack may let the committee's post fall to one that sits below it in the tree: the walk still ends."""
    committee, one, _group, _homes = full(street)
    people.sync_posts(
        [
            {"code": "top", "title": "上", "level": "village", "falls_to": "low"},
            {"code": "low", "title": "下", "level": "village"},
        ]
    )
    top = seat(street, "top", "lake", committee)
    low = actions.open_seat("low", street.places["lake"], actor=SETUP, organisation_id=one)
    directory = people.directory()
    for start in (top, low):
        step, seen = start, set()
        while step is not None:
            assert step not in seen
            seen.add(step)
            step = directory.above(step)
        assert directory.root in seen


def test_the_lowest_that_covers(street):
    committee, one, group, homes = full(street)
    place = street.places
    assert lowest_covering(TREE, [place["block7"]]).id in homes
    assert lowest_covering(TREE, [place["block7"], place["lake1"]]).id == one
    assert lowest_covering(TREE, [place["lake1"], place["lake2"]]).id == committee
    for nothing in ([], [place["hill1"]], [place["lake1"], place["hill1"]], [987654]):
        with refused("people.no_council"):
            lowest_covering(TREE, nothing)


def read(text):
    context = Context("trees/x.yaml")
    node = read_yaml(text, context)
    read_tree(node, context)
    return [problem.code for problem in context.problems]


@pytest.mark.parametrize(
    ("levels", "duties", "code"),
    [
        ("[]", "[]", "tree.levels"),
        ("[{kind: a, title: 甲, at: [village]}]", "[]", "tree.kind"),
        ("[{kind: aa, title: 甲, at: [moon]}]", "[]", "tree.at"),
        ("[{kind: aa, title: 甲, at: [village], under: aa}]", "[]", "tree.root"),
        ("[{kind: aa, title: 甲, at: [village]}, {kind: bb, title: 乙, at: [grid]}]", "[]", "tree.root"),
        ("[{kind: aa, title: 甲, at: [village]}, {kind: bb, title: 乙, at: [grid], under: cc}]", "[]", "tree.level"),
        ("[{kind: aa, title: 甲, at: [village]}, {kind: aa, title: 乙, at: [grid], under: aa}]", "[]", "tree.twice"),
        ("[{kind: aa, title: 甲, at: [village], post: nobody}]", "[]", "posts.unknown"),
        (
            "[{kind: aa, title: 甲, at: [village]}]",
            "[{code: do_it, title: 办, level: aa}, {code: do_it, title: 办, level: aa}]",
            "tree.duty_twice",
        ),
        ("[{kind: aa, title: 甲, at: [village]}]", "[{code: do_it, title: 办, level: zz}]", "tree.level"),
    ],
)
def test_a_flawed_tree_is_refused_at_its_line(levels, duties, code):
    assert code in read(f"tree: t\ntitle: 树\nlevels: {levels}\nduties: {duties}\n")


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "move", "remove", "seat"]), st.integers(0, 30), st.integers(0, 30)), max_size=14
)
KINDS = ["community_committee", "grid_branch", "courtyard_group", "member_household"]
POSTS = dict(zip(KINDS, ["committee_secretary", "branch_secretary", "group_leader", "household_member"], strict=True))
PLACES = {
    "community_committee": ["lake", "hill"], "grid_branch": ["lake1", "lake2", "hill1"],
    "courtyard_group": ["block7"], "member_household": ["block7"],
}  # fmt: skip


@pytest.mark.django_db
@settings(max_examples=some(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_is_done_there_is_no_cycle_one_root_a_place_and_sums_add_up(street_once, steps):
    county = street_once
    ids: list[int] = list(people.directory().organisations)
    for n, (what, a, b) in enumerate(steps):
        with suppress(Refusal):
            parent = ids[b % len(ids)] if ids and b else None
            if what == "add":
                kind = KINDS[a % 4]
                place = PLACES[kind][b % len(PLACES[kind])]
                ids.append(branch(county, f"c{n}-{len(ids)}", kind, place, parent))
            elif not ids:
                continue
            elif what == "move":
                actions.move_branch(TREE, ids[a % len(ids)], parent, actor=SETUP)
            elif what == "remove":
                actions.remove_branch(TREE, ids[a % len(ids)], actor=SETUP)
            else:
                info = people.directory().organisations[ids[a % len(ids)]]
                made = actions.open_seat(
                    POSTS[info.kind], info.place_id, actor=SETUP, organisation_id=info.id, label=str(n)
                )
                if b % 2:
                    actions.appoint(made, county.person(f"党员{b}"), actor=SETUP)
    view = tree_at(TREE)
    zero = Sums(0, 0, 0, {}, {})
    for node in view.nodes:
        way = view.way_up(node.organisation.id)
        assert len(way) == node.depth == len({step.organisation.id for step in way}) <= 4
        assert way[-1].parent is None and way[-1].organisation.kind == "community_committee"
        assert node.total == sum((view.of[child].total for child in node.children), start=zero) + node.own
        assert len(node.persons) <= node.total.holders
    roots = [root.organisation.place_id for root in view.roots]
    assert len(roots) == len(set(roots))
    assert sum((root.total for root in view.roots), start=zero) == sum((node.own for node in view.nodes), start=zero)


@pytest.fixture
def street_once(db):
    made = County()
    packs.install(PACKS / "xinhua-street", actor=SETUP)
    return made
