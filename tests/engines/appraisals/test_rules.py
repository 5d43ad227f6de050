"""How a score comes about: it is explained exactly, gates dominate, judges come in any order, nobody is passed over in silence."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gezhi.engines.appraisals import rules
from gezhi.engines.appraisals.rules import Candidate, Input
from tests.environment import some

points = st.decimals(0, 100, places=2)
TEXT = st.builds(lambda value: format(value, "f"), points)


@st.composite
def rubrics(draw):
    """A body whose weights add up to 1: judged items, measured ones with and without bands."""
    cuts = sorted(draw(st.sets(st.integers(1, 9999), min_size=0, max_size=5)))
    shares = [b - a for a, b in zip([0, *cuts], [*cuts, 10_000], strict=True)]
    items = []
    for number, share in enumerate(shares):
        trim = draw(st.integers(0, 2))
        bands = draw(
            st.sampled_from([[], [{"points": "0"}, {"from": "50", "points": "62.5"}, {"from": "90", "points": "100"}]])
        )
        items.append(
            {
                "id": f"i{number}", "weight": format(Decimal(share) / 10_000, "f"), "kind": draw(st.sampled_from(["judged", "measured"])),
                "judges": {"least": 2 * trim + 1, "trim": trim}, "bands": bands, "good": "60",
                "missing": draw(st.sampled_from(["0", "40", "unscored"])),
            }
        )  # fmt: skip
    gates = [{"id": "g", "cap": "low"}]
    return {
        "items": items,
        "gates": gates,
        "bands": [{"id": "low"}, {"id": "mid", "from": "40"}, {"id": "top", "from": "80"}],
    }


@st.composite
def subjects(draw, body):
    found = {}
    for item in body["items"]:
        if draw(st.booleans()):
            marks = draw(st.lists(TEXT, max_size=7)) if item["kind"] == "judged" else []
            found[item["id"]] = Input(None if item["kind"] == "judged" else draw(TEXT), tuple(marks), ("entry:1",))
    return found


@settings(max_examples=some(40), deadline=None)
@given(st.data(), rubrics(), st.booleans())
def test_the_explanation_adds_up_to_the_score_and_a_lost_gate_dominates(data, body, holds):
    given_ = data.draw(subjects(body))
    made = rules.score_of(body, given_, lambda gate, reads: holds)
    told = rules.told(1, made)
    if made.score is None:
        assert any(line.points is None for line in made.lines) and not made.eligible
        return
    assert sum((Decimal(line["gives"]) for line in told["lines"]), Decimal(0)) == Decimal(told["score"]) == made.score
    assert all(Decimal(x["weight"]) * Decimal(x["points"]) == Decimal(x["gives"]) for x in told["lines"])
    assert 0 <= made.score <= 100
    if holds:
        assert made.eligible and made.band == rules.band_of(body["bands"], made.score)
    else:
        assert not made.eligible and made.band == "low" and made.lost == ("g",)


@settings(max_examples=some(40), deadline=None)
@given(st.data(), rubrics())
def test_the_order_of_judges_does_not_matter(data, body):
    given_ = data.draw(subjects(body))
    other = {
        id: Input(one.raw, tuple(data.draw(st.permutations(one.marks))), one.records) for id, one in given_.items()
    }
    assert rules.score_of(body, given_, lambda *_: True) == rules.score_of(body, other, lambda *_: True)


@settings(max_examples=some(40), deadline=None)
@given(st.integers(0, 3), st.data())
def test_a_trimmed_mean_lies_within_the_kept_and_one_wild_mark_moves_nothing(trim, data):
    marks = data.draw(st.lists(points, min_size=2 * trim + 1, max_size=12))
    kept = sorted(marks)[trim : len(marks) - trim]
    mean = rules.trimmed_mean(marks, trim)
    assert kept[0] <= mean <= kept[-1]
    if trim:
        wild = [Decimal(100) if mark == max(marks) else mark for mark in marks]
        top = marks.count(max(marks))
        assert top > trim or rules.trimmed_mean(wild, trim) == mean


def test_too_few_marks_have_no_mean():
    with pytest.raises(ValueError, match="2 marks"):
        rules.trimmed_mean([Decimal(1), Decimal(2)], 1)


candidates = st.lists(
    st.builds(
        lambda group, score, tie: (group, Decimal(score), Decimal(tie)),
        st.sampled_from("甲乙"),
        st.integers(0, 5),
        st.integers(0, 2),
    ),
    max_size=12,
).map(lambda rows: [Candidate(id, g, s, (t,)) for id, (g, s, t) in enumerate(rows)])


@settings(max_examples=some(40), deadline=None)
@given(candidates, st.integers(0, 4))
def test_nobody_unawarded_strictly_outscores_an_awarded_one(found, most):
    quota = {"甲": most, "乙": most}
    list_ = rules.reference(found, quota)
    assert not rules.over_quota(found, frozenset(list_.awarded), quota)
    for one in found:
        for other in found:
            if one.group == other.group and other.id in list_.awarded and one.id not in list_.awarded:
                assert one.rank <= other.rank
    # Equals at the edge are the body's: whichever it takes, nobody is passed over; each place is given.
    chosen = set(list_.awarded)
    for group, equals in list_.tied.items():
        assert len(equals) > list_.open_[group] > 0
        chosen |= set(equals[-list_.open_[group] :])
    assert rules.passed_over(found, frozenset(chosen), quota) == []
    assert not rules.over_quota(found, frozenset(chosen), quota)


@settings(max_examples=some(40), deadline=None)
@given(candidates.filter(lambda rows: len({r.rank for r in rows if r.group == "甲"}) > 1))
def test_awarding_the_lower_passes_over_the_higher(found):
    mine = sorted((c for c in found if c.group == "甲"), key=lambda c: c.rank)
    assert mine[-1].id in rules.passed_over(found, frozenset([mine[0].id]), {"甲": 1, "乙": 0})


@settings(max_examples=some(40), deadline=None)
@given(st.data(), rubrics())
def test_what_moves_between_two_rules_is_all_that_differs(data, body):
    given_ = data.draw(subjects(body))
    other = {**body, "gates": [] if data.draw(st.booleans()) else body["gates"]}
    before = rules.told(1, rules.score_of(body, given_, lambda *_: False))
    after = rules.told(1, rules.score_of(other, given_, lambda *_: False))
    found = rules.moves([before], [after])
    keys = ("score", "band", "lost")
    assert bool(found) == any(before[key] != after[key] for key in keys)
    assert rules.moves([before], [before]) == []


def test_gaps_come_heaviest_first():
    items = [{"id": "a", "good": "60"}, {"id": "b", "good": "100"}, {"id": "c", "good": "100"}]
    line = {"missing": False, "records": [], "raw": None}
    lines = [
        {"item": "a", "points": "60", "weight": "0.2", "gives": "12", **line},
        {"item": "b", "points": "0", "weight": "0.3", "gives": "0", **line},
        {"item": "c", "points": "20", "weight": "0.5", "gives": "10", **line},
    ]
    assert [(g["item"], g["lacks"]) for g in rules.gaps({"items": items}, {"lines": lines})] == [
        ("c", "40"),
        ("b", "30"),
    ]
