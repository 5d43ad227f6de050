"""M033 四级组织架构: one root, no cycle; every household reaches the root in 4 levels; a level's sums are its children's."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client

from gezhi.foundation import people
from gezhi.foundation.errors import Refusal
from gezhi.foundation.people import actions
from gezhi.foundation.people.tree_view import tree_at
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism

pytestmark = mechanism("M033", file="packs/xinhua-street/trees/party.yaml")
TREE = "xinhua-party"


@pytest.fixture
def community(county):
    world = county("xinhua-street")
    place = world.places

    def add(code, name, kind, where, parent=None):
        return actions.add_branch(TREE, actions.NewBranch(code, name, kind, place[where], parent), actor=SETUP)

    def member(post, where, organisation, *names, label=""):
        seat = actions.open_seat(post, place[where], actor=SETUP, organisation_id=organisation, label=label)
        for name in names:
            actions.appoint(seat, world.person(name), actor=SETUP)

    world.root = add("wei", "湖滨社区党委", "community_committee", "lake")
    world.branches = [add(f"zhi{n}", f"第 {n} 网格党支部", "grid_branch", f"lake{n}", world.root) for n in (1, 2)]
    world.group = add("zu", "7 号楼党小组", "courtyard_group", "block7", world.branches[0])
    world.homes = [add(f"hu{n}", f"7 号楼中心户 {n}", "member_household", "block7", world.group) for n in range(1, 6)]
    member("committee_secretary", "lake", world.root, "党委书记")
    for n, branch in enumerate(world.branches, start=1):
        member("branch_secretary", f"lake{n}", branch, f"支书{n}")
    member("group_leader", "block7", world.group)  # vacant
    for n, home in enumerate(world.homes, start=1):
        member("household_member", "block7", home, f"户{n}甲", f"户{n}乙")
    world.seat("admin", "county", "卢一舟")
    return world


def test_one_root_no_cycle_four_levels(community):
    view = tree_at(TREE)
    assert [root.organisation.id for root in view.roots] == [community.root]
    for home in community.homes:
        way = view.way_up(home)
        assert [step.organisation.kind for step in way] == [
            "member_household", "courtyard_group", "grid_branch", "community_committee",
        ]  # fmt: skip
    with pytest.raises(Refusal):
        actions.move_branch(TREE, community.branches[0], community.homes[0], actor=SETUP)
    with pytest.raises(Refusal):
        actions.move_branch(TREE, community.root, community.group, actor=SETUP)


def test_sums_at_a_level_equal_sums_of_children_and_what_the_tables_say(community):
    view = tree_at(TREE)
    root = view.of[community.root]
    by_kind = dict(root.total.by_kind)
    assert by_kind == {"community_committee": 1, "grid_branch": 2, "courtyard_group": 1, "member_household": 5}
    assert (root.total.seats, root.total.held, root.total.holders) == (9, 8, 13)
    children = [view.of[child].total for child in root.children]
    assert root.total.holders == root.own.holders + sum(total.holders for total in children)
    assert root.total.seats == root.own.seats + sum(total.seats for total in children)
    with connection.cursor() as cursor:  # counted another way
        cursor.execute(
            "SELECT count(*) FROM people_holding h JOIN people_seat s ON s.id = h.seat_id "
            "WHERE s.organisation_id IN (SELECT child_id FROM people_organisation_edge WHERE until IS NULL) "
            "AND h.until IS NULL"
        )
        assert cursor.fetchone()[0] == root.total.holders


def test_a_vacant_leader_is_answered_for_by_the_branch_above(community):
    (leader,) = tree_at(TREE).of[community.group].seats
    assert people.directory().effective(leader.id).persons == (community.people["支书1"],)


def test_the_page_shows_the_tree_and_every_number_opens(community):
    client = Client()
    person = people.directory().person(community.people["卢一舟"])
    session = client.session
    session["person"], session["person_epoch"] = person.id, person.session_epoch
    session.save()
    client.cookies["sessionid"] = session.session_key
    html = client.get(f"/desk/trees/{TREE}").content.decode()
    assert "四级组织架构" in html and "7 号楼中心户 5" in html
    assert "户1甲" not in html
    opened = re.findall(r'class="number" href="([^"]+)"[^>]*>(\d+)<', html)
    assert opened
    for url, number in opened:
        page = client.get(f"/desk/trees/{TREE}{url.replace('&amp;', '&')}" if url.startswith("?") else url)
        assert page.status_code == 200
        assert len(re.findall("<tr data-row", page.content.decode())) == int(number), url
