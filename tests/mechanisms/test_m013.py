"""M013 配发书籍: issued + on hand = received, never below zero, each copy has a receiver."""

from __future__ import annotations

from gezhi.engines.ledger import entries, queries
from gezhi.engines.ledger.models import Leg
from gezhi.foundation import events
from tests.engines.matching.conftest import refused
from tests.mechanisms import mechanism
from tests.mechanisms.books import balance, somebody

pytestmark = mechanism("M013", file="packs/boai-county/ledgers/read_books.yaml")
BOOK = "read_books"


def test_every_copy_is_on_hand_or_with_somebody(county):
    world = county("boai-county")
    world.seat("organisation_office", "county", "组甲")
    place = world.places["county"]
    cadre = {"role": "secretary", "schooling": "college"}
    readers = [somebody(world, n, v, "village_cadre", cadre) for n, v in (("甲某", "lake"), ("乙某", "hill"))]

    def do(entry: str, copies: int, who=None, by: str = "组甲") -> None:
        holders = {"reader": f"subject:{who.pk}"} if who else {}
        entries.enter(
            BOOK, entry, place, copies, actor=world.actor(by), holders=holders, reason="配发",
            key=f"{entry}{copies}{holders}{Leg.objects.count()}",
        )  # fmt: skip

    with refused("ledger.short"):
        do("issue", 1, readers[0])
    do("receive", 300)
    for wrong in (("issue", 1), ("issue", 21, readers[0]), ("receive", 5001)):  # nobody named; too many at once
        with refused("ledger.invalid"):
            do(*wrong)
    with refused("ledger.invalid"):
        do("issue", 1, somebody(world, "丙某", "hill"))  # not on the register
    with refused("ledger.not_yours"):
        do("issue", 1, readers[0], by="赵兰")
    for n in range(1, 16):
        do("issue", 20, readers[n % 2])
    with refused("ledger.short"):
        do("issue", 1, readers[0])  # all three hundred are out
    do("give_back", 5, readers[1])
    with refused("ledger.short"):
        do("give_back", 20, somebody(world, "丁某", "hill", "village_cadre", cadre))
    found = {t.kind: t.balance for t in queries.totals(BOOK, place, actor=world.actor("组甲"))}
    assert found == {"received": -300, "on_hand": 5, "reader": 295}
    assert [balance(BOOK, who) for who in readers] == [140, 155] and events.verify().clean
