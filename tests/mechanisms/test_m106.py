"""M106 银龄工坊: pieces in = sold + stock + scrap; pay = pieces × rate; pay + fee = sales."""

from __future__ import annotations

import pytest

from gezhi.engines.ledger import entries
from gezhi.foundation import events, subjects
from tests.engines.matching.conftest import refused
from tests.mechanisms import mechanism
from tests.mechanisms.books import SYSTEM, balance, entered_by_one, entered_by_two, somebody

BOOK = "silver_workshop"
pytestmark = pytest.mark.once("legs and prices are the pack's; posting on both databases is in tests/engines/ledger")


@mechanism("M106", file="packs/nanfan-village/ledgers/silver_workshop.yaml")
@mechanism("M106", file="packs/nanfan-village/registers/silver_elder.yaml")
@mechanism("M106", file="packs/nanfan-village/registers/silver_batch.yaml")
def test_pieces_and_money_add_up(county):
    world = county("nanfan-village")
    trained = {"trainer": "刘姐", "trained_on": "2026-09-01"}
    first, second = (somebody(world, name, "lake", "silver_elder", trained) for name in ("甲某", "乙某"))
    batch = subjects.add("matter", {"name": "皮筋一批"}, actor=SYSTEM, place_id=world.places["lake"], synthetic=True)
    subjects.enter("silver_batch", batch.pk, {"goods": "皮筋饰品", "price": "0.35", "rate": "0.30"}, actor=SYSTEM)
    entered_by_one(world, BOOK, "deliver", 100, "秦英", "lake1", stock=batch)
    with refused("ledger.not_yours"):
        entered_by_one(world, BOOK, "spoil", 4, "秦英", "lake1", stock=batch)
    entered_by_one(world, BOOK, "spoil", 4, "赵兰", stock=batch)
    entered_by_two(world, BOOK, "sell", 60, scale=1, stock=batch, elder=first)
    entered_by_two(world, BOOK, "sell", 7, scale=1, stock=batch, elder=second)
    with refused("ledger.short"):  # 29 are left
        entered_by_two(world, BOOK, "sell", 30, scale=1, stock=batch, elder=second)
    waiting = entered_by_one(world, BOOK, "sell", 29, "赵兰", stock=batch, elder=first)
    entries.refuse(waiting.pk, actor=world.actor("周敏"))
    assert -balance(BOOK, "made") == 100 == balance(BOOK, "sold") + balance(BOOK, "stock") + balance(BOOK, "scrap")
    assert (balance(BOOK, "sold"), balance(BOOK, "stock"), balance(BOOK, "scrap")) == (67, 29, 4)
    assert (balance(BOOK, first), balance(BOOK, second)) == (60 * 30, 7 * 30)
    assert -balance(BOOK, "buyer") == 67 * 35 == balance(BOOK, "elder") + balance(BOOK, "fee")
    assert balance(BOOK, "fee") == 67 * 5 and events.verify().clean
