"""M195 专班台账汇总呈报: the report is the task forces' own closed records at a cut; who has none is named."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import gathering
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import at, meeting_hall, page

pytestmark = mechanism("M195", file="packs/mengzhou/activities/task_force_meeting.yaml")
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))


def test_ten_task_forces_are_gathered_from_their_records_and_the_missing_named(county, at_ten):
    hall = meeting_hall(county, at_ten, "mengzhou")
    world = hall.world
    seats = [world.seat("task_force_head", "county", f"专{n}", label=f"专班{n}") for n in range(10)]
    director = world.actor("于沐阳")

    def held(n, day, words):
        row = hall.plan(
            "task_force_meeting", when=f"{day} 09:00", place="county", by=f"专{n}", unit=f"seat:{seats[n]}", hours=1, invite=False
        )  # fmt: skip
        return hall.closed(row, by=f"专{n}", data={"report": words})

    for n in range(7):
        held(n, f"2026-11-{19 + n}", f"第{n}专班：推进{n + 1}项。")
    open_row = hall.plan(
        "task_force_meeting", when="2026-11-27 09:00", place="county", by="专7", unit=f"seat:{seats[7]}", hours=1
    )
    hall.held(open_row, by="专7")  # held, its record not finished: nothing to report yet
    at_ten.move_to(at("2026-11-30 18:00"))
    cut = at("2026-11-30 18:00")
    first = gathering.gathered("task_force_meeting", *NOVEMBER, actor=director)
    assert [(r.unit, r.said) for r in first.records] == [
        (f"seat:{seats[n]}", (("一把手汇报", f"第{n}专班：推进{n + 1}项。"),)) for n in range(7)
    ]
    assert [unit for unit, _name in first.missing] == [f"seat:{seat}" for seat in seats[7:]]
    shown = page(hall, "于沐阳", "/desk/activities/gathered?activity=task_force_meeting&period=2026-11")
    assert all(name in shown for _unit, name in first.missing) and "第6专班：推进7项。" in shown
    # What is closed after the cut is in the next report, not in that one.
    at_ten.move_to(at("2026-12-01 10:00"))
    from gezhi.engines.matching import minutes

    minutes.close(open_row.pk, {"report": "第7专班：补记。"}, actor=world.actor("专7"))
    again = gathering.gathered("task_force_meeting", *NOVEMBER, actor=director, at=cut)
    assert ([r.said for r in again.records], again.missing) == ([r.said for r in first.records], first.missing)
    later = gathering.gathered("task_force_meeting", *NOVEMBER, actor=director)
    assert len(later.records) == 8 and [unit for unit, _name in later.missing] == [f"seat:{seat}" for seat in seats[8:]]
    at_cut = page(
        hall, "于沐阳", "/desk/activities/gathered?activity=task_force_meeting&period=2026-11&at=2026-11-30T18:00"
    )
    assert "第7专班：补记。" not in at_cut and "截至 2026-11-30 18:00" in at_cut
    # A secretary of a village sees no task force's record.
    assert gathering.gathered("task_force_meeting", *NOVEMBER, actor=world.actor("赵兰")).records == ()
