"""M040 发放学习书籍: six sets, over 720 copies, issued by set and village; sums agree and nothing is issued that is not there."""

from __future__ import annotations

import pytest

from gezhi.engines.ledger import queries
from gezhi.engines.ledger.models import Account
from gezhi.engines.ledger.schema import ledger
from tests.engines.matching.conftest import refused
from tests.mechanisms import mechanism
from tests.mechanisms.books import entered_by_one

BOOK = "study_books"
SETS = ("one", "two", "three", "four", "five", "six")
pytestmark = pytest.mark.once(
    "which set goes where is the pack's; posting on both databases is in tests/engines/ledger"
)


@mechanism("M040", file="packs/yunhe-district/ledgers/study_books.yaml")
def test_each_set_received_is_in_stock_or_in_a_village(county):
    world = county("yunhe-district")
    world.seat("training_office", "county", "训练")
    assert tuple(ledger(BOOK).assets) == SETS
    for one in SETS:
        entered_by_one(world, BOOK, f"receive_{one}", 121, "训练")
        entered_by_one(world, BOOK, f"issue_{one}", 30, "训练", "lake")
        entered_by_one(world, BOOK, f"issue_{one}", 20, "训练", "hill")
        with refused("ledger.short"):  # 71 of them are left
            entered_by_one(world, BOOK, f"issue_{one}", 72, "训练", "hill")
        with refused("ledger.invalid"):
            entered_by_one(world, BOOK, f"issue_{one}", 101, "训练", "hill")
        with refused("ledger.not_yours"):
            entered_by_one(world, BOOK, f"issue_{one}", 1, "赵兰", "lake")
    rows = {(a.kind, a.place_id): a.balance for a in Account.objects.filter(ledger=BOOK)}
    county_, lake, hill = (world.places[name] for name in ("county", "lake", "hill"))
    for one in SETS:
        assert (rows[f"{one}_in", county_], rows[f"{one}_stock", county_]) == (-121, 71)
        assert (rows[f"{one}_village", lake], rows[f"{one}_village", hill]) == (30, 20)
    assert -sum(n for (kind, _p), n in rows.items() if kind.endswith("_in")) == 726
    mine = {t.kind: t.balance for t in queries.totals(BOOK, lake, actor=world.actor("赵兰"))}
    assert {kind: n for kind, n in mine.items() if n} == {f"{one}_village": 30 for one in SETS}
