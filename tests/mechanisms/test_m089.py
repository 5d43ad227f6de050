"""M089 党群连心树·枝叶走访: every household is a leaf of exactly one member, each has a due visit, a leaf's colour is its last visit."""

from datetime import timedelta

import pytest
from django.test import Client

from gezhi.engines.duties import actions, publishing
from gezhi.foundation import people, subjects
from gezhi.foundation.errors import Conflict
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, enter, owed, person, publish

pytestmark = mechanism("M089", file="packs/dongzhangwang-village/duties/leaf-visit.yaml")


def page(world, name):
    """The tree as the member sees it."""
    client = Client()
    found = people.directory().person(world.people[name])
    session = client.session
    session["person"], session["person_epoch"] = found.id, found.session_epoch
    session.save()
    client.cookies["sessionid"] = session.session_key
    answer = client.get("/field/tree")
    assert answer.status_code == 200
    return answer.content.decode()


def test_each_household_hangs_on_one_member_and_shows_its_last_visit(county, at_ten):
    world = county("dongzhangwang-village")
    seats = {name: world.seat("liaison_member", "lake", name, label=name) for name in ("贺枝", "蒋枝")}
    publish()
    members = {name: person(world, name, person_id=world.people[name]) for name in seats}
    homes = []
    for number in range(4):
        home = subjects.add(
            "living_household", {"name": f"{number} 户"}, actor=SYSTEM, place_id=world.places["lake1"], synthetic=True
        )
        enter("leaf_household", home)
        homes.append(home)
    assert len(owed(world, "赵兰", "leaf-visit")) == 4  # nobody's leaf yet: the secretary's
    for number, home in enumerate(homes):
        subjects.relate("leaf", home.pk, members[("贺枝", "蒋枝")[number % 2]].pk, actor=SYSTEM)
    with pytest.raises(Conflict):
        subjects.relate("leaf", homes[0].pk, members["蒋枝"].pk, actor=SYSTEM)
    assert owed(world, "赵兰", "leaf-visit") == []
    assert {o.subject_id for o in owed(world, "贺枝")} == {homes[0].pk, homes[2].pk}
    assert page(world, "贺枝").count('class="leaf bare"') == 2
    actions.fulfil("leaf-visit", homes[0].pk, "2026-11", {"needs": "想装个扶手"}, actor=world.actor("贺枝"))
    drawn = page(world, "贺枝")
    assert (drawn.count('class="leaf green"'), drawn.count('class="leaf bare"')) == (1, 1)
    at_ten.shift(timedelta(days=40))
    assert page(world, "贺枝").count('class="leaf autumn"') == 1
    # The member goes: the leaves are the secretary's again at once.
    for tie, _one, _other in subjects.related([h.pk for h in homes], actor=SYSTEM, kind="leaf"):
        if tie.other_id == members["贺枝"].pk:
            subjects.unrelate(tie.pk, actor=SYSTEM)
    assert {o.subject_id for o in owed(world, "赵兰", "leaf-visit")} >= {homes[0].pk, homes[2].pk}
    assert publishing.rebuild("leaf-visit") == 0
