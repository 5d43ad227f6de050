"""Gates: every case has a way out, and only one."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from gezhi.foundation.expressions import (
    Choice,
    Counterexample,
    Date,
    ListOf,
    Number,
    Text,
    Truth,
    compile,
    describe,
    exhaustive_and_disjoint,
)

TYPES = {
    "sort": Choice(["big", "small", "private"]),
    "urgent": Truth,
    "n": Number,
    "m": Number,
    "day": Date,
    "word": Text,
    "tags": ListOf(Text),
}


def split(*sources, **options):
    return exhaustive_and_disjoint([compile(s, TYPES) for s in sources], TYPES, **options)


def test_a_full_split_is_proved():
    assert split("sort = 'big'", "sort = 'small'", "sort = 'private'", required=["sort"]) is None
    assert split("n >= 60", "n < 60", "n 为空") is None
    assert split("n < 0", "n 介于 0 和 1", "n > 1", required=["n"]) is None
    assert split("urgent 且 sort='big'", "非 (urgent 且 sort='big')", required=["urgent", "sort"]) is None
    assert split("day < 2024-03-01", "day >= 2024-03-01", required=["day"]) is None
    assert split("word = '甲'", "word != '甲'", required=["word"]) is None
    assert split("tags 为空", "tags 不为空") is None


def test_an_optional_field_leaves_a_gap_when_empty():
    assert split("sort = 'big'", "sort != 'big'") == Counterexample("gap", {"sort": None})


def test_the_missing_case_and_the_double_case_are_shown():
    gap = split("n < 5", "n > 5", required=["n"])
    assert gap == Counterexample("gap", {"n": Decimal(5)})
    assert describe(gap.values) == "n = 5"
    overlap = split("n <= 5", "n >= 5", required=["n"])
    assert overlap == Counterexample("overlap", {"n": Decimal(5)}, guards=(0, 1))
    assert split("n <= 5", "n >= 5", required=["n"], disjoint=False) is None
    between_points = split("n <= 5", "n >= 6", required=["n"])
    assert between_points is not None and 5 < between_points.values["n"] < 6


def test_what_cannot_be_enumerated_is_undecided():
    assert split("n + 1 > 2", "n + 1 <= 2", required=["n"]).kind == "undecided"
    assert split("n > m", "n <= m", required=["n", "m"]).fields == ("m",)
    assert split("天数(day) > 3", "天数(day) <= 3", required=["day"]).kind == "undecided"
    assert split("包含(word, 'a')", "非 包含(word, 'a')", required=["word"]).kind == "undecided"
    many = {f"f{i}": Truth for i in range(14)}
    guards = [compile(" 且 ".join(many), many), compile("非 (" + " 且 ".join(many) + ")", many)]
    assert exhaustive_and_disjoint(guards, many, required=many).kind == "undecided"
    assert exhaustive_and_disjoint(guards, many, required=many).fields == tuple(sorted(many))


def test_no_guards_cover_nothing():
    assert split() == Counterexample("gap", {})


conditions = st.one_of(
    st.builds("n {} {}".format, st.sampled_from(["<", "<=", "=", ">=", ">", "!="]), st.integers(0, 4)),
    st.builds("n 介于 {} 和 {}".format, st.integers(0, 4), st.integers(0, 4)),
    st.builds("sort = '{}'".format, st.sampled_from(["big", "small", "private"])),
    st.just("urgent"),
    st.just("n 为空"),
)
guards_of = st.lists(
    st.one_of(
        conditions, st.builds("非 ({})".format, conditions), st.builds("({}) 或 ({})".format, conditions, conditions)
    ),
    min_size=1,
    max_size=4,
)
EVERY = [
    dict(zip(("n", "sort", "urgent"), cell, strict=True))
    for cell in itertools.product(
        [None, *(Decimal(i) / 2 for i in range(-2, 12))], [None, "big", "small", "private"], [None, True, False]
    )
]


@settings(max_examples=150, deadline=None)
@given(guards_of, st.booleans())
def test_the_proof_agrees_with_trying_everything(sources, disjoint):
    programs = [compile(s, TYPES) for s in sources]
    bad = [
        v for v in EVERY
        if (held := sum(p.holds(v) for p in programs)) == 0 or (disjoint and held > 1)
    ]  # fmt: skip
    found = exhaustive_and_disjoint(programs, TYPES, disjoint=disjoint)
    assert (found is None) == (not bad)
    if found is not None:
        held = [i for i, p in enumerate(programs) if p.holds(found.values)]
        assert (found.kind, list(found.guards)) in (("gap", held), ("overlap", held))


def test_dates_at_the_edge_of_the_calendar():
    assert split("day < 0001-01-01", "day >= 0001-01-01", required=["day"]) is None
    assert split(f"day <= {dt.date.max}", required=["day"]) is None
