"""Refusals: codes, statuses, sentences filled with facts, JSON."""

from __future__ import annotations

import json

import pytest
from django.utils.translation import gettext_lazy as _

from gezhi.foundation import errors
from gezhi.foundation.errors import (
    ALL,
    Conflict,
    Flawed,
    Invalid,
    NotAllowed,
    NotFound,
    Problem,
    Refusal,
    SignInNeeded,
    TooLarge,
    TooMany,
    Unavailable,
    as_json,
)


@pytest.fixture
def stale():
    code = errors.register("tests.stale", 409, _("{number} 已经变了。"), _("有人先办了。"), _("请再看一眼。"))
    yield code
    ALL.pop(code)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Refusal, 400),
        (SignInNeeded, 401),
        (NotAllowed, 403),
        (NotFound, 404),
        (Conflict, 409),
        (TooLarge, 413),
        (Invalid, 422),
        (Unavailable, 503),
    ],
)
def test_each_kind_has_its_status(kind, status):
    assert kind().http == status


def test_facts_fill_the_sentences_and_stay_data(stale):
    refusal = Conflict(stale, number="2026-{why}")
    assert refusal.what == "2026-{why} 已经变了。"
    assert refusal.facts == {"number": "2026-{why}"}


def test_json_is_plain_text_in_the_active_language(stale):
    refusal = Conflict(stale, number=7, field_errors={"text": _("请写点什么。")})
    told = json.loads(json.dumps(as_json(refusal), ensure_ascii=False))
    assert told == {
        "error": {
            "code": stale,
            "what": "7 已经变了。",
            "why": "有人先办了。",
            "next": "请再看一眼。",
            "fields": {"text": "请写点什么。"},
        }
    }


def test_too_many_says_when():
    refusal = TooMany(retry_after=12)
    assert refusal.retry_after == 12
    assert "12" in refusal.next


def test_a_flawed_pack_lists_every_problem():
    flawed = Flawed(
        [Problem("loop.yaml", 3, "loop.dead_end", "到不了终点", ("登记", "分派")), Problem("a.yaml", 1, "x", "y")]
    )
    assert "2" in flawed.what
    assert "loop.yaml:3: 到不了终点 [loop.dead_end]\n    登记\n    分派" in str(flawed)


def test_a_code_nobody_registered_is_a_mistake_at_once():
    with pytest.raises(KeyError):
        Conflict("tests.never_registered")


def test_a_code_keeps_its_meaning(stale):
    errors.register(stale, 409, _("{number} 已经变了。"), _("有人先办了。"), _("请再看一眼。"))
    with pytest.raises(ValueError, match="another refusal"):
        errors.register(stale, 404, _("没有。"))


@pytest.mark.parametrize("code", ["", "Case.stale", "case..stale", "case stale", "案件"])
def test_a_malformed_code_is_refused(code):
    with pytest.raises(ValueError, match="not a code"):
        errors.register(code, 400, _("没有。"))
