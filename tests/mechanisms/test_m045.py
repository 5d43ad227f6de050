"""M045 周二夜校: seven months with one theme each, a class every Tuesday, 24 held of those due, 2,800 person-times."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from gezhi.engines.matching import cadence, minutes, planning, signing
from gezhi.foundation.measures import Cut, measure, opened_by
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import HOUR, at, meeting_hall, page, refused

pytestmark = mechanism("M045", file="packs/yunhe-district/activities/tuesday_school.yaml")
THEMES = ["大运河文化带", "防汛抢险", "文明创建", "民族宗教", "乡村产业", "信访稳定", "基层党建"]
FIRST, LAST = date(2026, 4, 6), date(2026, 10, 12)


@pytest.fixture
def school(county, at_ten):
    """Seven months of Tuesdays: 24 classes held, some weeks without one; three cadres by name, the rest by head count."""
    at_ten.move_to(at("2026-04-01 09:00"))
    hall = meeting_hall(county, at_ten, "yunhe-district")
    office = hall.world.seat("training_office", "county", "训练")
    for n in range(3):
        hall.world.seat("committee_member", "lake", f"委{'甲乙丙'[n]}", label=str(n))
    hall.office, hall.held_ids = office, []
    tuesday, skipped = date(2026, 4, 7), {date(2026, 5, 5), date(2026, 7, 28), date(2026, 9, 29), date(2026, 10, 6)}
    actor = hall.world.actor("训练")
    cadres = [hall.world.people[f"委{c}"] for c in "甲乙丙"]
    day = tuesday
    while len(hall.held_ids) < 24:
        if day not in skipped:
            at_ten.move_to(at(f"{day} 18:00"))
            start = at(f"{day} 19:00")
            row = planning.plan(
                "tuesday_school", hall.world.places["county"], start, start + HOUR, actor=actor,
                theme=THEMES[day.month - 4], roles={"teacher": "教员"},
            )  # fmt: skip
            at_ten.move_to(start + HOUR)
            heads = 114 if len(hall.held_ids) < 16 else 113
            signing.attend(row.pk, {}, actor=actor, heads=heads, more=cadres)
            minutes.close(row.pk, {}, actor=actor)
            hall.held_ids.append(row.pk)
        day += timedelta(days=7)
    at_ten.move_to(at(f"{day} 10:00"))
    hall.last = day - timedelta(days=7)
    return hall


def test_seven_months_each_with_one_theme_24_held_of_those_due_and_2_800_person_times(school):
    due = [d for d in cadence.due("tuesday_school", FIRST, school.last) if d.slot.first >= FIRST]
    states = [d.state for d in due]
    assert states.count("done") == 24 and states.count("missed") == len(states) - 24 == 4
    assert [len(t) for t in cadence.themes("tuesday_school", FIRST, school.last).values()] == [1] * 7
    assert cadence.themes_missing("tuesday_school", date(2026, 4, 1), school.last) == []
    cut = Cut(at("2026-04-01 00:00"), at("2026-11-01 00:00"), at("2026-11-01 00:00"))
    told = measure(["sessions", "person_times", "heads"], period=cut)
    told |= measure(["persons", "named_times"], period=cut)
    assert {k: f.value for k, f in told.items()} == {
        "sessions": 24, "person_times": 2800, "heads": 2728, "persons": 3, "named_times": 72,
    }  # fmt: skip
    assert sorted(opened_by(told["person_times"].opens).values_list("pk", flat=True)) == sorted(school.held_ids)
    shown = page(school, "训练", "/desk/activities/due?activity=tuesday_school")
    assert "缺了" in shown and "没有缺的" not in shown
    # A second theme in one month is seen at once; every class is on a Tuesday.
    start = at(f"{school.last + timedelta(days=7)} 19:00")
    planning.plan(
        "tuesday_school", school.world.places["county"], start, start + HOUR, actor=school.world.actor("训练"),
        theme="另一个", roles={"teacher": "教员"},
    )  # fmt: skip
    assert cadence.themes_missing("tuesday_school", date(2026, 4, 1), date(2026, 10, 31)) == ["2026-10"]
    wednesday = start + 24 * HOUR
    with refused("session.invalid"):
        planning.plan(
            "tuesday_school", school.world.places["county"], wednesday, wednesday + HOUR, theme="另一个",
            actor=school.world.actor("训练"),
        )  # fmt: skip


def test_what_was_missed_and_is_recorded_late_is_done(school):
    office, county = school.world.actor("训练"), school.world.places["county"]
    start = at("2026-09-29 19:00")
    row = planning.plan(
        "tuesday_school", county, start, start + HOUR, actor=office, theme=THEMES[5], roles={"teacher": "教员"}
    )
    before = [d.state for d in cadence.due("tuesday_school", date(2026, 9, 28), date(2026, 9, 28))]
    signing.attend(row.pk, {}, actor=office, heads=90)
    minutes.close(row.pk, {}, actor=office)
    after = [d.state for d in cadence.due("tuesday_school", date(2026, 9, 28), date(2026, 9, 28))]
    assert (before, after) == (["missed"], ["done"])
