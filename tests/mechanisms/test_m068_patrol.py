"""M068 每日巡查 (daily half): each grid owes one patrol a day; the week is the sum of its days; what was left out shows."""

from datetime import UTC, date, datetime, timedelta

from gezhi.engines.duties import actions, closing, standings
from gezhi.engines.duties.schema import rule
from gezhi.foundation import measures
from tests.mechanisms import mechanism
from tests.mechanisms.duties import owed, publish, standing

pytestmark = mechanism("M068", file="packs/yueshi-village/duties/patrol.yaml")


def test_a_week_of_patrols_is_the_sum_of_its_days(county, at_ten):
    at_ten.move_to(datetime(2026, 11, 16, 1, tzinfo=UTC))  # Monday
    world = county("yueshi-village")
    publish()
    for day in range(7):
        for name, grid in (("秦英", "lake1"), ("李禾", "lake2")):
            (line, *_more) = [o for o in owed(world, name, "patrol") if o.state == "open"]
            assert line.subject_id == world.places[grid]
            if (day, name) not in ((2, "秦英"), (5, "李禾")):
                actions.fulfil("patrol", line.subject_id, line.period, {}, actor=world.actor(name))
        at_ten.shift(timedelta(days=1))
        closing.close_windows()
    days = [standing("patrol", date(2026, 11, 16) + timedelta(days=n)) for n in range(7)]
    assert [d.due for d in days] == [3] * 7  # three grids in all
    week = measures.parse_period("2026-W47")
    found = measures.measure(
        ["duties_due", "duties_done", "duties_missed"],
        period=week,
        where={"rule": "patrol", "village": world.places["lake"]},
    )
    lake = [standings.standing(rule("patrol"), rule("patrol").named(f"2026-11-{16 + n}"), by="village",
                             within=("village", world.places["lake"]))[0] for n in range(7)]  # fmt: skip
    assert sum(s.done for s in lake) == 12 and sum(s.missed for s in lake) == 2
    assert [f.value for f in found.values()] == [sum(s.due for s in lake), 12, 2]
    assert [o.state for o in owed(world, "李禾", "patrol")] == ["open"]  # made up for within a day or not at all
