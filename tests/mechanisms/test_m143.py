"""M143 春风行动: service lines of each event; distinct persons and person-times apart."""

from __future__ import annotations

from gezhi.foundation.measures import Cut, measure, table
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, refused

pytestmark = mechanism("M143", file="packs/minzhu-street/activities/spring_breeze.yaml")


def test_each_line_with_its_person_times_and_persons_counted_once(county, at_ten):
    hall = meeting_hall(county, at_ten, "minzhu-street")
    for day, (theme, named, heads) in enumerate(
        (("clinic", 3, 20), ("repair", 3, 11), ("jobs", 2, 0), ("clinic", 1, 4))
    ):
        row = hall.plan("spring_breeze", when=f"2026-11-{20 + day} 09:00", theme=theme)
        for n in range(named):
            hall.guest(row, n)
        hall.held(row, heads=heads)
    with refused("session.invalid"):
        hall.plan("spring_breeze", when="2026-11-25 09:00", theme="dance")
    cut = Cut(at("2026-11-01 00:00"), at("2026-12-01 00:00"), at("2026-12-01 00:00"))
    lines = {r.group: r.figures["person_times"].value for r in table(["person_times"], by="theme", period=cut)}
    people = {r.group: r.figures["persons"].value for r in table(["persons"], by="theme", period=cut)}
    assert lines == {"clinic": 28, "repair": 14, "jobs": 2} and people == {"clinic": 3, "repair": 3, "jobs": 2}
    assert sum(lines.values()) == measure(["person_times"], period=cut)["person_times"].value
    assert measure(["persons"], period=cut)["persons"].value == 3 < sum(people.values())
