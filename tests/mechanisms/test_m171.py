"""M171 专班月例会: ten due a month; a deputy is recorded as absence of the head."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import cadence, queries
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall

pytestmark = mechanism("M171", file="packs/mengzhou/activities/task_force_meeting.yaml")


def test_ten_due_a_month_and_a_deputy_is_the_heads_absence(county, at_ten):
    hall = meeting_hall(county, at_ten, "mengzhou")
    world = hall.world
    seats = {f"专{n}": world.seat("task_force_head", "county", f"专{n}", label=str(n)) for n in range(10)}
    month = (date(2026, 11, 1), date(2026, 11, 30))
    assert [d.state for d in cadence.due("task_force_meeting", *month)] == ["open"] * 10
    for n in range(2):
        by = f"专{n}"
        row = hall.plan(
            "task_force_meeting", when=f"2026-11-{20 + n} 09:00", place="county", by=by, unit=f"seat:{seats[by]}", hours=1
        )  # fmt: skip
        number = {b.person_id: b.number for b in row.bookings.all()}
        assert len(number) == 10
        marks = {number[world.people["专7"]]: "deputy", number[world.people["专8"]]: "absent"}
        closed = hall.closed(row, by=by, marks=marks, data={"report": "推进 3 项，卡住 1 项。"})
        assert closed.attended == 8  # the deputy is not the head
    found = queries.coverage("task_force_meeting", at("2026-11-01 00:00"), at("2026-12-01 00:00"))
    assert found.absent == {world.people["专7"], world.people["专8"]} and found.deputies == {world.people["专7"]}
    at_ten.move_to(at("2026-12-01 08:00"))
    states = [d.state for d in cadence.due("task_force_meeting", *month)]
    assert (states.count("done"), states.count("missed")) == (2, 8)
