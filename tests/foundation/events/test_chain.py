"""The arithmetic: one text per value, one hash per event, and nothing left out of it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from gezhi.foundation.events import chain
from gezhi.foundation.events.chain import GENESIS, PrivateRef, canonical, event_hash, merkle_root, stamp

NAIVE = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_canonical_text_survives_being_read_and_written_again(value):
    text = canonical(value)
    assert canonical(json.loads(text)) == text
    assert "\n" not in text


@given(st.dictionaries(st.text(max_size=5), st.integers(), max_size=6))
def test_the_order_of_keys_does_not_matter(value):
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_canonical_text_of_what_json_lacks():
    moment = datetime(2026, 3, 1, 8, 0, 0, 5, tzinfo=timezone(timedelta(hours=8)))
    value = {
        "街道": "云栖里",
        "at": moment,
        "day": date(2026, 2, 28),
        "area": Decimal("10.50"),
        "key": UUID(int=1),
        "text": PrivateRef(12, "ab" * 32),
        "big": 1e22,
    }
    assert canonical(value) == (
        '{"area":"10.50","at":"2026-03-01T00:00:00.000005Z","big":1e+22,"day":"2026-02-28",'
        '"key":"00000000-0000-0000-0000-000000000001",'
        f'"text":{{"hash":"{"ab" * 32}","private":12}},"街道":"云栖里"}}'
    )


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), Decimal("NaN"), "\ud800", NAIVE, {1: "a", "1": "b"}, object()],
)
def test_what_cannot_be_recorded_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        canonical({"value": value})


def test_a_lazy_translation_is_refused_because_it_reads_differently_tomorrow():
    with pytest.raises(TypeError):
        canonical({"title": gettext_lazy("办结")})


def test_moments_are_stamped_in_utc_with_six_digits():
    assert stamp(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01 00:00:00.000000"
    assert stamp(datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=8)))) == "2025-12-31 16:30:00.000000"


EVENT = (
    GENESIS.hash, "case:1", 1, "case.opened", 1, 7, 31, "", "2026-01-01 00:00:00.000000", None, '{"a":1}',
)  # fmt: skip


def test_the_hash_of_an_event_is_what_the_rule_page_says():
    by_hand = sha256(
        b'gezhi event 1\n["case:1",1,"case.opened",1,7,31,"","2026-01-01 00:00:00.000000",null]\n{"a":1}\n' + bytes(32)
    ).digest()
    assert event_hash(*EVENT) == by_hand
    assert by_hand.hex() == "914680f274be063433112f86fe850d8efa8e0b9a497fe0dce6b37e821a5fc90b"


@pytest.mark.parametrize("place", range(len(EVENT)))
def test_every_part_of_an_event_is_in_its_hash(place):
    other = {bytes: b"\x01" * 32, str: "x", int: 99, type(None): "2026-01-01 00:00:00.000001"}[type(EVENT[place])]
    assert event_hash(*EVENT[:place], other, *EVENT[place + 1 :]) != event_hash(*EVENT)


@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
def test_neighbouring_texts_cannot_trade_characters(stream, kind, other_stream, other_kind):
    def digest(s, k):
        return event_hash(GENESIS.hash, s, 1, k, 1, None, None, "", "", None, "{}")

    assert (digest(stream, kind) == digest(other_stream, other_kind)) == ((stream, kind) == (other_stream, other_kind))


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40, unique=True), st.data())
def test_the_merkle_root_knows_every_leaf_its_place_and_their_number(leaves, data):
    root = merkle_root(leaves)
    assert merkle_root([*leaves, leaves[-1]]) != root
    assert merkle_root(leaves[:-1]) != root
    where = data.draw(st.integers(0, len(leaves) - 1))
    assert merkle_root([*leaves[:where], b"\xff" * 31 + b"\x00", *leaves[where + 1 :]]) != root
    if len(leaves) > 1:
        assert merkle_root([leaves[1], leaves[0], *leaves[2:]]) != root


def test_an_inner_node_cannot_pass_for_a_leaf():
    a, b = b"a" * 32, b"b" * 32
    inner = sha256(b"\x01" + sha256(b"\x00" + a).digest() + sha256(b"\x00" + b).digest()).digest()
    assert merkle_root([a, b]) == inner
    assert merkle_root([inner]) != inner


def test_a_manifest_reads_back_and_passes_over_damage():
    events = [("case:1", 1, b"\x01" * 32), ("person:老 王", 2, b"\xab" * 32)]
    text = chain.manifest_of(events)
    assert chain.read_manifest(text) == [("case:1", 1, "01010101"), ("person:老 王", 2, "abababab")]
    assert chain.read_manifest(text + "\nbroken\n") == chain.read_manifest(text)


def test_every_part_of_a_block_is_in_its_root():
    block = (3, 10, 20, 5, "2026-01-01 00:00:00.000000", b"m" * 32, "case:1 1 01010101", b"p" * 32)
    others = (4, 11, 21, 6, "2026-01-01 00:00:00.000001", b"n" * 32, "case:1 1 01010102", b"q" * 32)
    roots = {chain.block_root(*block)}
    roots |= {chain.block_root(*block[:n], other, *block[n + 1 :]) for n, other in enumerate(others)}
    assert len(roots) == len(block) + 1


@given(st.text(), st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_equal_private_texts_have_unequal_hashes(text, salt, other):
    assert (chain.private_hash(salt, text) == chain.private_hash(other, text)) == (salt == other)
