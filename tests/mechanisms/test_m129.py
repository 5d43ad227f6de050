"""M129 志愿四季行: no week without an activity, no month without a theme: the gap lists are empty, and name what is not."""

from __future__ import annotations

from datetime import date, timedelta

from gezhi.engines.matching import cadence, minutes, planning, signing
from gezhi.foundation.calendar import clock
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import HOUR, at, meeting_hall

pytestmark = mechanism("M129", file="packs/mengzhou/activities/four_seasons.yaml")


def test_the_gap_lists_of_weeks_and_months_are_empty_only_when_nothing_is_missing(county, at_ten):
    at_ten.move_to(at("2026-08-30 09:00"))
    hall = meeting_hall(county, at_ten, "mengzhou")
    caller, county_id = hall.world.actor("方晓"), hall.world.places["county"]
    first, last = date(2026, 8, 31), date(2026, 10, 25)

    def hold(day: date, theme: str) -> None:
        start = at(f"{day} 09:00")
        row = planning.plan("four_seasons", county_id, start, start + HOUR, actor=caller, theme=theme)
        hall.until(max(start + HOUR, clock.now()))
        signing.attend(row.pk, {}, actor=caller, heads=20)
        minutes.close(row.pk, {}, actor=caller)

    days = [date(2026, 9, 1) + timedelta(weeks=n) for n in range(8)]
    left_out = days[5]
    for day in days:
        if day != left_out:
            hold(day, {9: "爱老", 10: "护河"}[day.month])
    hall.until(at("2026-10-26 09:00"))

    def weeks() -> list[str]:
        return [d.slot.key for d in cadence.due("four_seasons", first, last) if d.state != "done"]

    assert weeks() == [f"2026-W{left_out.isocalendar()[1]}"]
    assert cadence.themes_missing("four_seasons", date(2026, 9, 1), last) == []
    assert cadence.themes_missing("four_seasons", date(2026, 9, 1), date(2026, 11, 30)) == ["2026-11"]
    hold(left_out, "护河")  # recorded late
    assert weeks() == []
