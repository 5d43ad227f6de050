"""M094 议事角: a register of 25 corners; bookings do not overlap; use is counted for each corner."""

from __future__ import annotations

from gezhi.engines.matching import planning, queries
from gezhi.engines.matching.models import Venue
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import HOUR, at, meeting_hall, refused

pytestmark = mechanism("M094", file="packs/minzhu-street/activities/corner_talk.yaml")


def test_25_corners_no_overlap_and_use_by_corner(county, at_ten):
    hall = meeting_hall(county, at_ten, "minzhu-street")
    secretary, lake = hall.world.actor("赵兰"), hall.world.places["lake"]
    for n in range(25):
        planning.open_venue(f"议事角 {n + 1:02d}", lake, actor=secretary, kind="议事角", capacity=12)
    corners = list(Venue.objects.order_by("name"))
    times = {0: (9, 10, 15), 3: (9, 16)}
    for corner, hours in times.items():
        for hour in hours:
            hall.plan("corner_talk", when=f"2026-11-20 {hour:02d}:00", hours=1, venue_id=corners[corner].pk)
    with refused("session.venue_busy"):
        hall.plan("corner_talk", when="2026-11-20 09:30", hours=1, venue_id=corners[0].pk)
    cancelled = hall.plan("corner_talk", when="2026-11-20 18:00", hours=1, venue_id=corners[5].pk)
    planning.cancel(cancelled.pk, actor=secretary, reason="下雨")
    hall.plan("corner_talk", when="2026-11-20 18:30", hours=1, venue_id=corners[5].pk)  # free again
    use = queries.venue_use(lake, at("2026-11-01 00:00"), at("2026-12-01 00:00"))
    assert len(use) == 25 and {venue.name: n for venue, n in use if n} == {
        "议事角 01": 3,
        "议事角 04": 2,
        "议事角 06": 1,
    }
    free = queries.free_venues(lake, at("2026-11-20 09:00"), at("2026-11-20 09:00") + HOUR)
    assert len(free) == 23 and corners[0] not in free
