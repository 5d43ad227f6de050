"""M081 课后小课堂 大学生志愿者: on school days of term two are there, turn after turn, without gap or overlap."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from gezhi.engines.matching import rostering
from gezhi.engines.matching.models import Rota
from gezhi.foundation import events
from gezhi.foundation.calendar import clock, is_workday
from gezhi.foundation.errors import Conflict, NotAllowed
from tests.mechanisms import mechanism
from tests.mechanisms.matching import enter_all
from tests.mechanisms.meetings import at

pytestmark = mechanism("M081", file="packs/yueshi-village/rosters/after_school.yaml")
NAME = "after_school"


@pytest.fixture
def village(county, at_ten):
    return village_of(county)


def village_of(county):
    """Three student volunteers, and one who has left."""
    world = county("yueshi-village")
    rows = [
        (n, {"school": "师范", "until": u}) for n, u in (("甲", None), ("乙", None), ("丙", None), ("丁", "2026-01-01"))
    ]
    world.students = {
        w.pk: n for w, (n, _v) in zip(enter_all(world, "student_volunteer", "person", "lake", rows), rows, strict=True)
    }
    return world


def plan(world, first, last, by="赵兰", **more):
    actor, place = world.actor(by), world.places["lake"]
    seen = rostering.propose(NAME, place, first, last, actor=actor).seen
    return rostering.adopt(NAME, place, first, last, actor=actor, seen=seen, **more)


def test_the_roster_has_no_gap_and_no_overlap_and_nobody_who_has_left(village):
    first, last = date(2026, 11, 23), date(2026, 12, 4)
    plan(village, first, last)
    turns = rostering.turns(
        NAME, village.places["lake"], clock.midnight(first), clock.midnight(last + timedelta(days=1))
    )
    lying = [(t.starts, t.ends) for t in turns]
    wanted = [
        (at(f"{day} {a}"), at(f"{day} {b}"))
        for n in range(12) if is_workday(day := first + timedelta(days=n))
        for a, b in (("16:30", "17:30"), ("17:30", "18:30"))
    ]  # fmt: skip
    assert len(wanted) == 20 and sorted(lying) == sorted(wanted * 2)  # two each, and nothing else
    names = [village.students[t.subject_id] for t in turns]
    assert set(names) == {"甲", "乙", "丙"} and max(map(names.count, names)) - min(map(names.count, names)) <= 1
    assert all(len({t.subject_id for t in turns if t.starts == start}) == 2 for start, _end in wanted)
    assert rostering.holes(NAME, village.places["lake"], wanted[0][0], wanted[-1][1]) == []
    # A look at one week of a longer roster finds nobody lacking in the others; half a turn is looked at as half.
    assert rostering.holes(NAME, village.places["lake"], at("2026-11-25 17:00"), at("2026-11-27 00:00")) == []
    assert Rota.objects.get().short == [] and events.verify().clean
    with pytest.raises(Conflict) as refused:  # not a second roster over the first
        plan(village, date(2026, 12, 4), date(2026, 12, 10))
    assert refused.value.code == "roster.overlap"


def test_term_time_and_make_up_days_are_the_calendars(county, at_ten):
    at_ten.move_to(at("2026-01-05 10:00"))
    village = village_of(county)
    actor, place = village.actor("赵兰"), village.places["lake"]
    days = {
        clock.local(s).date()
        for s, _e in rostering.propose(NAME, place, date(2026, 1, 5), date(2026, 3, 8), actor=actor).slots
    }
    assert date(2026, 1, 20) in days and not any(
        date(2026, 1, 20) < d < date(2026, 2, 20) for d in days
    )  # the holidays
    assert min(d for d in days if d.month == 2) == date(2026, 2, 24)  # term begins in the Spring Festival
    assert date(2026, 2, 28) in days and date(2026, 2, 28).isoweekday() == 6  # a Saturday that is worked
    assert date(2026, 3, 1) not in days  # an ordinary Sunday


def test_too_few_are_said_and_one_may_stand_in(village):
    world, place = village, village.places["lake"]
    ids = {n: id for id, n in world.students.items()}
    with pytest.raises(NotAllowed):
        plan(world, date(2026, 11, 23), date(2026, 11, 27), by="秦英")
    plan(world, date(2026, 11, 23), date(2026, 11, 27))
    first = rostering.turns(NAME, place, at("2026-11-23 16:30"), at("2026-11-23 17:30"))
    assert [world.students[t.subject_id] for t in first] == ["甲", "乙"]
    with pytest.raises(Conflict) as refused:
        rostering.relieve(first[0].pk, ids["乙"], actor=world.actor("赵兰"))  # 乙 is there already
    assert refused.value.code == "roster.rest"
    rostering.relieve(first[0].pk, ids["丙"], actor=world.actor("赵兰"))
    after = rostering.turns(NAME, place, at("2026-11-23 16:30"), at("2026-11-23 17:30"))
    assert sorted(world.students[t.subject_id] for t in after) == ["丙", "乙"]
    assert rostering.holes(NAME, place, at("2026-11-23 00:00"), at("2026-11-28 00:00")) == [] and events.verify().clean
