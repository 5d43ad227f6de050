"""M034 一委四中心: success rate = settled / closed, both sets listed; referrals above the street are counted apart."""

from __future__ import annotations

import pytest

from gezhi.engines.publishing.bulletins import queries
from tests.engines.publishing.bulletins.reading import number, sealed, text_of
from tests.mechanisms import mechanism

pytestmark = mechanism("M034", file="packs/xinhua-street/bulletins/center.yaml")


@pytest.fixture
def november(county, at_ten):
    """In the street: three disputes settled, one pointed elsewhere. Above it: one matter of a county department closed."""
    at_ten.move_to("2026-10-14T02:00:00+00:00")
    world = county("xinhua-street")
    world.seats["mediator"] = world.seat("village_mediator", "lake", "何调解")
    settled = [world.open(f"两家吵架 {n}", workflow="dispute", by="秦英", channel="field") for n in range(3)]
    for case in settled:
        world.do(case, "sit", "秦英", facts="各说各的理。")
        world.do(case, "agree", "秦英", terms="说好了。")
        world.do(case, "holds", "赵兰")
    guided = world.open("谈不拢的一件", workflow="dispute", by="秦英", channel="field")
    world.do(guided, "pass_up", "秦英", reason="谈不拢")
    world.do(guided, "guide", "何调解", answer="可到法庭立案。")
    above = world.to_closed(world.open("县城管局办的一件"))
    at_ten.move_to("2026-11-01T02:00:00+00:00")
    return world, settled, guided, above


def test_the_rate_is_settled_over_closed_with_both_sets_listed(november):
    world, settled, guided, _above = november
    row = sealed(world.places["east"], "2026-10", "center")
    index, rate = number(row, "settled_closed_rate", reach=["within"])
    assert (rate["top"], rate["bottom"], rate["text"]) == ("3", 4, "75.0%")
    assert queries.rows_behind(row, index) == sorted(c.id for c in settled)
    assert queries.rows_behind(row, index, part="d") == sorted(c.id for c in [*settled, guided])
    assert "街道内结案 4 件，办成 3 件，办成率 75.0%。" in text_of(row)


def test_what_units_above_the_street_handle_is_counted_apart(november):
    world, _settled, _guided, above = november
    row = sealed(world.places["east"], "2026-10", "center")
    index, kept = number(row, "closed", reach=["above"])
    assert kept["text"] == "1"
    assert queries.rows_behind(row, index) == [above.id]
    assert "交街道以上单位办理的，期内结案 1 件" in text_of(row)
