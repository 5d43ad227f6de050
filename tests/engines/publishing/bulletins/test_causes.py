"""Causes are arithmetic: whatever the tables, the parts make the whole and nobody is named on too few rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gezhi.engines.publishing.bulletins.causes import causes
from gezhi.engines.publishing.bulletins.frozen import Frozen, Tally, pack
from gezhi.engines.publishing.bulletins.public import HIDDEN, LEFT_OUT, public_body

tables = st.dictionaries(st.sampled_from("ABCDEFGH"), st.integers(0, 40), max_size=8)


@given(tables, tables, st.integers(5, 30))
def test_the_parts_make_the_whole(before, after, minimum):
    found = causes(before, after, minimum=minimum)
    assert found.change == sum(after.values()) - sum(before.values())
    if min(sum(before.values()), sum(after.values())) < minimum:
        assert found.few
        assert found.named == ()
        return
    assert found.change == sum(by for _key, by in found.named) + found.rest
    for key, by in found.named:
        assert by == after.get(key, 0) - before.get(key, 0)
        assert by * found.change > 0


def test_places_keep_their_order_and_kinds_go_by_size():
    before, after = {"a": 10, "b": 10, "c": 10}, {"a": 13, "b": 19, "c": 10}
    assert causes(before, after, minimum=10).named == (("b", 9), ("a", 3))
    assert causes(before, after, minimum=10, order=["a", "b", "c"]).named == (("a", 3), ("b", 9))


rows_of = st.lists(
    st.tuples(st.integers(0, 2**62), st.sampled_from([None, 7, 300]), st.sampled_from(["", "A"]), st.integers(0, 7)),
    unique_by=lambda row: row[0], max_size=60,
)  # fmt: skip


@given(rows_of)
def test_rows_come_back_as_they_were_packed_and_count_the_same(found):
    rows = [(id, (unit, kind), mask) for id, unit, kind, mask in sorted(found, key=lambda row: row[0])]
    bits = {"x_of_n": 0, "y_of_n": 1, "y_of_d": 2}
    packed = pack(("unit", "kind"), bits, rows)
    assert packed == pack(("unit", "kind"), bits, rows)
    again = Frozen(packed)
    assert again.rows == rows
    tally = Tally(("unit", "kind"), bits, {}, ((groups, mask, 1) for _id, groups, mask in rows))
    for name in bits:
        for only in ((), (("unit", (7,)),), (("unit", (7, None)), ("kind", ("A",)))):
            assert len(again.ids(name, only)) == tally.count(name, only)
    assert sum(tally.groups("unit", "x").values()) == tally.count("x_of_n")


counts = st.lists(st.integers(0, 30), min_size=1, max_size=8)


@given(counts)
def test_a_small_cell_cannot_be_read_or_worked_out(cells):
    def kept(value):
        return {
            "text": str(value), "top": str(value), "bottom": None, "unit": "count", "few": False, "when": "now",
            "name": "x",
        }  # fmt: skip

    numbers = [kept(value) for value in [*cells, sum(cells)]]
    table = {
        "additive": [True], "rows": [{"name": str(n), "cells": [n]} for n in range(len(cells))],
        "total": [len(cells)],
    }  # fmt: skip
    section = {"public": True, "table": table, "text": [], "figures": []}
    shown = [n["text"] for n in public_body({"sections": [section], "numbers": numbers})["numbers"]]
    for value, text in zip(cells, shown, strict=False):
        assert not (0 < value < 5) or text in (HIDDEN, LEFT_OUT)
        assert text in (str(value), HIDDEN, LEFT_OUT)
    hidden = [value for value, text in zip(cells, shown, strict=False) if text != str(value)]
    others = [value for value, text in zip(cells, shown, strict=False) if text == str(value) and value]
    # One hidden cell beside a shown total and other shown cells would be a subtraction away.
    if shown[-1] == str(sum(cells)) and others:
        assert len(hidden) != 1


def test_sections_that_are_not_public_take_their_words_with_them():
    number = {"text": "7", "top": "7", "bottom": 9, "unit": "count", "few": False, "when": "now", "name": "x"}
    sections = [
        {"id": "a", "public": True, "table": None, "text": [["收到 ", {"n": 0}]], "figures": []},
        {"id": "b", "public": False, "table": None, "text": [["秘密"]], "figures": []},
    ]
    shown = public_body({"sections": sections, "numbers": [number], "corrections": [{"was": "3"}], "totals": {"x": 1}})
    assert [s["id"] for s in shown["sections"]] == ["a"]
    assert shown["corrections"] == []
    assert shown["numbers"][0]["bottom"] is None
