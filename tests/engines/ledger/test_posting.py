"""What a book must always be: balanced, within bounds at every moment, once by its key, never edited."""

from __future__ import annotations

import copy
from datetime import date, timedelta

import pytest
from django.db import IntegrityError

from gezhi.engines.ledger import access, accounts, entries, jobs, periods, posting, queries
from gezhi.engines.ledger.accounts import Ref
from gezhi.engines.ledger.models import Account, Closing, Leg, Transfer
from gezhi.engines.ledger.posting import Move
from gezhi.foundation import db, events
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Refusal
from tests.engines.ledger.conftest import BOOK, SYSTEM, refused


def test_what_is_given_can_be_spent_and_never_more(shop):
    shop.give("甲", 30)
    shop.stock(5)
    held = shop.redeem("甲", 2)
    mine = shop.account("甲")
    assert (held.state, mine.balance, mine.held_out) == ("pending", 30, 20)
    with refused("ledger.short") as wrong:  # what is held is no longer free
        shop.redeem("甲", 2)
    assert "甲" in wrong.value.what and not Transfer.objects.filter(entry="redeem").exclude(pk=held.pk).exists()
    posted = entries.confirm(held.pk, actor=shop.world.actor("赵兰"))
    assert posted.state == "posted" and (shop.balance("甲"), shop.balance("大米")) == (10, 3)
    assert shop.account("甲").held_out == 0
    legs = [leg.amount for leg in posted.legs.order_by("number")]
    assert legs == [-20, 20, -2, 2] and events.verify().clean


def test_goods_that_ran_out_leave_the_points_alone(shop):
    shop.give("甲", 50)
    shop.stock(1)
    before = shop.account("甲")
    with refused("ledger.short"):
        shop.redeem("甲", 2)
    after = shop.account("甲")
    assert (after.balance, after.held_out, after.posted) == (before.balance, before.held_out, before.posted)
    assert shop.account("大米").held_out == 0


def test_what_nobody_fetched_falls_back_and_what_was_refused_too(shop, at_ten):
    shop.give("甲", 20)
    shop.stock(5)
    first, second = shop.redeem("甲", 1), shop.redeem("甲", 1)
    entries.refuse(second.pk, actor=shop.world.actor("赵兰"))
    with refused("ledger.settled"):
        entries.confirm(second.pk, actor=shop.world.actor("赵兰"))
    assert shop.account("甲").held_out == 10
    assert jobs.expire() == 0
    at_ten.shift(timedelta(days=4))
    assert jobs.expire() == 1
    first.refresh_from_db()
    assert (first.state, shop.account("甲").held_out, shop.account("大米").held_out) == ("expired", 0, 0)
    assert events.verify().clean


def test_the_same_key_posts_once_and_other_content_under_it_is_refused(shop):
    one = shop.give("甲", 10, key="k1")
    assert shop.give("甲", 10, key="k1").pk == one.pk and shop.balance("甲") == 10
    for wrong in (("甲", 11), ("乙", 10)):
        with refused("ledger.key_reused"):
            shop.give(*wrong, key="k1")
    assert shop.balance("甲") == 10


def test_a_correction_is_a_reversal_with_a_reason_and_only_once(shop):
    wrong = shop.give("甲", 30)
    zhao = shop.world.actor("赵兰")
    with refused("ledger.invalid"):
        entries.correct(wrong.pk, actor=zhao, reason="  ")
    back = entries.correct(wrong.pk, actor=zhao, reason="记错了人")
    assert back.reverses_id == wrong.pk and shop.balance("甲") == 0 and queries.reason(back) == "记错了人"
    wrong.refresh_from_db()
    assert wrong.state == "posted"  # what was stays
    for again in (wrong.pk, back.pk):
        with refused("ledger.reversed"):
            entries.correct(again, actor=zhao, reason="再来")
    assert [leg.after for leg in queries.statement(shop.account("甲"))] == [0, 30]


def test_what_is_spent_cannot_be_taken_back_below_zero(shop):
    given = shop.give("甲", 10)
    shop.stock(1)
    entries.confirm(shop.redeem("甲", 1).pk, actor=shop.world.actor("赵兰"))
    with refused("ledger.short"):
        entries.correct(given.pk, actor=shop.world.actor("赵兰"), reason="记错了")
    assert shop.balance("甲") == 0


def test_only_whoever_has_the_points_spends_them(shop):
    shop.give("甲", 30)
    shop.stock(3)
    for phone in ("", "13800000002", "12"):
        with refused("ledger.own_only"):
            shop.redeem("甲", 1, phone=phone)
    assert shop.redeem("甲", 1).state == "pending"


def test_who_may_enter_and_where(shop):
    with refused("ledger.not_yours"):
        shop.give("甲", 5, by="钱立")  # the secretary of another village
    with refused("ledger.not_yours"):
        shop.enter("stock", 5, shelf="大米", by="秦英")
    # A grid worker at the grid of the one who gets it, not at the whole village.
    with refused("ledger.not_yours"):
        shop.give("甲", 5, by="秦英")
    with refused("ledger.invalid"):
        shop.give("甲", 51)
    with refused("ledger.invalid"):
        shop.give("甲", 0)
    with refused("ledger.invalid"):
        shop.enter("award", 5)  # nobody named
    with refused("ledger.invalid"):
        shop.give("甲", 5, reason="")
    assert not Transfer.objects.exists() and not Account.objects.exists()


def test_a_large_award_is_confirmed_by_a_second_person(shop):
    waiting = shop.enter("award_large", 300, resident="甲")
    assert (waiting.state, shop.balance("甲"), shop.account("甲").held_in) == ("pending", 0, 300)
    with refused("ledger.not_yours"):
        entries.confirm(waiting.pk, actor=shop.world.actor("赵兰"))
    with refused("ledger.not_yours"):
        entries.confirm(waiting.pk, actor=shop.world.actor("何苗"))  # the other street
    done = entries.confirm(waiting.pk, actor=shop.world.actor("周敏"))
    assert done.second_id == shop.world.people["周敏"] and shop.balance("甲") == 300


def test_nothing_is_dated_inside_a_closed_period(shop, at_ten):
    october = date(2026, 10, 31)
    wrong = shop.give("甲", 10, day=october)
    zhao = shop.world.actor("赵兰")
    for day in (date(2026, 11, 18), date(2026, 11, 20)):
        with refused("ledger.invalid"):
            periods.close(BOOK, shop.lake, day, actor=zhao)
    with refused("ledger.not_yours"):
        periods.close(BOOK, shop.lake, october, actor=shop.world.actor("秦英"))
    waiting = shop.enter("award_large", 100, resident="乙", day=october)
    with refused("ledger.invalid"):  # something still waits
        periods.close(BOOK, shop.lake, october, actor=zhao)
    entries.refuse(waiting.pk, actor=zhao)
    periods.close(BOOK, shop.lake, october, actor=zhao)
    with refused("ledger.closed"):
        shop.give("甲", 5, day=october)
    assert shop.give("甲", 5, day=date(2026, 11, 1)).day == date(2026, 11, 1)
    back = entries.correct(wrong.pk, actor=zhao, reason="十月的记错了")
    assert back.day == date(2026, 11, 18) and shop.balance("甲") == 5
    # An account opened later at this place is closed as far as its neighbours.
    new = posting.post(Move(BOOK, "stock", "late", ((Ref(BOOK, "shelf", "subject:900", shop.lake, "油"), 1),
                            (Ref(BOOK, "outside", f"place:{shop.lake}", shop.lake), -1)), shop.lake), actor=SYSTEM)[0]  # fmt: skip
    assert Account.objects.get(holder="subject:900").closed_until == october and new.state == "posted"
    assert Closing.objects.count() == 1 and events.verify().clean


def test_many_are_all_or_none_and_cost_a_bounded_number_of_statements(shop):
    def moves(prefix: str, count: int, amount: int = 1) -> list[Move]:
        return [
            Move(BOOK, "award", f"{prefix}:{n}", (
                (Ref(BOOK, "pool", f"place:{shop.lake}", shop.lake), -amount),
                (Ref(BOOK, "resident", f"subject:{shop.ids['甲']}", shop.lake), amount),
            ), shop.lake)
            for n in range(count)
        ]  # fmt: skip

    posting.post_many(moves("warm", 1), actor=SYSTEM)
    with count_queries() as few:
        posting.post_many(moves("few", 2), actor=SYSTEM)
    with count_queries() as many:
        assert len(posting.post_many(moves("many", 40), actor=SYSTEM)) == 40
    assert many.total <= few.total + 1 and many.total <= 12
    assert shop.balance("甲") == 43
    back = [Move(m.ledger, m.entry, m.key, tuple((r, -a) for r, a in m.legs), m.place_id) for m in moves("back", 5, 10)]
    with refused("ledger.short"):
        posting.post_many(back, actor=SYSTEM)
    assert shop.balance("甲") == 43
    done = posting.post_many(back, actor=SYSTEM, lenient=True)
    assert [isinstance(one, Refusal) for one in done] == [False] * 4 + [True] and shop.balance("甲") == 3
    with refused("ledger.unbalanced"):
        posting.post(Move(BOOK, "award", "odd", (moves("x", 1)[0].legs[1],), shop.lake), actor=SYSTEM)


def test_an_account_opened_by_two_at_once_is_one(shop, monkeypatch):
    """Both looked before either opened it: the second finds what the first made."""
    ref = Ref(BOOK, "resident", f"subject:{shop.ids['乙']}", shop.lake, "乙某")
    there, blind = accounts._there, [{}]
    with db.write():
        (mine,) = accounts.ensure([ref], actor=SYSTEM).values()
        monkeypatch.setattr(accounts, "_there", lambda wanted: blind.pop() if blind else there(wanted))
        assert list(accounts.ensure([ref], actor=SYSTEM).values()) == [mine] and not blind


def test_verify_sees_a_balance_that_somebody_edited(shop):
    shop.give("甲", 10)
    assert events.verify().clean
    Account.objects.filter(pk=shop.account("甲").pk).update(balance=99)
    found = events.verify().findings
    assert [f.code for f in found] == ["book.balance"] and "余额" in found[0].words
    Account.objects.filter(pk=shop.account("甲").pk).update(balance=10)
    Leg.objects.filter(account=shop.account("甲")).update(amount=9)
    assert {"part.altered", "book.balance", "book.unbalanced"} == {f.code for f in events.verify().findings}


def test_the_database_itself_refuses_an_overdraft(shop):
    shop.give("甲", 10)
    with pytest.raises(IntegrityError), db.attempt():
        Account.objects.filter(pk=shop.account("甲").pk).update(balance=-1)


def test_without_the_lock_two_would_spend_the_same_points(shop, monkeypatch):
    """The twin of the race in tests/crash: both look before either writes; only the statement's line refuses the second."""
    shop.give("甲", 10)
    rows = {account.pk: account for account in Account.objects.all()}
    stale = [copy.deepcopy(rows), copy.deepcopy(rows)]
    monkeypatch.setattr(access, "lock_accounts", lambda _ids: stale.pop())
    pool = (Ref(BOOK, "pool", f"place:{shop.lake}", shop.lake), 10)
    mine = (Ref(BOOK, "resident", f"subject:{shop.ids['甲']}", shop.lake), -10)
    posting.post(Move(BOOK, "redeem", "a", (pool, mine), shop.lake), actor=SYSTEM)
    with pytest.raises(IntegrityError), db.attempt():
        posting.post(Move(BOOK, "redeem", "b", (pool, mine), shop.lake), actor=SYSTEM)
