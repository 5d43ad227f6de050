"""M037 五送服务: 人 and 人次 never mix; persons are at most person-times; each figure opens to its records."""

from __future__ import annotations

from gezhi.engines.matching import planning, signing
from gezhi.engines.matching.models import Session
from gezhi.engines.matching.schema import activity
from gezhi.foundation.db import count_queries
from gezhi.foundation.measures import Cut, measure, opened_by, table
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.matching import enter_all
from tests.mechanisms.meetings import HOUR, at, meeting_hall
from tests.numbers import says

pytestmark = mechanism("M037", file="packs/xinhua-street/activities/five_deliveries.yaml")
#: service -> (visits by named persons at each time, heads at each time)
HELD = {
    "jobs": [(3, 0)],
    "education": [(2, 5)],
    "medical": [(2, 30), (2, 8)],
    "elders": [(2, 0), (2, 0)],
    "culture": [(0, 40)],
}


def test_five_services_with_persons_and_person_times_apart_and_open_to_their_records(county, at_ten):
    hall = meeting_hall(county, at_ten, "xinhua-street")
    assert {t["id"] for t in activity("five_deliveries").themes["of"]} == set(HELD)
    day = 19
    for theme, times in HELD.items():
        for named, heads in times:
            row = hall.plan("five_deliveries", when=f"2026-11-{day} 09:00", theme=theme)
            for n in range(named):
                hall.guest(row, n)  # the same few people come to all of them
            hall.held(row, heads=heads)
            day += 1
    cut = Cut(at("2026-11-01 00:00"), at("2026-12-01 00:00"), at("2026-12-01 00:00"))
    by_times = table(["sessions", "person_times"], by="theme", period=cut, where={"activity": "five_deliveries"})
    by_persons = table(["persons"], by="theme", period=cut, where={"activity": "five_deliveries"})
    times = {r.group: (r.figures["sessions"].value, r.figures["person_times"].value) for r in by_times}
    persons = {r.group: r.figures["persons"].value for r in by_persons}
    assert times == {
        "jobs": (1, 3), "education": (1, 7), "medical": (2, 42), "elders": (2, 4), "culture": (1, 40),
    }  # fmt: skip
    assert persons == {"jobs": 3, "education": 2, "medical": 2, "elders": 2}
    told = measure(["person_times"], period=cut)["person_times"]
    all_persons = measure(["persons", "named_times"], period=cut)
    # Three people in all, not 3 + 2 + 2 + 2; persons never exceed person-times.
    assert (told.value, all_persons["persons"].value, all_persons["named_times"].value) == (96, 3, 13)
    for row in by_times:
        found = opened_by(row.figures["person_times"].opens)
        assert {s.theme for s in found} == {row.group} and sum(s.person_times for s in found) == times[row.group][1]
    desk = Desk(hall.world).of("赵兰")
    shown = desk.get("/desk/activities/figures?period=2026-11&activity=five_deliveries").content.decode()
    assert all(word in shown for word in ("96", "场次", "人次", "人数"))
    listed = desk.get(f"/desk/activities/rows?{told.opens.query()}&in={hall.world.places['lake']}").content.decode()
    assert listed.count("data-row") == Session.objects.count() == 7


#: A page of the newspaper's year: sheets of named people (first, how many), and heads besides.
PAGE = {
    "jobs": [((0, 200), 0), ((200, 200), 0), ((400, 200), 0), ((600, 188), 0), ((0, 12), 0)],
    "education": [((0, 20), 80), ((10, 20), 90), ((40, 10), 93), ((0, 0), 90)],
    "medical": [((n, 2), 131) for n in range(29)] + [((0, 3), 121)],
    "elders": [((0, 6), 9)] * 4,
    "culture": [((0, 0), 60)] * 91,
}


def test_the_years_figures_of_the_page_788_people_400_times_3981_person_times_91_shows(county, at_ten):
    """新增就业788人, 教育400余次, 医疗3981人次, 4支为老服务队, 90余场: from attendance sheets, in a number of queries that hangs on the
    sheets and not on the people."""
    hall = meeting_hall(county, at_ten, "xinhua-street")
    actor, lake = hall.world.actor("赵兰"), hall.world.places["lake"]
    people_of = [signing.Guest(f"众{chr(0x4E00 + n)}") for n in range(788)]
    groups = [(f"为老队{n}", {"field": "elders", "valid_to": "2027-12-31"}) for n in range(4)]
    enter_all(
        hall.world,
        "incubated_group",
        "organisation",
        "lake",
        [*groups, ("旧社", {"field": "elders", "valid_to": "2026-01-01"})],
    )
    for theme, sheets in PAGE.items():
        begins = [at("2026-11-02 09:00") + HOUR * n for n in range(len(sheets))]
        rows = [
            row
            for n in range(0, len(begins), 60)
            for row in planning.plan_series(
                "five_deliveries", lake, [(t, t + HOUR) for t in begins[n : n + 60]], actor=actor, themes=[theme]
            )
        ]
        for row, ((first, count), heads) in zip(rows, sheets, strict=True):
            with count_queries() as asked:
                signing.attend(row.pk, {}, actor=actor, heads=heads, more=people_of[first : first + count])
            assert asked.total <= 16, (theme, count, asked.total)
    cut = Cut(at("2026-11-01 00:00"), at("2026-12-01 00:00"), at("2026-12-01 00:00"))
    where = {"activity": "five_deliveries"}
    told = table(["sessions", "person_times"], by="theme", period=cut, where=where)
    times = {row.group: (row.figures["sessions"].value, row.figures["person_times"].value) for row in told}
    by_persons = table(["persons"], by="theme", period=cut, where=where)
    persons = {row.group: row.figures["persons"].value for row in by_persons}
    assert times == {
        "jobs": (5, 800), "education": (4, 403), "medical": (30, 3981), "elders": (4, 60), "culture": (91, 5460),
    }  # fmt: skip
    # Twelve came to jobs twice: 788 people all the same; of health care 30 are known by name, and no head is a person.
    assert persons == {"jobs": 788, "education": 40, "medical": 30, "elders": 6}
    assert all(persons[theme] <= times[theme][1] for theme in persons)
    in_all = measure(["persons", "named_times"], period=cut)
    assert in_all["persons"].value == 788 < in_all["named_times"].value == 800 + 50 + 61 + 24
    desk = Desk(hall.world).of("赵兰")
    shown = desk.get("/desk/activities/figures?period=2026-11&activity=five_deliveries").content.decode()
    missing = [n for n in ("788", "403", "3,981", "91", "60") if not says(shown, n)]
    assert not missing, missing
    for row in told:
        found = opened_by(row.figures["person_times"].opens)
        assert sum(s.person_times for s in found) == times[row.group][1]
    teams = desk.get("/desk/registers/incubated_group?f.field=elders&state=valid").content.decode()
    assert teams.count("data-row") == 4
