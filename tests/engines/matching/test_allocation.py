"""Rules of allocation against every other answer there is: bounds hold, sums are greatest, pairs are stable."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from gezhi.engines.matching.allocation import Need, Offer, choose, cover, rotate, split, stable
from gezhi.engines.matching.siting import site

SMALL = st.integers(0, 3)


@st.composite
def markets(draw):
    needs = [Need(n, draw(st.integers(1, 2)), Decimal(draw(SMALL))) for n in range(draw(st.integers(0, 4)))]
    offers = [Offer(100 + n, draw(st.integers(0, 3)), draw(st.integers(0, 1))) for n in range(draw(st.integers(0, 3)))]
    fits = {(n.id, o.id) for n in needs for o in offers if draw(st.booleans())}
    return needs, offers, fits


def worth(needs, given_out):
    weight = {n.id: n.weight for n in needs}
    return sum(amount * (1 + 10 * weight[n]) for (n, _o), amount in given_out.items())


def best(needs, offers, fits):
    """The greatest worth by trying everything."""
    pairs = sorted(fits)
    found = Decimal(0)
    room = {o.id: o.most for o in offers}
    wanted = {n.id: n.amount for n in needs}
    for amounts in product(*(range(min(room[o], wanted[n]) + 1) for n, o in pairs)):
        out = dict(zip(pairs, amounts, strict=True))
        if all(sum(a for (n, _o), a in out.items() if n == need) <= wanted[need] for need in wanted) and all(
            sum(a for (_n, o), a in out.items() if o == offer) <= room[offer] for offer in room
        ):
            found = max(found, worth(needs, out))
    return found


@given(markets())
@settings(max_examples=120, deadline=None)
def test_bounds_hold_and_nothing_better_exists(market):
    needs, offers, fits = market
    out = cover(needs, offers, lambda n, o: (n, o) in fits)
    assert set(out) <= fits and all(a > 0 for a in out.values())
    for need in needs:
        assert sum(a for (n, _o), a in out.items() if n == need.id) <= need.amount
    for offer in offers:
        assert sum(a for (_n, o), a in out.items() if o == offer.id) <= offer.most
    assert worth(needs, out) == best(needs, offers, fits)
    assert cover(needs[::-1], offers[::-1], lambda n, o: (n, o) in fits) == out


@given(markets(), st.integers(1, 3), st.data())
@settings(max_examples=80, deadline=None)
def test_another_offer_never_lowers_the_sum(market, most, data):
    needs, offers, fits = market
    more = fits | {(n.id, 999) for n in needs if data.draw(st.booleans())}
    before = worth(needs, cover(needs, offers, lambda n, o: (n, o) in fits))
    assert worth(needs, cover(needs, [*offers, Offer(999, most)], lambda n, o: (n, o) in more)) >= before


@given(st.integers(1, 8), st.integers(1, 6), st.data())
@settings(max_examples=80, deadline=None)
def test_everybody_has_one_before_anybody_has_two(needs, offers, data):
    able = {(n, 100 + o) for n in range(needs) for o in range(offers) if data.draw(st.booleans())}
    out = cover(
        [Need(n) for n in range(needs)], [Offer(100 + o, 2, 1) for o in range(offers)], lambda n, o: (n, o) in able
    )
    one = cover(
        [Need(n) for n in range(needs)], [Offer(100 + o, 1) for o in range(offers)], lambda n, o: (n, o) in able
    )
    assert len({o for _n, o in out}) == len({o for _n, o in one})  # as many have one as could


@given(st.integers(1, 5), st.integers(1, 4), st.data())
@settings(max_examples=150, deadline=None)
def test_no_two_would_rather_have_each_other(n, m, data):
    offers = [Offer(100 + o, data.draw(st.integers(0, 2))) for o in range(m)]
    fits = {(i, o.id) for i in range(n) for o in offers if data.draw(st.booleans())}
    mine = {pair: Decimal(data.draw(SMALL)) for pair in sorted(fits)}
    theirs = {pair: Decimal(data.draw(SMALL)) for pair in sorted(fits)}
    out = stable(range(n), offers, lambda i, o: (i, o) in fits, lambda i, o: mine[i, o], lambda i, o: theirs[i, o])
    load = {o.id: [i for i, got in out.items() if got == o.id] for o in offers}
    assert set(out.items()) <= fits and all(len(load[o.id]) <= o.most for o in offers)
    for i, o in fits:
        rather = i not in out or mine[i, o] > mine[i, out[i]]
        room = len(load[o]) < next(x.most for x in offers if x.id == o)
        wanted = room or any(theirs[i, o] > theirs[j, o] for j in load[o])
        assert not (rather and wanted and out.get(i) != o)


@given(st.lists(st.integers(0, 5), max_size=8), st.integers(1, 5))
def test_the_quota_is_taken_from_the_top(weights, quota):
    needs = [Need(n, 1, Decimal(w)) for n, w in enumerate(weights)]
    taken = choose(needs, quota)
    assert len(taken) == min(quota, len(needs))
    lowest = min((weights[n] for n in taken), default=0)
    assert all(weights[n] <= lowest for n in range(len(weights)) if n not in taken)


@given(st.integers(0, 10_000), st.dictionaries(st.integers(0, 9), st.integers(0, 50), max_size=6))
def test_a_split_sums_exactly_and_nobody_is_a_whole_unit_off(total, shares):
    out = split(total, shares)
    whole = sum(shares.values())
    if whole:
        assert sum(out.values()) == total
        assert all(abs(out[id] * whole - total * share) < whole for id, share in shares.items())


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 5), st.integers(1, 3), st.lists(st.integers(0, 6), min_size=12, max_size=12))
def test_whoever_ticks_each_time_is_never_starved(drivers, loads, others):
    """Driver 0 wants every load, the others come and go: 0 is served at least once in as many rounds as there are drivers."""
    waited, since = {}, 0
    for number, mask in enumerate(others, start=1):
        needs = [Need(number * 10 + n) for n in range(loads)]
        wants = {0, *(d for d in range(1, drivers) if mask >> (d - 1) & 1)}
        got = rotate(needs, [Offer(d) for d in range(drivers)], lambda _n, o, w=wants: o in w, waited)
        assert len(set(got)) == len(got) == min(loads, len(wants)) and set(got.values()) <= wants
        waited |= dict.fromkeys(got.values(), number)
        since = 0 if 0 in got.values() else since + 1
        assert since < drivers


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=7),
    st.lists(st.frozensets(st.integers(0, 6), max_size=4), min_size=1, max_size=7),
    st.integers(0, 4), st.sampled_from([1, 3, 5_000]),
)  # fmt: skip
def test_the_sites_reach_most_or_say_their_bound(people, reaches, count, steps):
    demand, reach = dict(enumerate(people)), dict(enumerate(reaches))

    def worth(choice):
        return sum(demand.get(n, 0) for n in frozenset().union(*(reach[p] for p in choice)))

    top = max(worth(choice) for k in range(min(count, len(reach)) + 1) for choice in combinations(reach, k))
    found = site(demand, reach, count, steps=steps)
    assert len(found.chosen) <= count and worth(found.chosen) == found.reached <= top <= found.bound
    if steps == 5_000:
        assert found.best and found.reached == top
