"""M105 广场舞队 节庆演出: rehearsal calendar, the festival's programme on the right lunar date, a venue without overlap, attendance."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import cadence, minutes, planning
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import HOUR, at, meeting_hall, page, refused

pytestmark = mechanism("M105", file="packs/nanfan-village/activities/double_ninth_show.yaml")
#: 九月初九 by the almanac, written by hand.
DOUBLE_NINTH = {2025: "2025-10-29", 2026: "2026-10-18", 2027: "2027-10-08"}


def test_the_show_is_on_the_lunar_day_every_year(county, at_ten):
    at_ten.move_to(at("2025-09-01 09:00"))
    hall = meeting_hall(county, at_ten, "nanfan-village")
    for year, day in DOUBLE_NINTH.items():
        at_ten.move_to(at(f"{year}-09-20 09:00"))
        for wrong in (f"{year}-10-09", f"{year}-09-30"):
            with refused("session.invalid") as said:
                hall.plan("double_ninth_show", when=f"{wrong} 09:00")
            assert str(date.fromisoformat(day).day) in said.value.field_errors["day"]
        show = hall.plan("double_ninth_show", when=f"{day} 09:00", roles={"host": "主持"})
        hall.held(show, heads=200)
        with refused("session.invalid"):  # no programme
            minutes.close(show.pk, {}, actor=hall.world.actor("赵兰"))
        assert (
            minutes.close(show.pk, {"programme": "秧歌、合唱、豫剧"}, actor=hall.world.actor("赵兰")).person_times
            == 200
        )


def test_rehearsals_have_a_calendar_and_the_square_one_group_at_a_time(county, at_ten):
    hall = meeting_hall(county, at_ten, "nanfan-village")
    secretary, lake = hall.world.actor("赵兰"), hall.world.places["lake"]
    square = planning.open_venue("幸福院小广场", lake, actor=secretary)
    times = [(at(f"2026-11-{day} 19:00"), at(f"2026-11-{day} 20:00")) for day in (20, 27)]
    made = planning.plan_series("dance_rehearsal", lake, times, actor=secretary, venue_id=square.pk)
    with refused("session.venue_busy"):
        planning.plan("health_lecture", lake, times[1][0], times[1][0] + HOUR, actor=secretary, venue_id=square.pk)
    shown = page(hall, "赵兰", "/desk/activities?month=2026-11")
    assert shown.count("广场舞队排练") >= 2
    hall.guest(made[0], 1)
    hall.closed(made[0], heads=25)
    made[0].refresh_from_db()
    assert (made[0].attended, made[0].person_times) == (1, 26)
    at_ten.move_to(at("2026-12-01 09:00"))
    found = cadence.due("dance_rehearsal", date(2026, 11, 16), date(2026, 11, 29), place=lake)
    assert [d.state for d in found] == ["done", "missed"]
