"""Units, grams, phrases: pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gezhi.foundation.text import tokens

KEY = b"k" * 32
words = st.text(alphabet="路灯不亮了街道AaBb19 ，。！é🌃ＡＢ\u200d\u0301", max_size=40)


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("路灯", "门前的路灯三天不亮", True),
        ("灯", "门前的路灯三天不亮", True),
        ("路 灯", "灯在路上", True),  # two words, any order
        ("路灯", "路上有灯", False),  # scattered is not a phrase
        ("路灯", "路，灯", False),  # punctuation separates
        ("ABC物业", "找abc物业", True),  # case
        ("ＡＢＣ", "找abc物业", True),  # width
        ("bc", "找abc物业", False),  # a Latin word is one unit
        ("A3区", "位于A3区大道", True),
        ("3号", "13号楼", False),
        ("", "任何", False),
        ("%_*\"' OR 1=1 --", "任何", False),
        ("caf\u0301e", "cafe", True),  # accents typed apart separate nothing
    ],
)
def test_phrases(query, text, found):
    assert tokens.matches(query, text) is found
    if found:
        assert set(tokens.query_grams(query)) <= tokens.grams(text)


def test_spans_point_at_the_original_text():
    text = "Ａ３区的路灯，路灯！"
    assert [text[a:b] for a, b in tokens.spans("路灯", text)] == ["路灯", "路灯"]
    assert [text[a:b] for a, b in tokens.spans("a3区", text)] == ["Ａ３区"]


@given(words, words)
def test_a_matching_text_is_always_a_candidate(query, text):
    """The index may offer too much, never too little."""
    if tokens.matches(query, text):
        assert set(tokens.query_grams(query)) <= tokens.grams(text)


@given(words, words, words)
def test_every_piece_of_a_text_finds_it(before, piece, after):
    text = f"{before}，{piece}，{after}"
    if tokens.query_grams(piece):
        assert tokens.matches(piece, text)


def test_tokens_say_nothing_without_the_key_and_keep_no_order():
    hashed = tokens.hashed(tokens.grams("门前的路灯三天不亮"), KEY)
    assert hashed == sorted(set(hashed))
    assert all(len(t) == tokens.TOKEN_CHARS and t.isascii() and t[0] != "0" for t in hashed)
    assert not set(hashed) & set(tokens.hashed(tokens.grams("门前的路灯三天不亮"), b"x" * 32))


def test_endless_text_is_bounded():
    assert len(tokens.grams("路" * 10 + "灯" * 1_000_000)) < 10
    assert tokens.units("路" * 1_000_000)[-1].end == tokens.MAX_CHARS
    assert len(tokens.query_grams("".join(chr(0x4E00 + i) for i in range(5000)))) == tokens.MAX_QUERY_TOKENS
