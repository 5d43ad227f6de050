"""M037 五送服务: 人 and 人次 never mix; persons are at most person-times; each figure opens to its records."""

from __future__ import annotations

from gezhi.engines.matching.models import Session
from gezhi.engines.matching.schema import activity
from gezhi.foundation.measures import Cut, measure, opened_by, table
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall

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
