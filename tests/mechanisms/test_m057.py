"""M057 红骑先锋队: a snapshot report becomes a request, credited once when verified; points out = points in."""

from __future__ import annotations

from gezhi.engines.ledger import entries, queries
from gezhi.flows import postings
from gezhi.foundation import events, subjects
from tests.engines.matching.conftest import refused
from tests.mechanisms import mechanism
from tests.mechanisms.books import SYSTEM, balance, posted, somebody, work

pytestmark = mechanism("M057", file="packs/songxi/ledgers/rider_points.yaml")
BOOK, PHONE = "rider_points", "13800000011"


def test_a_verified_report_earns_once_and_what_riders_spend_the_stations_take_in(county):
    world = county("songxi")
    rider = somebody(world, "甲某", "lake", "rider", {"company": "东站"}, phone=PHONE)
    case = world.open("人行道的井盖翘起来了。", contact_name="甲某", contact_phone=PHONE)
    other = world.open("楼下灯坏了。", contact_name="丙某", contact_phone="13800000012")  # not a rider
    assert case.workflow == "request"
    world.to_verify(case)
    work()
    assert posted(BOOK) == 0  # reported is not verified
    world.do(case, "pass", "秦英")
    world.do(case, "solved", rating="very")
    world.to_closed(other)
    work()
    assert (balance(BOOK, rider), posted(BOOK), balance(BOOK, "pool")) == (10, 1, -10)
    zhao, lake = world.actor("赵兰"), world.places["lake"]

    def spend(points: int, phone: str = PHONE, by: str = "赵兰"):
        return entries.enter(
            BOOK, "service", lake, points, actor=world.actor(by), key=f"s{points}{phone}", reason="修车",
            holders={"rider": f"subject:{rider.pk}"}, phone=phone,
        )  # fmt: skip

    with refused("ledger.own_only"):
        spend(4, "13800000012")
    spend(4)
    with refused("ledger.short"):
        spend(7)
    assert (balance(BOOK, rider), balance(BOOK, "services")) == (6, 4)
    work()
    assert balance(BOOK, rider) == 6  # read again: credited once
    (given,) = queries.about(f"case:{case.pk}")
    kinds = {t.kind: t.balance for t in queries.totals(BOOK, lake, actor=zhao)}
    assert kinds == {"rider": 6, "pool": -10, "services": 4} and events.verify().clean
    # They were no rider after all: what is spent is not taken below zero; the posting stays and is listed.
    line = subjects.Entry.objects.get(register="rider")
    subjects.withdraw_entries([line.pk], actor=SYSTEM)
    postings.agree({f"case:{case.pk}"})
    assert [t.pk for t in queries.unbacked(BOOK, lake, actor=zhao)] == [given.pk]
    assert balance(BOOK, rider) == 6 and events.verify().clean
