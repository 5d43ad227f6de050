"""A village with the points shop of 新兴社区: two residents with phones, one kind of goods on the shelf."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
import time_machine

from gezhi.engines.ledger import entries
from gezhi.engines.ledger.models import Account, Transfer
from gezhi.foundation import people, subjects
from tests.engines.matching.conftest import refused
from tests.world import World

__all__ = ["Shop", "refused"]
SYSTEM = people.system("test")
BOOK = "love_points"
PHONES = {"甲": "13800000001", "乙": "13800000002"}


class Shop:
    """Short ways: shop.give("甲", 30), shop.redeem("甲", 2), shop.balance("甲")."""

    def __init__(self) -> None:
        self.world = World("xinxing-community")
        self.keys = count(1)
        self.ids: dict[str, int] = {}
        for name, phone in PHONES.items():
            who = subjects.add(
                "person", {"name": f"{name}某", "phone": phone}, actor=SYSTEM, place_id=self.lake, synthetic=True
            )
            subjects.enter("resident", who.pk, {"residence": "here"}, actor=SYSTEM)
            self.ids[name] = who.pk
        rice = subjects.add("asset", {"name": "大米"}, actor=SYSTEM, place_id=self.lake, synthetic=True)
        subjects.enter("gift", rice.pk, {"price": 10}, actor=SYSTEM)
        self.ids["大米"] = rice.pk

    @property
    def lake(self) -> int:
        return self.world.places["lake"]

    def enter(self, entry: str, amount: int, by: str = "赵兰", **more: Any) -> Transfer:
        holders = {kind: f"subject:{self.ids[more.pop(kind)]}" for kind in ("resident", "shelf") if kind in more}
        key = more.pop("key", None) or f"test:{next(self.keys)}"
        return entries.enter(
            BOOK, entry, self.lake, amount, actor=self.world.actor(by), key=key, holders=holders,
            reason=more.pop("reason", "测试"), **more,
        )[0]  # fmt: skip

    def give(self, who: str, points: int, **more: Any) -> Transfer:
        return self.enter("award", points, resident=who, **more)

    def stock(self, pieces: int) -> Transfer:
        return self.enter("stock", pieces, shelf="大米")

    def redeem(self, who: str, pieces: int, **more: Any) -> Transfer:
        return self.enter("redeem", pieces, resident=who, shelf="大米", phone=more.pop("phone", PHONES[who]), **more)

    def account(self, who: str) -> Account:
        return Account.objects.get(ledger=BOOK, holder=f"subject:{self.ids[who]}")

    def balance(self, who: str) -> int:
        return self.account(who).balance


@pytest.fixture
def at_ten():
    """Wednesday 18 November 2026, 10:00 in Shanghai."""
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as traveller:
        yield traveller


@pytest.fixture
def shop(db, at_ten) -> Shop:
    return Shop()
