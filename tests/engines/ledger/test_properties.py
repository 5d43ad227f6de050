"""Whatever is posted, in whatever order: the book balances, and no account was ever beyond its bounds."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gezhi.engines.ledger import posting, rules
from gezhi.engines.ledger.accounts import Ref
from gezhi.engines.ledger.models import Account, Leg, Transfer
from gezhi.engines.ledger.posting import Move
from gezhi.foundation import events
from gezhi.foundation.errors import Refusal
from tests.engines.ledger.conftest import BOOK, SYSTEM
from tests.environment import some

# What somebody does: give or spend so much, hold it, settle a held one, take one back, say an earlier key again.
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["post", "hold", "settle", "drop", "reverse", "again"]),
        st.sampled_from(["甲", "乙"]), st.integers(-30, 30).filter(bool), st.integers(0, 30),
    ),
    min_size=6, max_size=14,
)  # fmt: skip


def sound() -> None:
    """Every account is the sum of its legs, was within its bounds at every one of them, and assets sum to zero."""
    assets: dict[str, int] = defaultdict(int)
    for account in Account.objects.all():
        legs = Leg.objects.filter(account=account, position__isnull=False).order_by("position")
        total = 0
        for n, leg in enumerate(legs, 1):
            total += leg.amount
            assert (leg.position, leg.after) == (n, total)
            assert account.lowest is None or total >= account.lowest
        assert account.balance == total
        held = Leg.objects.filter(account=account, transfer__state="pending").values_list("amount", flat=True)
        assert account.held_out == -sum(a for a in held if a < 0) and account.held_in == sum(a for a in held if a > 0)
        assert account.lowest is None or account.balance - account.held_out >= account.lowest
        assets[account.asset] += account.balance
    assert not any(assets.values())


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_the_book_is_sound_after_every_act_and_saying_it_twice_changes_nothing(shop, acts):
    base = f"{Transfer.objects.count()}-{Transfer.objects.order_by('-pk').values_list('pk', flat=True).first()}"
    done: list[Move] = []
    for n, (what, who, amount, pick) in enumerate(acts):
        before = {a.holder: a.balance for a in Account.objects.all()}
        rows = list(Transfer.objects.order_by("pk"))
        chosen = rows[pick % len(rows)] if rows else None
        try:
            if what in ("post", "hold"):
                pool = Ref(BOOK, "pool", f"place:{shop.lake}", shop.lake)
                mine = Ref(BOOK, "resident", f"subject:{shop.ids[who]}", shop.lake, who)
                legs = ((pool, -amount), (mine, amount))
                done.append(Move(BOOK, "award", f"{base}:{n}", legs, shop.lake, pending=what == "hold"))
                posting.post(done[-1], actor=SYSTEM)
            elif what == "again" and done:
                move = done[pick % len(done)]
                known = Transfer.objects.filter(key=move.key).first()
                again, new = posting.post(move, actor=SYSTEM)
                if known is not None:
                    assert (again.pk, new) == (known.pk, False)
                    assert {a.holder: a.balance for a in Account.objects.all()} == before
            elif chosen is not None and what == "reverse":
                back = posting.reverse(chosen.pk, actor=SYSTEM, reason="更正")
                moved = {leg.account_id: leg.amount for leg in back.legs.all()}
                assert moved == {leg.account_id: -leg.amount for leg in chosen.legs.all()}
            elif chosen is not None:
                posting.settle(chosen.pk, "posted" if what == "settle" else "voided", actor=SYSTEM)
        except Refusal:
            assert {a.holder: a.balance for a in Account.objects.all() if a.balance} == {
                holder: balance for holder, balance in before.items() if balance
            }
        sound()
    assert events.verify().clean


@given(st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.booleans()), max_size=30), st.integers(0, 20))
def test_a_standing_within_its_bounds_stays_so_when_what_is_held_is_let_go_or_posted(acts, top):
    now = rules.Standing(0, 0, 0, 0, 100 + top)
    held: list[int] = []
    for amount, hold in acts:
        after = now.held(amount) if hold else now.moved(amount)
        if after.fault:
            continue
        now = after
        if hold:
            held.append(amount)
    # Whatever is settled, in whatever order and way, never meets a bound.
    for n, amount in enumerate(held):
        now = now.held(amount, -1) if n % 2 else now.held(amount, -1).moved(amount)
        assert not now.fault
    assert (now.held_out, now.held_in) == (0, 0)


@given(st.integers(-(10**12), 10**12), st.integers(0, 4))
def test_an_amount_is_said_and_read_back(amount, scale):
    assert rules.whole(rules.shown(amount, scale).replace(",", ""), scale) == amount
    assert rules.whole(f"0.{'0' * scale}1", scale) is None and rules.whole("many", scale) is None


@pytest.mark.once("how a sum is split is reckoned without a database")
@settings(max_examples=some(40), deadline=None)
@given(st.integers(0, 10**12), st.lists(st.decimals(0, 10**6, places=3), min_size=1, max_size=12).filter(any))
def test_parts_add_up_to_the_sum_and_none_is_a_whole_unit_off(total, parts):
    found, whole = rules.divided(total, parts), sum(map(Fraction, parts))
    assert sum(found) == total
    assert all(abs(got - total * Fraction(part) / whole) < 1 for got, part in zip(found, parts, strict=True))
    assert all(got == 0 for got, part in zip(found, parts, strict=True) if part == 0)
