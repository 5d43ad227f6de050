"""What may not be seen is not there; what was erased is gone; what stood on ground that changed stands where it lies now."""

from __future__ import annotations

import pytest
from django.test import override_settings

from gezhi.foundation import events, people, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotAllowed, NotFound
from gezhi.foundation.jobs import claims, registry
from gezhi.foundation.places import changes, plans
from gezhi.foundation.subjects import access, timeline
from gezhi.foundation.subjects.models import Subject
from tests.foundation.subjects.test_subjects import ago, elder, number
from tests.world import World

pytestmark = pytest.mark.django_db

MEMBER = {"branch": "湖滨支部", "standing": "full"}


def told(row, actor):
    return {line.opens[1] for line in timeline.timeline(row.pk, actor)}


def test_a_register_of_the_inside_is_for_its_posts_and_only_where_the_desk_is_served():
    world = World()
    secretary, worker = world.actor("赵兰"), world.actor("秦英")
    row = elder(world)
    line = subjects.enter("party_member", row.pk, MEMBER, actor=secretary)
    assert told(row, secretary) == {line.pk} and told(row, worker) == set()
    for act in (
        lambda: subjects.entries(worker, "party_member"),
        lambda: access.entry_for(line.pk, worker),
        lambda: subjects.enter("party_member", elder(world, serial=9).pk, MEMBER, actor=worker),
    ):
        with pytest.raises((NotFound, NotAllowed)) as refused:
            act()
        assert "支部" not in str(refused.value)
    assert "party_member" not in {r.name for r in access.readable(worker)}
    with override_settings(GEZHI_ZONES=("portal", "field")):
        assert "party_member" not in {r.name for r in access.readable(secretary)}
        assert told(row, secretary) == set()
        with pytest.raises(NotFound):
            subjects.entries(secretary, "party_member")


def test_a_search_finds_only_within_reach():
    world = World()
    registry.discover()
    here, there = elder(world), elder(world, by="孙田", place="hill1", name="柳如是", id_number=number("19510101", 5))
    claims.drain()
    for who, found in (("秦英", [here.pk]), ("孙田", [there.pk]), ("李禾", []), ("马东", [])):
        assert [s.pk for s in subjects.find(world.actor(who), name="柳青山")] == [pk for pk in found if pk == here.pk]
        assert [s.pk for s in subjects.find(world.actor(who), id_number=number("19510101", 5))] == [
            pk for pk in found if pk == there.pk
        ]
    assert subjects.find(people.resident(), name="柳青山") == []


def test_an_erased_person_leaves_nothing_that_points_to_them():
    world = World()
    row = elder(world)
    events.erase(f"subject:{row.pk}", actor=people.system("test"), ground="本人申请")
    row = Subject.objects.get(pk=row.pk)
    assert (row.label, row.ident_hash, row.phone_hash, row.sex, row.born) == ("已删除", None, None, "", None)
    assert events.verify().findings == []


def test_subjects_follow_the_ground_and_the_past_stays_where_it_was():
    world = World()
    actor = world.actor("赵兰")
    row = elder(world)
    subjects.enter("lone_elder", row.pk, {"self_care": "able"}, actor=actor, since=ago(30))
    plan = plans.absorb([world.places["lake1"]], into=world.places["lake2"], on=clock.today())
    changes.apply(plan, actor=people.system("test"))
    row.refresh_from_db()
    assert (row.grid_id, row.place_id) == (world.places["lake2"], world.places["lake2"])
    assert [r.place_id for r in subjects.entries(actor, "lone_elder").rows] == [world.places["lake2"]]
    assert [r.place_id for r in subjects.as_of(actor, "lone_elder", None, ago(1)).rows] == [world.places["lake1"]]
    assert events.verify().findings == []


def test_a_judgement_has_an_author_and_only_the_author_changes_it():
    world = World()
    world.seat("town_secretary", "east", "镇书记")
    author, above = world.actor("赵兰"), world.actor("镇书记")
    given = {"occasion": "年度评议", "words": "遇事肯出头，邻里都信他。"}
    line = subjects.enter("judgement", elder(world).pk, given, actor=author)
    assert (line.author_person, line.author_seat) == (author.person_id, world.seats["secretary"])
    assert "肯出头" not in str([event.patch for event in events.history(f"entry:{line.pk}")])
    assert [r.entry_id for r in subjects.entries(above, "judgement").rows] == [line.pk]
    with pytest.raises(NotAllowed):
        subjects.change(line.pk, {"words": "一般。"}, actor=above)
    assert subjects.change(line.pk, {"words": "遇事肯出头。"}, actor=author).event_seq == 2
