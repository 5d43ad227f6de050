"""M090 智慧冷链: no order beyond the room; income is split by declared shares and sums to what came in.

And M111 订购式, M112 团体保险折扣, M135 众联建设公司: the same split, by tons, by premium, by what was put in.
"""

from __future__ import annotations

import pytest

from gezhi.engines.ledger import payouts
from gezhi.foundation import events, subjects
from gezhi.foundation.subjects.models import Entry
from tests.engines.matching.conftest import refused
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.books import SYSTEM, balance, drawn, entered_by_one, entered_by_two, paid, somebody

pytestmark = pytest.mark.once(
    "how a sum is split is reckoned in Python; posting on both databases is in tests/engines/ledger"
)

GONE = "payout.changed"  # what was looked at has gone out


def thing(world, kind, name, register, values, place="lake"):
    row = subjects.add(kind, {"name": name}, actor=SYSTEM, place_id=world.places[place], synthetic=True)
    subjects.enter(register, row.pk, values, actor=SYSTEM)
    return row


@mechanism("M090", file="packs/dongzhangwang-village/ledgers/cold_store.yaml")
@mechanism("M090", file="packs/dongzhangwang-village/registers/cold_share.yaml")
@mechanism("M090", file="packs/dongzhangwang-village/registers/cold_order.yaml")
def test_orders_keep_within_the_room_and_the_rent_is_split_by_shares(county):
    world, book = county("dongzhangwang-village"), "cold_store"
    entered_by_two(world, book, "build", 500, scale=1)
    big, small = (
        thing(world, "matter", f"订单{tons}", "cold_order", {"firm": "某食品厂", "tons": tons}) for tons in (400, 150)
    )
    entered_by_one(world, book, "take", 1, "赵兰", order=big)
    with refused("ledger.short"):  # a hundred tons are free
        entered_by_one(world, book, "take", 1, "赵兰", order=small)
    entered_by_one(world, book, "clear", 1, "赵兰", order=big)
    entered_by_one(world, book, "take", 1, "赵兰", order=small)
    assert (balance(book, "room"), balance(book, big), balance(book, small)) == (350, 0, 150)
    parts = {"collective": 51, "farmers": 30, "firm": 19}
    shares = {
        part: thing(world, "organisation", part, "cold_share", {"part": part, "shares": n}) for part, n in parts.items()
    }
    assert drawn(world, book, "split", "2026") == {}  # nothing came in
    entered_by_two(world, book, "receive", 1003, scale=1)  # ten yuan and three fen
    row = paid(world, book, "split", "2026", again=GONE)
    # 511.53, 300.90 and 190.57: two fen are left over, for the largest remainders
    assert [balance(book, who) for who in shares.values()] == [511, 301, 191]
    assert row.total == 1003 == -balance(book, "rent") and balance(book, "income") == 0
    entered_by_two(world, book, "receive", 1, scale=1)
    zhao, lake = world.actor("赵兰"), world.places["lake"]
    seen = payouts.preview(book, "split", lake, "2026", actor=zhao).seen
    with refused("payout.state"):  # once a year: what came in since waits for the next
        payouts.freeze(book, "split", lake, "2026", actor=zhao, seen=seen)
    page = Desk(world).of("赵兰").get(f"/desk/ledgers/payouts/{row.pk}").content.decode()
    assert "收入分成" in page and "10.03 元" in page and events.verify().clean


@mechanism("M111", file="packs/qinnan-transport/ledgers/joint_orders.yaml")
@mechanism("M111", file="packs/qinnan-transport/registers/joint_order.yaml")
@mechanism("M111", file="packs/qinnan-transport/registers/order_run.yaml")
def test_an_order_is_signed_when_lorries_carry_it_and_income_is_split_by_tons(county):
    world, book = county("qinnan-transport"), "joint_orders"
    world.seat("fleet_lead", "east", "车书")
    order = thing(world, "matter", "百吨钢材", "joint_order", {"tons": 100, "price": 101})
    one, two = (
        somebody(world, f"司机{tons}", "lake", "driver", {"carries": tons, "insured_until": "2027-06-30"})
        for tons in (30, 20)
    )
    entered_by_one(world, book, "pledge", 2, "车书", lorry=one, pledged=order)
    entered_by_one(world, book, "pledge", 1, "车书", lorry=two, pledged=order)
    with refused("ledger.short"):  # eighty tons for a hundred
        entered_by_one(world, book, "sign", 1, "车书", pledged=order)
    entered_by_one(world, book, "pledge", 1, "车书", lorry=two, pledged=order)
    with refused("ledger.not_yours"):
        entered_by_one(world, book, "sign", 1, "周敏", pledged=order)
    entered_by_one(world, book, "sign", 1, "车书", pledged=order)
    assert (balance(book, order), balance(book, "signed")) == (0, 100)
    for who, tons in ((one, 60), (two, 30)):
        subjects.enter("order_run", who.pk, {"tons": tons}, actor=SYSTEM)
    entered_by_two(world, book, "receive", 101, first="车书", place="east")
    row = paid(world, book, "split", "2026-11", again=GONE, first="车书", place="east")
    assert {line.holder: line.amount for line in row.lines.all()} == {
        f"subject:{one.pk}": 6733,
        f"subject:{two.pk}": 3367,
    }
    assert (row.total, balance(book, "income")) == (101_00, 0)


@mechanism("M112", file="packs/qinnan-transport/ledgers/group_insurance.yaml")
@mechanism("M112", file="packs/qinnan-transport/registers/group_insured.yaml")
def test_the_discount_is_shared_by_premium(county):
    world, book = county("qinnan-transport"), "group_insurance"
    world.seat("fleet_lead", "east", "车书")
    whos = [
        somebody(world, f"车主{n}", "lake", "group_insured", {"premium": yuan})
        for n, yuan in enumerate((3000, 3000, 1000))
    ]
    entered_by_two(world, book, "discount", 100, first="车书", place="east")
    with refused("ledger.not_yours"):
        drawn(world, book, "share", "2026", place="east")
    row = paid(world, book, "share", "2026", again=GONE, first="车书", place="east")
    assert [balance(book, who) for who in whos] == [4286, 4286, 1428]  # 4,285.71 twice and 1,428.57
    assert row.total == 100_00 == sum(balance(book, who) for who in whos)


@mechanism("M135", file="packs/yongxingtun-village/ledgers/venture.yaml")
@mechanism("M135", file="packs/yongxingtun-village/registers/venture_share.yaml")
@mechanism("M135", file="packs/yongxingtun-village/registers/machine_lease.yaml")
def test_dividends_by_shares_sum_and_related_leases_are_flagged(county):
    world, book = county("yongxingtun-village"), "venture"
    world.seat("town_secretary", "east", "闻达")
    whos = [
        thing(world, "organisation", f"村{n}", "venture_share", {"shares": put_in})
        for n, put_in in enumerate((100_000, 100_000, 50_000))
    ]
    entered_by_two(world, book, "set_aside", 200_001, first="周敏", second="闻达", place="east")
    row = paid(world, book, "dividends", "2026", again=GONE, first="周敏", second="闻达", place="east")
    assert [balance(book, who) for who in whos] == [80_000_40, 80_000_40, 40_000_20]
    assert row.total == 200_001_00
    lease = {"lessee": "村集体", "rent": 5000}
    with refused("subject.values"):  # a tie to the company needs who else agreed
        thing(world, "matter", "挖机一台", "machine_lease", {**lease, "tie": "holder"})
    for name, tie in (("挖机", "holder"), ("铲车", "manager"), ("吊车", "kin")):
        thing(world, "matter", name, "machine_lease", {**lease, "tie": tie, "agreed_by": "股东会"})
    thing(world, "matter", "压路机", "machine_lease", {**lease, "lessee": "某公司", "tie": "none"})
    states = Entry.objects.filter(register="machine_lease").order_by("pk").values_list("state", flat=True)
    assert list(states) == ["related"] * 3 + ["ordinary"]
    assert "关联租赁" in Desk(world).of("周敏").get("/desk/registers/machine_lease").content.decode()
