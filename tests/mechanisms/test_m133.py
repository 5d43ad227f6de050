"""M133 防汛巡堤: day and night without a gap and with rest; a level switches the rule; sandbags used = issued - returned."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import pytest

from gezhi.engines.matching import lending, rostering
from gezhi.engines.matching.rosters import roster
from gezhi.engines.matching.signing import Guest
from gezhi.foundation import events, subjects
from gezhi.foundation.errors import Conflict
from tests.mechanisms import mechanism
from tests.mechanisms.matching import enter_all
from tests.mechanisms.meetings import at

pytestmark = mechanism("M133", file="packs/yongxingtun-village/rosters/dyke_patrol.yaml")
NAME, HOURS = "dyke_patrol", timedelta(hours=1)


@pytest.fixture
def dyke(county, at_ten):
    """The eve of 18 July 2021; twelve can go out, one cannot; 3,000 sandbags."""
    at_ten.move_to(at("2021-07-17 10:00"))
    world = county("yongxingtun-village")
    rows = [(f"队{n:02d}", {"fit": n < 12}) for n in range(13)]
    world.patrol = [w.pk for w in enter_all(world, "patroller", "person", "lake", rows)]
    (world.bags,) = enter_all(world, "flood_goods", "asset", "lake", [("沙袋", {"amount": 3000})])
    return world


def tiled(world, since, until, crew, rest):
    """Each hour of the stretch has its crew of different people, and nobody has less than the rest between two turns."""
    turns = rostering.turns(NAME, world.places["lake"], since, until)
    own = defaultdict(list)
    for turn in turns:
        own[turn.subject_id].append((turn.starts, turn.ends))
    for stretches in own.values():
        assert all(b[0] - a[1] >= rest * HOURS for a, b in zip(stretches, stretches[1:], strict=False))
    for n in range(int((until - since) / HOURS)):
        moment = since + n * HOURS
        there = {t.subject_id for t in turns if t.starts <= moment < t.ends}
        assert len(there) == crew, moment
    assert rostering.holes(NAME, world.places["lake"], since, until) == []
    return turns


def planned(world, first=date(2021, 7, 18), last=date(2021, 7, 21)):
    actor, place = world.actor("赵兰"), world.places["lake"]
    seen = rostering.propose(NAME, place, first, last, actor=actor).seen
    return rostering.adopt(NAME, place, first, last, actor=actor, seen=seen)


def test_from_the_18th_to_the_21st_day_and_night_and_a_level_switches_the_rule(dyke, at_ten):
    place, actor = dyke.places["lake"], dyke.actor("赵兰")
    kind = roster(NAME)
    said = {rule.id: (len(rule.hours), rule.crew, rule.rest / HOURS) for rule in (kind.rule(""), *kind.levels)}
    assert said == {"": (1, 1, 12), "blue": (2, 2, 12), "red": (4, 4, 8)}
    rostering.set_level(NAME, place, "blue", actor=actor, reason="县防指发布蓝色预警")
    rota = planned(dyke)
    assert (rota.starts, rota.ends) == (at("2021-07-18 08:00"), at("2021-07-22 08:00"))
    turns = tiled(dyke, rota.starts, rota.ends, crew=2, rest=12)
    assert len(turns) == 16 and dyke.patrol[12] not in {t.subject_id for t in turns}
    # In the second night the water rises: whoever is out finishes, then six-hour turns with twice the people.
    at_ten.move_to(at("2021-07-19 22:10"))
    alert, made = rostering.set_level(NAME, place, "red", actor=actor, reason="升为红色预警")
    assert (alert.level, [(r.level, r.starts, r.ends, r.short) for r in made]) == (
        "red", [("red", at("2021-07-20 08:00"), at("2021-07-22 08:00"), [])],
    )  # fmt: skip
    tiled(dyke, at("2021-07-18 08:00"), at("2021-07-20 08:00"), crew=2, rest=12)
    after = tiled(dyke, at("2021-07-20 08:00"), at("2021-07-22 08:00"), crew=4, rest=8)
    assert {t.ends - t.starts for t in after} == {6 * HOURS} and {t.rota.level for t in after} == {"red"}
    with pytest.raises(Conflict) as refused:
        rostering.set_level(NAME, place, "red", actor=actor, reason="再报一次")
    assert refused.value.code == "roster.level"
    # The water falls: one day turn is enough, nights are no longer patrolled.
    at_ten.move_to(at("2021-07-21 09:00"))
    _none, made = rostering.set_level(NAME, place, "", actor=actor, reason="解除预警")
    left = rostering.turns(NAME, place, at("2021-07-21 14:00"), at("2021-07-22 08:00"))
    assert [(t.starts, t.ends) for t in left] == [(at("2021-07-21 14:00"), at("2021-07-21 18:00"))]
    assert rostering.level(NAME, place) is None and events.verify().clean


def test_too_few_for_the_rest_is_a_gap_that_is_said(dyke, at_ten):
    place, actor = dyke.places["lake"], dyke.actor("赵兰")
    rostering.set_level(NAME, place, "red", actor=actor, reason="红色预警")
    found = rostering.propose(NAME, place, date(2021, 7, 18), date(2021, 7, 18), actor=actor)
    assert (len(found.slots), found.short) == (4, [])  # twelve are just enough for 4 people with 8 hours of rest
    for id in dyke.patrol[:2]:
        subjects.end_subject(id, "moved_out", actor=actor)
    with pytest.raises(Conflict) as refused:
        planned(dyke)
    assert refused.value.code == "roster.gap" and "还缺 2 人" in refused.value.what


def test_sandbags_used_are_issued_less_returned(dyke, at_ten):
    place, actor, bags = dyke.places["lake"], dyke.actor("赵兰"), dyke.bags.pk
    until = at("2021-07-21 18:00")
    loans = [
        lending.reserve("flood_store", place, bags, Guest(f"队{n}"), at("2021-07-17 10:00"), until, actor=actor, amount=n, at_once=True)
        for n in (1200, 900, 600)
    ]  # fmt: skip
    with pytest.raises(Conflict):
        lending.reserve("flood_store", place, bags, Guest("队多"), until, until, actor=actor, amount=301, at_once=True)
    for loan, back in zip(loans, (200, 900, 0), strict=True):
        lending.bring_back(loan.pk, back, actor=actor)
    (thing,) = lending.things("flood_store", place, actor=actor)
    assert (thing.issued, thing.returned, thing.gone, thing.out, thing.shelf) == (2700, 1100, 1600, 0, 1400)
    assert thing.gone == thing.issued - thing.returned and thing.shelf + thing.out + thing.gone == thing.stock
    assert events.verify().clean
