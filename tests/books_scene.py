"""Books and an appraisal of 湖滨 with something in each, for tests of doors: points given, a list that was paid, a round published."""

from __future__ import annotations

import copy
from dataclasses import dataclass

from gezhi.engines.appraisals import marking, rounds
from gezhi.engines.appraisals.models import Round
from gezhi.engines.ledger import entries, payouts
from gezhi.engines.ledger.models import Account
from gezhi.foundation import packs, people, subjects
from gezhi.foundation.calendar import clock
from tests.world import World

SYSTEM = people.system("test")
BOOK, LIST, RUBRIC = "love_points", "festival", "unit_grid"
PHONE = "13800000001"


@dataclass(frozen=True)
class Books:
    """Ids of one of everything."""

    account: int
    transfer: int
    payout: int
    resident: int


def points(world: World) -> Books:
    """In a county with the packs of 新兴社区: 甲某 was given 30 points, and 20 by a list."""
    lake, clerk, street = world.places["lake"], world.actor("赵兰"), world.actor("周敏")
    who = subjects.add("person", {"name": "甲某", "phone": PHONE}, actor=SYSTEM, place_id=lake, synthetic=True)
    subjects.enter("resident", who.pk, {"residence": "here"}, actor=SYSTEM)
    body = copy.deepcopy(dict(packs.registry().body("ledger", BOOK)))
    body["accounts"].append(
        {
            "id": "budget", "title": {"zh": "节日积分", "en": "Budget"}, "asset": "point", "holders": ["place"], "register": "",
            "level": "village", "lowest": 0, "highest": None, "reward": False,
        }
    )  # fmt: skip
    body["entries"].append(
        {
            "id": "appropriate", "title": {"zh": "拨入", "en": "Paid in"}, "sides": [["pool", "budget", "amount"]],
            "by": ["village_secretary"], "second": [], "spend": False, "waits": False, "most": None, "expires": "",
        }
    )  # fmt: skip
    body["payouts"].append(
        {
            "id": LIST, "title": {"zh": "节日发放", "en": "Festival"}, "every": "year", "register": "resident", "states": [],
            "if": "", "amount": "20", "from": "budget", "to": "resident",
            "freeze": ["village_secretary"], "approve": ["street_officer"], "pay": ["village_secretary"],
        }
    )  # fmt: skip
    packs.publish("ledger", BOOK, body, actor=SYSTEM, how={"note": "test"})
    holder = {"resident": f"subject:{who.pk}"}
    made, _new = entries.enter(BOOK, "award", lake, 30, actor=clerk, key="a", holders=holder, reason="打扫楼道")
    entries.enter(BOOK, "appropriate", lake, 100, actor=clerk, key="b", reason="节日")
    year = str(clock.today().year)
    seen = payouts.preview(BOOK, LIST, lake, year, actor=clerk).seen
    listed = payouts.freeze(BOOK, LIST, lake, year, actor=clerk, seen=seen)
    payouts.approve(listed.pk, actor=street)
    payouts.pay(listed.pk, actor=clerk)
    account = Account.objects.get(holder=f"subject:{who.pk}").pk
    return Books(account, made.pk, listed.pk, who.pk)


def grids(world: World) -> Round:
    """Last year's appraisal of the two grids of 湖滨, published."""
    clerk = world.actor("赵兰")
    row = rounds.open_round(RUBRIC, world.places["lake"], str(clock.today().year - 1), actor=clerk)
    for grid in ("lake1", "lake2"):
        marking.judge(row.pk, world.places[grid], "word", 80, actor=clerk, words="平时看的")
    rounds.seal(row.pk, actor=clerk)
    return rounds.publish(row.pk, actor=clerk)
