"""M025 积分兑换商品: pending then posted; stock and points move in one transaction or neither; never below zero."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.ledger import entries, jobs, queries
from gezhi.engines.ledger.schema import ledger
from gezhi.foundation import events
from tests.engines.ledger.conftest import BOOK, Shop, refused
from tests.mechanisms import mechanism

pytestmark = mechanism("M025", file="packs/xinxing-community/ledgers/love_points.yaml")


@pytest.fixture
def shop(db, at_ten) -> Shop:
    return Shop()


def both(shop: Shop) -> tuple[int, int]:
    return shop.balance("甲"), shop.balance("大米")


def test_points_and_goods_move_together_or_not_at_all_and_never_below_zero(shop, at_ten):
    assert ledger(BOOK).mine
    zhao = shop.world.actor("赵兰")
    shop.give("甲", 50, by="赵兰")
    with refused("ledger.invalid"):  # one award is fifty at most, what is more is for two people
        shop.give("甲", 51)
    shop.stock(3)
    held = shop.redeem("甲", 2)  # at ten points each
    assert (held.state, both(shop)) == ("pending", (50, 3))
    entries.confirm(held.pk, actor=zhao)
    assert both(shop) == (30, 1)
    for pieces in (2, 4):  # goods that are not there, points that are not there
        with refused("ledger.short"):
            shop.redeem("甲", pieces)
        assert both(shop) == (30, 1)
    last = shop.redeem("甲", 1)
    with refused("ledger.short"):
        shop.redeem("甲", 1)  # the last one is held
    at_ten.shift(timedelta(days=3, hours=14))  # the third day is over
    assert (last.expires_at.isoformat(), jobs.expire()) == ("2026-11-21T16:00:00+00:00", 1)
    assert both(shop) == (30, 1)
    with refused("ledger.own_only"):
        shop.redeem("甲", 1, phone="13800000002")
    with refused("ledger.not_yours"):
        shop.redeem("甲", 1, by="秦英")
    entries.confirm(shop.redeem("甲", 1).pk, actor=zhao)
    assert both(shop) == (20, 0)
    (whole,) = (t for t in queries.totals(BOOK, shop.lake, actor=zhao) if t.kind == "pool")
    assert whole.balance == -20 and events.verify().clean


def test_a_large_award_waits_for_the_street(shop):
    waiting = shop.enter("award_large", 500, resident="甲")
    with refused("ledger.invalid"):
        shop.enter("award_large", 501, resident="甲")
    with refused("ledger.not_yours"):
        entries.confirm(waiting.pk, actor=shop.world.actor("赵兰"))
    entries.confirm(waiting.pk, actor=shop.world.actor("周敏"))
    assert shop.balance("甲") == 500
