"""M054 机关联社区: a unit reports, claims and serves; hours go to the volunteer's account once per person and slot."""

from __future__ import annotations

from datetime import timedelta

from gezhi.engines.ledger import queries
from gezhi.engines.ledger.schema import ledger
from gezhi.engines.matching import held_with
from gezhi.engines.registers import figures
from gezhi.foundation import events, subjects
from gezhi.foundation.calendar import clock
from tests.mechanisms import mechanism
from tests.mechanisms.books import SYSTEM, balance, entered, posted, served, somebody, work

pytestmark = mechanism("M054", file="packs/songxi/ledgers/volunteer_hours.yaml")
BOOK = "volunteer_hours"


def test_a_unit_reports_claims_and_serves_and_its_people_have_their_hours(county, at_ten):
    world = county("songxi")
    zhao, lake = world.actor("赵兰"), world.places["lake"]
    unit = subjects.add("organisation", {"name": "某局"}, actor=SYSTEM, place_id=lake, synthetic=True)
    line = subjects.enter("report_unit", unit.pk, {"reported_on": "2026-11-01"}, actor=zhao)
    states = figures.figures(zhao, "report_unit", "state", place_id=lake)
    assert [(c.value, c.lines) for c in states.cuts if c.lines] == [("reported", 1)]
    subjects.change(
        line.pk, {"reported_on": "2026-11-01", "claimed": "楼道清洁"}, actor=zhao, expected_seq=line.event_seq
    )
    states = figures.figures(zhao, "report_unit", "state", place_id=lake)
    assert [(c.value, c.lines) for c in states.cuts if c.lines] == [("claimed", 1)]
    people = [somebody(world, n, "lake", "report_member", {"unit": "某局"}) for n in ("甲某", "乙某")]
    for when, minutes, who in (("20 09:00", 90, people), ("20 09:00", 60, people[:1]), ("21 14:00", 45, people[1:])):
        entered(served(world, "report_service", f"2026-11-{when}", minutes, who), world, at_ten)
    work()
    assert [balance(BOOK, who) for who in people] == [90, 135] and posted(BOOK) == 3
    (mine,) = queries.own([f"subject:{people[1].pk}"])
    assert mine.balance == "135 分钟" and [line[2] for line in mine.lines] == ["+45 分钟", "+90 分钟"]
    rule = ledger(BOOK).rules["report_service"]
    assert (rule.when, rule.source, rule.target) == ("served", "served", "volunteer")
    found, whole = held_with.by_partner(
        zhao, "report_service", clock.now() - timedelta(days=9), clock.now() + timedelta(days=1), place=lake
    )
    assert (len(found), whole.person_times) == (2, 9) and events.verify().clean
