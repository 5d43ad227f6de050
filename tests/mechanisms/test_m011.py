"""M011 基本报酬与离任补贴按月发放: a month exactly one posting per entitled person, total = the frozen list, never beyond the
appropriation; a re-run pays nobody twice."""

from __future__ import annotations

from gezhi.engines.ledger import entries, payouts
from gezhi.engines.ledger.models import PayoutLine
from gezhi.engines.ledger.schema import ledger
from gezhi.foundation import events, subjects
from tests.engines.matching.conftest import refused
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.books import SYSTEM, balance, posted, somebody

pytestmark = mechanism("M011", file="packs/boai-county/ledgers/cadre_pay.yaml")
BOOK, NOVEMBER = "cadre_pay", "2026-11"


def test_each_month_is_paid_once_as_frozen_within_the_appropriation(county):
    world = county("boai-county")
    world.seat("organisation_office", "county", "组甲", "组丙")
    office, boss, place = world.actor("组甲"), world.actor("于沐阳"), world.places["county"]
    serving = somebody(world, "甲某", "lake", "pay_entitled", {"kind": "serving", "monthly": 3000})
    retired = somebody(world, "乙某", "hill", "pay_entitled", {"kind": "retired", "monthly": 250})
    stopped = somebody(world, "丙某", "hill", "pay_entitled", {"kind": "retired", "monthly": 250, "stopped": True})

    def fund(yuan: int, key: str) -> None:
        row, _new = entries.enter(BOOK, "appropriate", place, yuan * 100, actor=office, key=key, reason="拨款")
        with refused("ledger.not_yours"):
            entries.confirm(row.pk, actor=office)
        entries.confirm(row.pk, actor=boss)

    fund(5000, "a")
    page = f"/desk/ledgers/{BOOK}/lists/monthly?place={place}&period={NOVEMBER}"
    assert "3,250.00 元" in Desk(world).of("组甲").get(page).content.decode()
    seen = payouts.preview(BOOK, "monthly", place, NOVEMBER, actor=office).seen
    late = somebody(world, "丁某", "lake", "pay_entitled", {"kind": "serving", "monthly": 1000})
    with refused("payout.changed"):
        payouts.freeze(BOOK, "monthly", place, NOVEMBER, actor=office, seen=seen)
    subjects.withdraw_entries(
        list(subjects.Entry.objects.filter(subject_id=late.pk).values_list("pk", flat=True)), actor=SYSTEM
    )
    with refused("ledger.not_yours"):
        payouts.freeze(BOOK, "monthly", place, NOVEMBER, actor=boss, seen=seen)
    with refused("ledger.invalid"):
        payouts.preview(BOOK, "monthly", place, "2026-13", actor=office)
    row = payouts.freeze(BOOK, "monthly", place, NOVEMBER, actor=office, seen=seen)
    assert (row.count, row.total) == (2, 325_000)
    with refused("payout.state"):  # once a month
        payouts.freeze(BOOK, "monthly", place, NOVEMBER, actor=office, seen=seen)
    with refused("payout.state"):  # not before somebody else approved it
        payouts.pay(row.pk, actor=office)
    with refused("ledger.not_yours"):
        payouts.approve(row.pk, actor=world.actor("组丙"))
    payouts.approve(row.pk, actor=boss)
    before = posted(BOOK)
    first = payouts.pay(row.pk, actor=office)
    again = payouts.pay(row.pk, actor=world.actor("组丙"))
    assert [t.pk for t in again] == [t.pk for t in first] and posted(BOOK) == before + 2
    assert [balance(BOOK, who) for who in (serving, retired, stopped)] == [300_000, 25_000, 0]
    assert sum(PayoutLine.objects.filter(payout=row).values_list("amount", flat=True)) == row.total
    assert (balance(BOOK, "budget"), balance(BOOK, "paid")) == (175_000, 325_000)
    # December: what is left does not suffice, and then nobody is paid.
    shown = payouts.preview(BOOK, "monthly", place, "2026-12", actor=office)
    next_one = payouts.freeze(BOOK, "monthly", place, "2026-12", actor=office, seen=shown.seen)
    payouts.approve(next_one.pk, actor=boss)
    with refused("ledger.short"):
        payouts.pay(next_one.pk, actor=office)
    assert balance(BOOK, "paid") == 325_000
    fund(1500, "b")
    payouts.pay(next_one.pk, actor=office)
    assert (balance(BOOK, "budget"), balance(BOOK, serving)) == (0, 600_000)
    shown = Desk(world).of("组甲").get(f"/desk/ledgers/payouts/{next_one.pk}")
    assert shown.status_code == 200 and "已发放" in shown.content.decode() and next_one.digest in shown.content.decode()
    assert ledger(BOOK).payouts["monthly"].every == "month" and events.verify().clean
