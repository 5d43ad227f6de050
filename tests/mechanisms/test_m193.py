"""M193 小支部服务团: group, members, community, offers; a need is answered or refused with a reason; persons and person-times."""

from __future__ import annotations

import pytest

from gezhi.engines.matching import held_with
from gezhi.engines.registers import figures
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict, Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall
from tests.mechanisms.partners import entered, event
from tests.mechanisms.roll import person

pytestmark = mechanism("M193", file="packs/songxi/registers/branch_group.yaml")


@pytest.fixture
def county_of_groups(county, at_ten):
    hall = meeting_hall(county, at_ten, "songxi")
    lake = hall.world.places["lake"]
    hall.groups = [
        entered(hall, "branch_group", name, agency=agency, community=lake, offers=offers)
        for name, agency, offers in (("税法小支部", "县税务局", "讲税费"), ("白衣小支部", "县医院", "量血压"))
    ]
    return hall


def test_group_members_community_and_offers_are_on_file(county_of_groups):
    hall, actor = county_of_groups, county_of_groups.world.actor("赵兰")
    with pytest.raises(Invalid) as wrong:
        entered(hall, "branch_group", "没写全")
    assert set(wrong.value.field_errors) == {"agency", "community", "offers"}
    both, one = person(hall.world, 1), person(hall.world, 2)
    for who, group in ((both, "税法小支部"), (both, "白衣小支部"), (one, "白衣小支部")):
        subjects.enter("group_member", who.pk, {"group": group}, actor=actor)
    with pytest.raises(Conflict):  # a member of one group once
        subjects.enter("group_member", one.pk, {"group": "白衣小支部"}, actor=actor)
    found = figures.figures(actor, "group_member", "group")
    assert {cut.value: len(cut.subjects) for cut in found.cuts} == {"税法小支部": 1, "白衣小支部": 2}
    assert (found.whole.lines, len(found.whole.subjects)) == (3, 2)  # in two groups, one person


def test_a_need_is_answered_or_refused_with_its_reason(county_of_groups):
    world = county_of_groups.world
    taken, refused = (world.open(text, workflow="group_need", place="lake") for text in ("想请人量血压", "想请人修房"))
    with pytest.raises(Invalid) as wrong:
        world.do(refused, "cannot", "赵兰")
    assert set(wrong.value.field_errors) == {"reason"}
    assert world.do(refused, "cannot", "赵兰", reason="服务团不能施工，已转物业。").outcome == "refused"
    with pytest.raises(Invalid):
        world.do(taken, "taken", "赵兰", group="白衣小支部")
    world.do(taken, "taken", "赵兰", group="白衣小支部", day="2026-11-20")
    world.do(taken, "served", "赵兰", what="量了二十位老人。")
    assert world.do(taken, "helped").outcome == "done"


def test_served_persons_and_person_times_by_group(county_of_groups):
    hall = county_of_groups
    tax, clinic = hall.groups
    event(hall, "group_service", "2026-11-19 09:00", [clinic], [1, 2], heads=10)
    event(hall, "group_service", "2026-11-20 09:00", [clinic, tax], [2, 3])
    each, whole = held_with.by_partner(
        hall.world.actor("赵兰"), "group_service", at("2026-11-01 00:00"), at("2026-12-01 00:00")
    )
    counted = {held.subject.pk: (len(held.who), held.person_times) for held in each}
    assert counted == {tax.pk: (2, 2), clinic.pk: (3, 14)} and (len(whole.who), whole.person_times) == (3, 14)
