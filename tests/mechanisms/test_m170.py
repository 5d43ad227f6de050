"""M170 包乡联村: 45 villages each with one of 32 cadres, one or two each; findings go to the named secretary, who answers."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.models import CLOSED
from gezhi.flows import visits
from gezhi.foundation import events, subjects
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed
from tests.mechanisms import mechanism
from tests.mechanisms.duties import owed, publish
from tests.mechanisms.matching import SYSTEM, adopt, enter_all, propose

pytestmark = mechanism("M170", file="packs/mengzhou/matches/village_cover.yaml")


@pytest.fixture
def city(county, at_ten):
    """45 villages, 5 of them weak, in two towns; 32 cadres, 6 of them from the east town."""
    world = county("mengzhou")
    world.villages = [
        *enter_all(
            world, "covered_village", "organisation", "east", [(f"东{n}村", {"weak": n < 5}) for n in range(20)]
        ),
        *enter_all(
            world, "covered_village", "organisation", "west", [(f"西{n}村", {"weak": False}) for n in range(25)]
        ),
    ]
    world.cadres = [
        *enter_all(world, "cover_cadre", "person", "east", [(f"组东{n}", {"home": True}) for n in range(6)]),
        *enter_all(world, "cover_cadre", "person", "county", [(f"组县{n}", {"home": False}) for n in range(26)]),
    ]
    return world


def test_every_village_is_covered_and_every_cadre_has_one_or_two(city):
    found = propose(city, "village_cover", "county", "于沐阳")
    assert {n for n, _o in found.pairs} == {v.pk for v in city.villages} and found.left == {}
    load = Counter(o for _n, o in found.pairs)
    assert set(load) == {c.pk for c in city.cadres} and set(load.values()) <= {1, 2} and sum(load.values()) == 45
    east, native = {v.pk for v in city.villages[:20]}, {c.pk for c in city.cadres[:6]}
    assert not any(n in east and o in native for n, o in found.pairs)  # who is from the town stands aside
    row = adopt(city, "village_cover", "county", "于沐阳")
    ties = subjects.related([v.pk for v in city.villages], actor=SYSTEM, kind="covered_by")
    assert {(t.one_id, t.other_id) for t, _a, _b in ties} == set(found.pairs) and len(row.pairs) == 45
    assert events.verify().clean
    with pytest.raises(Conflict):
        adopt(city, "village_cover", "county", "于沐阳")  # nothing is left to give out
    with pytest.raises(NotAllowed):
        propose(city, "village_cover", "county", "方晓")


def test_one_more_village_keeps_what_stands_and_people_may_differ_with_a_reason(city):
    before = set(propose(city, "village_cover", "county", "于沐阳").pairs)
    adopt(city, "village_cover", "county", "于沐阳")
    (new,) = enter_all(city, "covered_village", "organisation", "west", [("新村", {"weak": False})])
    found = propose(city, "village_cover", "county", "于沐阳")
    assert set(found.kept) == before and [n for n, _o in found.pairs] == [new.pk]
    load = Counter(o for _n, o in before)
    free = next(c.pk for c in city.cadres if load[c.pk] == 1 and (new.pk, c.pk) not in found.pairs)
    full = next(o for o, n in load.items() if n == 2)
    for changes, reason, field in (({new.pk: free}, "", "reason"), ({new.pk: full}, "离得近", f"need{new.pk}")):
        with pytest.raises(Invalid) as refused:
            adopt(city, "village_cover", "county", "于沐阳", seen=found.seen, changes=changes, reason=reason)
        assert field in refused.value.field_errors
    row = adopt(
        city, "village_cover", "county", "于沐阳", seen=found.seen, changes={new.pk: free}, reason="离得近，熟悉情况"
    )
    assert row.pairs == [{"need": new.pk, "offer": free, "amount": 1, "by_hand": True}]


def test_a_finding_goes_to_the_towns_secretary_who_has_to_answer(city, at_ten):
    secretary = city.seat("town_secretary", "west", "西书记")
    cadre, village = city.cadres[10], city.villages[30]
    city.seat("department", "county", "组县乙")
    subjects.link_colleague(cadre.pk, city.people["组县乙"], actor=SYSTEM)
    subjects.relate("covered_by", village.pk, cadre.pk, actor=SYSTEM)
    publish()
    (line,) = owed(city, "组县乙", "village-visit")
    assert (line.subject_id, line.period) == (village.pk, "2026-11")
    case = visits.visit(
        "village-visit", village.pk, "2026-11", {"finding": "accounts"}, actor=city.actor("组县乙")
    ).case
    assert city.main(case).owner_seat == secretary
    at_ten.shift(timedelta(days=17))
    while ticking.tick():
        pass
    assert city.main(case).breached_at is not None and city.main(case).rung >= 1
    city.do(case, "answered", "西书记", did="账目公开了，补了三张单据。")
    city.do(case, "back", "方晓", lacks="哪三张？")
    city.do(case, "answered", "西书记", did="修路两张，买水泵一张，已贴出来。")
    assert city.do(case, "enough", "方晓").state == CLOSED
