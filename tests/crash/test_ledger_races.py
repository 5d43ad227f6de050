"""Two spend the last points at one instant; one key is posted by many; books are closed while somebody posts into them."""

from __future__ import annotations

from datetime import date

import pytest

from gezhi.engines.ledger import periods, posting
from gezhi.engines.ledger.accounts import Ref
from gezhi.engines.ledger.models import Account, Transfer
from gezhi.engines.ledger.posting import Move
from gezhi.foundation import events, people
from gezhi.foundation.errors import Refusal
from tests.crash.test_two_officers import race
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = people.system("test")
BOOK = "love_points"


def move(world: World, key: str, amount: int, day: date | None = None) -> Move:
    lake = world.places["lake"]
    mine = Ref(BOOK, "resident", "subject:1", lake, "甲某")
    return Move(
        BOOK, "award", key, ((Ref(BOOK, "pool", f"place:{lake}", lake), -amount), (mine, amount)), lake, day=day
    )


def test_the_last_points_are_spent_once_a_key_posts_once_and_a_closed_month_stays_closed(transactional_db, at_ten):
    """The twin without the lock is in tests/engines/ledger/test_posting.py."""
    world = World("xinxing-community")
    posting.post(move(world, "first", 10), actor=SYSTEM)
    spent = race(*[lambda n=n: posting.post(move(world, f"spend:{n}", -10), actor=SYSTEM) for n in range(4)])
    assert sorted(getattr(o, "code", "posted") for o in spent) == ["ledger.short"] * 3 + ["posted"]
    once = race(*[lambda: posting.post(move(world, "same", 7), actor=SYSTEM) for _ in range(4)])
    assert sorted(new for _row, new in once) == [False, False, False, True] and len({row.pk for row, _n in once}) == 1
    october = date(2026, 10, 31)
    late = race(
        lambda: periods.close(BOOK, world.places["lake"], october, actor=world.actor("赵兰")),
        *[lambda n=n: posting.post(move(world, f"late:{n}", 1, october), actor=SYSTEM) for n in range(2)],
    )
    refused = [o for o in late if isinstance(o, Refusal)]
    assert not isinstance(late[0], Refusal) and all(o.code == "ledger.closed" for o in refused)
    assert Account.objects.get(kind="resident").balance == 7 + Transfer.objects.filter(key__startswith="late:").count()
    with pytest.raises(Refusal):
        posting.post(move(world, "later", 1, october), actor=SYSTEM)
    assert events.verify().clean
