"""Counting a panel: tallies equal a naive recount, results are what the rule says, groups tell on nobody; draws replay."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from gezhi.engines.workflows import lots
from gezhi.engines.workflows.panel_rules import FEWEST, Cast, count, groups_shown, judge, percent
from gezhi.engines.workflows.schema_panels import PanelRule, Share, Voters

WAYS = {"passed": "a", "failed": "b", "void": "c"}
ROLL = Voters(roll="households")
TWO_THIRDS, HALF, THREE_QUARTERS = Share(Fraction(2, 3)), Share(Fraction(1, 2), strict=True), Share(Fraction(3, 4))
casts = st.lists(
    st.builds(
        Cast,
        st.sampled_from(["invited", "voted", "recused"]),
        st.sampled_from(["yes", "no", "abstain"]),
        st.sampled_from(["owner", "tenant", ""]),
        st.decimals(1, 300, places=2),
    ),
    max_size=40,
)


def votes(yes: int, no: int, absent: int = 0, *, area: Decimal = Decimal(100)) -> list[Cast]:
    return (
        [Cast("voted", "yes", area=area)] * yes
        + [Cast("voted", "no", area=area)] * no
        + [Cast("invited", area=area)] * absent
    )


@settings(max_examples=150, deadline=None)
@given(casts)
def test_a_tally_is_a_naive_recount(ballots):
    tally = count(ballots)
    here = [b for b in ballots if b.state != "recused"]
    voted = [b for b in here if b.state == "voted"]
    assert (tally.invited, tally.voted, tally.recused) == (len(here), len(voted), len(ballots) - len(here))
    assert tally.area == sum(b.area for b in here) and tally.area_voted == sum(b.area for b in voted)
    for choice in ("yes", "no", "abstain"):
        mine = [b for b in voted if b.choice == choice]
        assert tally.choices.get(choice, 0) == len(mine)
        assert tally.areas.get(choice, Decimal(0)) == sum((b.area for b in mine), Decimal(0))
    assert sum(sum(g.values()) for g in tally.groups.values()) == len(voted)
    # Secret: the same voices from an urn give the same figures, areas apart.
    urn: dict = {}
    for b in voted:
        urn.setdefault(b.group, {}).setdefault(b.choice, 0)
        urn[b.group][b.choice] += 1
    told = count([Cast(b.state, "", b.group, b.area) for b in ballots], urn)
    assert (told.choices, told.groups, told.voted) == (tally.choices, tally.groups, tally.voted)


@settings(max_examples=150, deadline=None)
@given(casts, st.booleans())
def test_owners_pass_by_persons_and_by_area_exactly(ballots, special):
    """民法典 278: two thirds take part by both; then more than half, or three quarters, of those by both."""
    rule = PanelRule("vote", ROLL, WAYS, TWO_THIRDS, THREE_QUARTERS if special else HALF, area=True)
    here = [b for b in ballots if b.state != "recused"]
    voted = [b for b in here if b.state == "voted"]
    yes = [b for b in voted if b.choice == "yes"]
    n, a = len(here), sum(b.area for b in here)
    held = n > 0 and 3 * len(voted) >= 2 * n and 3 * sum(b.area for b in voted) >= 2 * a
    if special:
        good = 4 * len(yes) >= 3 * len(voted) and 4 * sum(b.area for b in yes) >= 3 * sum(b.area for b in voted)
    else:
        good = 2 * len(yes) > len(voted) and 2 * sum(b.area for b in yes) > sum(b.area for b in voted)
    judged = judge(rule, count(ballots))
    assert judged.result == ("void" if not held else "passed" if good else "failed")
    assert {look["by"] for look in judged.because if look["what"] == "quorum"} == {"persons", "area"}


def test_exactly_half_is_not_more_than_half_and_exactly_two_thirds_is_two_thirds():
    rule = PanelRule("vote", ROLL, WAYS, TWO_THIRDS, HALF)
    assert judge(rule, count(votes(1, 1, 1))).result == "failed"
    assert judge(rule, count(votes(2, 0, 1))).result == "passed"
    assert judge(rule, count(votes(2, 0, 2))).result == "void"
    assert judge(PanelRule("vote", ROLL, WAYS, None, HALF, base="invited"), count(votes(2, 0, 2))).result == "failed"
    assert percent(199_999, 200_000) == "99.9"  # never rounded up to a whole


def test_consent_gradient_and_score():
    def result(form, *said, **more):
        return judge(PanelRule(form, ROLL, WAYS, **more), count([Cast("voted", s) for s in said])).result

    assert result("consent", "yes", "abstain") == "passed" and result("consent", "yes", "yes", "object") == "failed"
    support = {"passing": Share(Fraction(2, 3))}
    assert result("gradient", "support", "live_with", "reserve", **support) == "passed"
    assert result("gradient", "support", "support", "support", "block", **support) == "failed"
    assert result("gradient", "support", "reserve", **support) == "failed"
    mark = {"mark": Decimal("3")}
    assert result("score", "3", "3", **mark) == "passed" and result("score", "2", "3", **mark) == "failed"
    # The highest and the lowest left out: one friend and one enemy change nothing.
    assert result("score", "1", "3", "3", "3", "5", **mark, trim=1) == "passed"
    assert result("score", "5", "5", "2", "2", **mark, trim=1) == "passed"
    assert result("comment") == "void" and result("comment", "heard") == "passed"


def test_groups_of_a_secret_vote_are_told_only_when_they_tell_on_nobody():
    many = {"yes": FEWEST, "no": FEWEST}
    few = {"yes": FEWEST - 2, "no": 1}
    assert groups_shown({"groups": {"owner": many, "tenant": many}}, True)
    assert groups_shown({"groups": {"owner": many, "tenant": few}}, True) == {}
    assert groups_shown({"groups": {"owner": many, "tenant": {"no": FEWEST}}}, True) == {}  # all of them said no
    assert groups_shown({"groups": {"owner": many, "tenant": few}}, False)


seats = st.lists(
    st.fixed_dictionaries(
        {
            "seat": st.integers(1, 99),
            "load": st.integers(0, 3),
            "last": st.sampled_from(["", "2026-01-01", "2026-02-01"]),
        }
    ),
    unique_by=lambda c: c["seat"],
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(seats, st.text(max_size=8), st.sampled_from(["lot", "rotation", "load"]), st.integers(1, 6))
def test_a_draw_can_be_done_again_from_its_record_and_prefers_as_declared(candidates, seed, by, wanted):
    record = lots.draw(candidates, [{"seat": 100, "why": "acted"}], seed=seed, by=by, count=wanted)
    assert (
        lots.replay(record)
        == record["drawn"]
        == lots.draw(candidates[::-1], [], seed=seed, by=by, count=wanted)["drawn"]
    )
    drawn = set(record["drawn"])
    assert len(drawn) == min(wanted, len(candidates)) and drawn <= {c["seat"] for c in candidates}
    key = {"load": "load", "rotation": "last"}.get(by)
    if key:
        left = [c[key] for c in candidates if c["seat"] not in drawn]
        assert not left or max([c[key] for c in candidates if c["seat"] in drawn], default=left[0]) <= min(left)


def test_by_lot_nobody_is_preferred():
    """Over a thousand seeds each of five seats is drawn about as often: 5 seats, 2 drawn, 400 expected."""
    candidates = [{"seat": s, "load": s, "last": ""} for s in range(5)]
    often = dict.fromkeys(range(5), 0)
    for n in range(1000):
        for seat in lots.draw(candidates, [], seed=lots.seed_of("case", n), by="lot", count=2)["drawn"]:
            often[seat] += 1
    assert all(320 < n < 480 for n in often.values()), often
