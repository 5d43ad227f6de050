"""The index on the database under test: found, forgotten, newest first, unreadable."""

from __future__ import annotations

import random

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gezhi.foundation import db, events, people, text
from gezhi.foundation.text import tokens
from tests.environment import some

pytestmark = pytest.mark.django_db


def case_id(minutes: int) -> int:
    """An id as the workflow engine makes it: milliseconds since 2020, then 20 bits of chance."""
    return (210_000_000_000 + minutes * 60_000) << 20 | 777


@pytest.fixture
def matters():
    rows = {
        case_id(1): "门前的路灯三天不亮",
        case_id(2): "路灯坏了，街道黑",
        case_id(3): "自来水有霉味",
        case_id(4): "楼上漏水，路灯也不亮",
    }
    for id, words in rows.items():
        text.index("case", id, [words], places=(1, 10 + id % 2))
    return rows


def test_one_and_two_character_words_newest_first(matters):
    assert text.search("case", "路灯") == [case_id(4), case_id(2), case_id(1)]
    assert text.search("case", "水") == [case_id(4), case_id(3)]
    assert text.search("case", "路灯 不亮") == [case_id(4), case_id(1)]
    assert text.search("case", "没有的词") == []


def test_pages_follow_each_other(matters):
    first = text.search("case", "路灯", limit=2)
    assert text.search("case", "路灯", before=first[-1], limit=2) == [case_id(1)]
    assert text.search("case", "路灯", before=0) == []


def test_places_narrow(matters):
    assert text.search("case", "路灯", places=[1]) == text.search("case", "路灯")
    assert text.search("case", "路灯", places=[99]) == []
    assert text.search("case", "路灯", places=[99, 1], limit=1) == [case_id(4)]


def test_indexing_again_replaces(matters):
    text.index("case", case_id(2), ["井盖丢了"])
    assert text.search("case", "路灯") == [case_id(4), case_id(1)]
    assert text.search("case", "井盖") == [case_id(2)]


def test_kinds_do_not_meet(matters):
    text.index("person", 7, ["路灯"])
    assert text.search("person", "路灯") == [7]
    assert 7 not in text.search("case", "路灯")


def test_indexing_is_one_statement():
    with db.write(), db.count_queries() as counted:
        text.index_many("case", [(case_id(i), ["路灯"], [1]) for i in range(50)])
    assert counted.total == 1
    assert len(text.search("case", "路灯", limit=100)) == 50


def test_searching_is_one_statement(matters):
    with db.count_queries() as counted:
        text.search("case", "路灯 不亮", places=[1, 2, 3])
    assert counted.total == 1


def test_erasure_forgets(matters):
    stream = f"case:{case_id(1)}"
    with db.write():
        refs = events.keep(stream, {"text": matters[case_id(1)]})
        events.record(
            stream, "case.opened", actor=people.system("test"), head=events.GENESIS,
            patch={"text": refs["text"].as_json()},
        )  # fmt: skip
    assert case_id(1) in text.search("case", "路灯")
    events.erase(stream, None, actor=people.system("test"), ground="本人要求")
    assert case_id(1) not in text.search("case", "路灯")


@pytest.mark.parametrize("stream", ["case:", "case:abc", "case:-1", "place", "unknown:1", "case:" + "9" * 30, "case:٣"])
def test_forgetting_what_is_not_there_leaves_what_is(stream, matters):
    before = text.search("case", "路灯")
    text.forget(stream)
    assert before and text.search("case", "路灯") == before


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "%",
        "_",
        "'",
        '"',
        "*",
        "路灯*",
        "NEAR(路灯)",
        "路灯 OR 水",
        "路灯' --",
        ") | (",
        ":*",
        "!路灯",
        "\x00",
        "\\",
    ],
)
def test_signs_of_a_query_language_are_only_signs(matters, query):
    found = text.search("case", query)
    wanted = [id for id, words in matters.items() if tokens.matches(query, words)]
    assert sorted(found) == sorted(wanted)


def test_no_word_of_the_text_is_in_the_table(matters):
    columns = "tokens::text" if connection.vendor == "postgresql" else "tokens"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM search_document")
        stored = " ".join(row[0] for row in cursor.fetchall())
    assert stored.isascii() and len(stored) > 100


@settings(max_examples=some(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.integers(1, 60), st.sampled_from([1, 60, 60 * 24, 60 * 24 * 30]))
def test_the_walk_over_blocks_loses_nothing(seed, limit, step):
    """Dense and sparse times, common and rare words, every page: the same ids as looking at every document."""
    rng = random.Random(seed)
    minutes = 0
    rows: dict[int, str] = {}
    for _ in range(120):
        minutes += rng.randrange(1, 2 * step + 1)
        rows[case_id(minutes)] = "路灯" + ("漏水" if rng.random() < 0.1 else "")
    with db.write(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM search_document")
    text.index_many("case", [(id, [words], []) for id, words in rows.items()])
    for word in ("路灯", "漏水"):
        found: list[int] = []
        before = None
        while page := text.search("case", word, before=before, limit=limit):
            found += page
            before = page[-1]
        assert found == sorted((id for id, words in rows.items() if word in words), reverse=True)


def test_an_id_outside_its_space_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="out of range"):
        text.index("person", -1, ["x"])
