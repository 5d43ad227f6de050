"""Text that may be kept: nothing hidden in it, nothing typed lost from it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gezhi.foundation.forms import Refused, clean_text


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  三楼漏水 ", "三楼漏水"),
        ("一行\r\n二行\r三行", "一行\n二行\n三行"),
        ("e\u0301cole", "école"),
        ("零\u200b宽\ufeff", "零宽"),
        ("救命😀👍🏽", "救命😀👍🏽"),
        ("一家👨‍👩‍👧", "一家👨‍👩‍👧"),
        ("假\u200d连", "假连"),
        ("🏳️‍🌈", "🏳️‍🌈"),
        ("<script>alert(1)</script>'; DROP TABLE x;--", "<script>alert(1)</script>'; DROP TABLE x;--"),
        ("𠮷野家", "𠮷野家"),
        ("甲\u2028乙", "甲 乙"),
    ],
)
def test_kept(written, kept):
    assert clean_text(written, max=200, lines=True) == kept


def test_one_line_stays_one_line():
    assert clean_text("一行\n二行\t三", max=20, lines=False) == "一行 二行 三"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("a\x00b", "form.control"),
        ("a\x1b[31mb", "form.control"),
        ("a\x7fb", "form.control"),
        ("a\x85b", "form.control"),
        ("发\u202e款", "form.bidi"),
        ("\u2067x\u2069", "form.bidi"),
        ("\u200fx", "form.bidi"),
        ("\ud800", "form.unreadable"),
        ("\ufffe", "form.unreadable"),
        ("z" + "\u0336" * 20, "form.unreadable"),
        ("长" * 21, "form.long"),
        ("长" * 1_000_000, "form.long"),
    ],
)
def test_refused(written, code):
    with pytest.raises(Refused) as refused:
        clean_text(written, max=20, lines=True)
    assert refused.value.code == code
    assert str(refused.value)


def test_length_counts_what_is_kept():
    assert clean_text("\u200b" * 15 + "甲" * 20 + "  ", max=20, lines=False) == "甲" * 20


@given(st.text(max_size=120), st.booleans())
def test_cleaning_twice_is_cleaning_once_and_nothing_hidden_passes(written, lines):
    try:
        kept = clean_text(written, max=100, lines=lines)
    except Refused:
        return
    assert clean_text(kept, max=100, lines=lines) == kept
    assert unicodedata.is_normalized("NFC", kept)
    assert len(kept) <= 100
    hidden = {c for c in kept if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"}
    assert not hidden
    assert not set(kept) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff")
