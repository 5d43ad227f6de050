"""M075 土地流转: each household gets mu × fee to the fen, in all what came in; a new fee counts from its day."""

from __future__ import annotations

from datetime import date

from gezhi.foundation import events, subjects
from gezhi.foundation.subjects.models import Entry
from tests.engines.matching.conftest import refused
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.books import SYSTEM, balance, drawn, entered_by_two, household, paid

BOOK, SINCE = "land_fee", date(2025, 1, 1)


@mechanism("M075", file="packs/yueshi-village/ledgers/land_fee.yaml")
@mechanism("M075", file="packs/yueshi-village/registers/land_share.yaml")
def test_what_comes_in_goes_out_to_the_fen_and_a_new_fee_counts_from_its_day(county):
    world = county("yueshi-village")
    houses = [
        household(world, f"{n}户", "lake", "land_share", {"mu": mu, "rate": 800}, SINCE)
        for n, mu in enumerate(("3.33", "5.005", "0.01"), 1)
    ]
    for house in houses:  # 400 yuan a mu more, from the new year on
        line = Entry.objects.get(subject_id=house.pk)
        subjects.change(line.pk, {"rate": 1200}, actor=SYSTEM, on=date(2026, 1, 1))
    before = {f"subject:{h.pk}": fen for h, fen in zip(houses, (2_664_00, 4_004_00, 8_00), strict=True)}
    after = {f"subject:{h.pk}": fen for h, fen in zip(houses, (3_996_00, 6_006_00, 12_00), strict=True)}
    assert (drawn(world, BOOK, "fees", "2025"), drawn(world, BOOK, "fees", "2026")) == (before, after)
    entered_by_two(world, BOOK, "receive", 10_013)
    with refused("ledger.short"):
        paid(world, BOOK, "fees", "2026")
    assert balance(BOOK, "household") == 0
    entered_by_two(world, BOOK, "receive", 1)
    row = Desk(world).of("赵兰")
    from gezhi.engines.ledger import payouts
    from gezhi.engines.ledger.models import Payout

    made = Payout.objects.get()
    payouts.pay(made.pk, actor=world.actor("赵兰"))
    assert balance(BOOK, "due") == 0 and balance(BOOK, "household") == made.total == 10_014_00 == -balance(
        BOOK, "grower"
    )
    assert [balance(BOOK, house) for house in houses] == list(after.values())
    assert "10,014.00 元" in row.get(f"/desk/ledgers/payouts/{made.pk}").content.decode()
    # Less than a fen is nobody's: the line is named and nothing is frozen.
    subjects.change(Entry.objects.get(subject_id=houses[2].pk).pk, {"mu": "0.00333"}, actor=SYSTEM, on=date(2026, 2, 1))
    with refused("payout.parts"):
        drawn(world, BOOK, "fees", "2026")
    assert events.verify().clean
