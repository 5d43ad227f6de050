"""M036 支部联建协议: parties, items, dates; each item falls due; what ends within 30 days is a list; 51 live at the date."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.duties import jobs
from gezhi.engines.registers import figures
from gezhi.foundation import subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.duties import owed, publish
from tests.mechanisms.meetings import at
from tests.mechanisms.roll import ago

pytestmark = mechanism("M036", file="packs/xinhua-street/registers/branch_agreement.yaml")
ITEMS = {"activity": "true", "work": "true", "problem": "true"}


@pytest.fixture
def street(county, at_ten):
    """53 agreements were signed: two are over, two end within 30 days, one was signed only ten days ago."""
    world = county("xinhua-street")
    publish()
    actor = world.actor("赵兰")
    rows = [({"name": f"第{n:02d}单位"}, world.places["lake"], ago(400)) for n in range(53)]
    units = subjects.add_many("organisation", rows, actor=actor, synthetic=True)
    ends = {0: -1, 1: 30, 2: 7, 3: -5}
    lines = []
    for n, unit in enumerate(units):
        values = {"contract": f"联建{n:02d}", "branch": "湖滨社区党支部", "items": "共办、共抓、共解"} | ITEMS
        if n == 5:
            values |= {"work": "false", "problem": "false"}
        values["ends"] = (clock.today() + timedelta(days=ends.get(n, 31 + n))).isoformat()
        lines.append((unit.pk, values, ago(10 if n == 52 else 300)))
    made = subjects.enter_many("branch_agreement", lines, actor=actor)
    return world, actor, units, made


@pytest.mark.parametrize("lost", ["branch", "items", "ends", "contract"])
def test_an_agreement_has_parties_items_and_dates(street, lost):
    world, actor, units, _made = street
    values = {"contract": "联建99", "branch": "湖滨社区党支部", "items": "共办", "ends": "2027-01-01"} | ITEMS
    with pytest.raises(Invalid) as refused:
        subjects.enter("branch_agreement", units[0].pk, {k: v for k, v in values.items() if k != lost}, actor=actor)
    assert set(refused.value.field_errors) == {lost}


def test_the_count_is_of_the_live_ones_at_the_date_and_the_list_of_ending_ones_opens(street):
    world, actor, _units, _made = street

    def live(day):
        cuts = {c.value: c.lines for c in figures.figures(actor, "branch_agreement", "state", day=day).cuts}
        return cuts.get("live", 0) + cuts.get("ending", 0), cuts.get("ending", 0), cuts.get("over", 0)

    assert live(None) == (51, 2, 2)
    # Eleven days ago both that are over now were running, their end near, and the newest was not signed.
    assert live(ago(11)) == (52, 3, 0)
    assert live(ago(301)) == (0, 0, 0)
    shown = Desk(world).of("赵兰").get("/desk/registers/branch_agreement?cut=state:ending").content.decode()
    assert "联建01" in shown and "联建02" in shown and "联建03" not in shown
    page = Desk(world).of("赵兰").get("/desk/registers/branch_agreement/figures?by=state").content.decode()
    assert "cut=state%3Alive" in page


def test_each_item_falls_due_every_quarter_until_the_agreement_ends(street, at_ten):
    world, _actor, units, _made = street
    due = {
        rule: {o.subject_id for o in owed(world, "赵兰", rule)}
        for rule in ("joint-activity", "joint-work", "joint-problem")
    }
    running = {u.pk for u in units} - {units[0].pk, units[3].pk}
    assert due["joint-activity"] == running  # those that are over owe nothing
    assert due["joint-work"] == due["joint-problem"] == running - {units[5].pk}  # that item was not agreed
    (one,) = {(o.period, (o.closes - clock.now()).days) for o in owed(world, "赵兰", "joint-activity")}
    assert one == ("2026-Q4", 43)
    # Ten days on, the one that ended in seven is over: it owes nothing more.
    jobs.check()
    at_ten.move_to(at("2026-11-28 09:00"))
    jobs.check()
    left = {o.subject_id for o in owed(world, "赵兰", "joint-activity")}
    assert left == running - {units[2].pk}
