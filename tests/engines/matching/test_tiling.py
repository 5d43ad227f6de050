"""Turns tile, rest is kept, a slot is short only when it has to be; what is lent is never promised twice."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from gezhi.engines.matching import lending, tiling
from gezhi.engines.matching.loan_models import Loan
from gezhi.foundation.calendar import clock

HOUR = timedelta(hours=1)
DAY = date(2021, 7, 18)
PATTERNS = st.sampled_from([["08:00-20:00", "20:00-08:00"], ["02:00-08:00", "08:00-14:00", "14:00-20:00", "20:00-02:00"], ["16:30-17:30", "17:30-18:30"]])  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(PATTERNS, st.integers(1, 4), st.integers(1, 8), st.integers(1, 3), st.sampled_from([0, 6, 8, 12]))
def test_slots_follow_and_everybody_rests(hours, days, people, crew, rest):
    slots = tiling.slots([DAY + timedelta(days=n) for n in range(days)], hours, clock.midnight)
    assert all(a[1] <= b[0] for a, b in zip(slots, slots[1:], strict=False))
    if tiling.around(hours):
        assert all(a[1] == b[0] for a, b in zip(slots, slots[1:], strict=False))
    made = tiling.assign(slots, range(people), crew=crew, rest=rest * HOUR)
    for person in range(people):
        own = [slot for slot, who in made.given if who == person]
        assert all(b[0] - a[1] >= rest * HOUR for a, b in zip(own, own[1:], strict=False))
    # Every slot has its crew, or stands among the short ones with exactly what lacks; nobody is there twice.
    there = {slot: [who for s, who in made.given if s == slot] for slot in slots}
    short = dict(made.short)
    assert all(len(set(who)) == len(who) == crew - short.get(slot, 0) for slot, who in there.items())
    assert tiling.lacking(slots, [slot for slot, _who in made.given], crew) == list(made.short)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 2), st.sampled_from([0, 6, 8, 12, 18]))
def test_a_slot_is_short_only_when_no_roster_could_fill_all(people, crew, rest):
    """Held against every roster there is: slots of six hours over a day and a half."""
    slots = tiling.slots([DAY, DAY + timedelta(days=1)], ["02:00-08:00", "08:00-14:00", "14:00-20:00", "20:00-02:00"], clock.midnight)[:6]  # fmt: skip

    def possible(left, last):
        if not left:
            return True
        able = [p for p in range(people) if p not in last or left[0][0] - last[p] >= rest * HOUR]
        return any(possible(left[1:], last | dict.fromkeys(team, left[0][1])) for team in combinations(able, crew))

    made = tiling.assign(slots, range(people), crew=crew, rest=rest * HOUR)
    assert (not made.short) == possible(slots, {})


def test_turns_are_shared_evenly_and_the_same_each_time():
    slots = tiling.slots([DAY + timedelta(days=n) for n in range(10)], ["08:00-20:00"], clock.midnight)
    made = tiling.assign(slots, [3, 1, 2], crew=1, rest=HOUR)
    assert [who for _slot, who in made.given[:4]] == [1, 2, 3, 1]
    assert made == tiling.assign(slots, [2, 3, 1], crew=1, rest=HOUR)


LOANS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(1, 3)), max_size=14)


@settings(max_examples=50, deadline=None)
@given(LOANS, st.integers(1, 3))
def test_reservations_of_one_thing_never_promise_more_than_there_is(wanted, stock):
    start, standing = datetime(2026, 11, 18, tzinfo=clock.SHANGHAI), []
    for begins, length, amount in wanted:
        since = start + begins * HOUR
        until = since + length * HOUR
        full = lending._most(standing, since, until, start)
        if full + amount <= stock:
            standing.append(Loan(since=since, until=until, amount=amount, state="reserved"))
        else:  # it is refused only where some hour is really full
            assert any(_at(standing, since + n * HOUR) + amount > stock for n in range(length))
    assert all(_at(standing, start + n * HOUR) <= stock for n in range(60))
    if stock == 1:
        assert all(a.until <= b.since or b.until <= a.since for a, b in combinations(standing, 2))


def _at(standing, moment):
    return sum(loan.amount for loan in standing if loan.since <= moment < loan.until)
