"""M113 困难党员司机帮扶: an event in a driver's family makes one obligation, or one payout."""

from __future__ import annotations

from datetime import timedelta

from gezhi.engines.ledger import entries, queries
from gezhi.engines.ledger.schema import ledger
from gezhi.foundation import events, subjects
from gezhi.foundation.jobs import claims
from tests.engines.matching.conftest import refused
from tests.mechanisms import mechanism
from tests.mechanisms.books import balance, posted, somebody, work
from tests.mechanisms.duties import owed, publish

pytestmark = mechanism("M113", file="packs/qinnan-transport/ledgers/driver_help.yaml")
BOOK = "driver_help"


def test_one_visit_for_an_illness_and_one_reward_for_a_university_within_the_fund(county, at_ten):
    world = county("qinnan-transport")
    world.seat("fleet_lead", "east", "领甲")
    lead, town = world.actor("领甲"), world.places["east"]
    publish()
    who = somebody(world, "甲某", "lake", phone="13800000009")
    ill = {"event": "ill", "on": "2026-11-18"}
    subjects.enter("driver_event", who.pk, ill, actor=lead)
    work()
    mine = owed(world, "领甲", "driver-visit")
    assert [(o.subject_id, o.closes.isoformat()) for o in mine] == [(who.pk, "2026-11-25T16:00:00+00:00")]
    assert posted(BOOK) == 0  # an illness is visited, not paid
    # The fund is empty: nothing is paid, and it is looked at again.
    line = subjects.enter("driver_event", who.pk, {"event": "university", "on": "2026-11-17"}, actor=lead)
    work()
    assert balance(BOOK, who) == 0
    with refused("ledger.not_yours"):
        entries.enter(BOOK, "pay_in", town, 150_000, actor=world.actor("赵兰"), key="in", reason="拨款")
    entries.enter(BOOK, "pay_in", town, 150_000, actor=lead, key="in", reason="拨款")
    at_ten.shift(timedelta(hours=1, minutes=1))
    claims.drain()
    assert (balance(BOOK, who), balance(BOOK, "fund")) == (100_000, 50_000)
    assert ledger(BOOK).asset_of("driver").said(100_000) == "1,000.00 元"
    # The same event is entered once; a changed line pays nobody again.
    with refused("subject.one_only"):
        subjects.enter("driver_event", who.pk, {"event": "university", "on": "2026-11-17"}, actor=lead)
    subjects.confirm([line.pk], actor=lead)
    work()
    assert (balance(BOOK, who), len(owed(world, "领甲", "driver-visit"))) == (100_000, 1)
    assert [t.entry for t in queries.about(f"entry:{line.pk}")] == ["university"] and events.verify().clean
