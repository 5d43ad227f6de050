"""M168 每月听取专题汇报: each town is due once a month."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import cadence
from gezhi.foundation import places
from tests.foundation.people.county import OPENED, SETUP
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall

pytestmark = mechanism("M168", file="packs/mengzhou/activities/town_report.yaml")


def test_eleven_due_a_month(county, at_ten):
    hall = meeting_hall(county, at_ten, "mengzhou")
    world = hall.world
    for n in range(9):  # two are there already
        places.open_place(
            "town", f"第{'一二三四五六七八九'[n]}镇", actor=SETUP, parent=world.places["county"], on=OPENED
        )
    world.seat("town_secretary", "east", "街书")
    due = cadence.due("town_report", date(2026, 11, 1), date(2026, 12, 31))
    assert [sum(d.slot.key == key for d in due) for key in ("2026-11", "2026-12")] == [11, 11]
    row = hall.plan("town_report", when="2026-11-25 09:00", place="east", by="街书", roles={"speaker": "街书"})
    hall.closed(row, by="街书", data={"report": "本月党建推进情况。"})
    at_ten.move_to(at("2026-12-01 08:00"))
    states = {d.unit: d.state for d in cadence.due("town_report", date(2026, 11, 1), date(2026, 11, 30))}
    assert (
        states.pop(f"place:{world.places['east']}") == "done"
        and set(states.values()) == {"missed"}
        and len(states) == 10
    )
