"""docs/errors.md lists every refusal, with today's words."""

from __future__ import annotations

import re
import string

import pytest

from gezhi.foundation.errors import ALL
from tools import errors


def test_the_page_is_what_the_code_says():
    assert errors.PAGE.read_text(encoding="utf-8") == errors.page(), "run: python tools/errors.py"


def test_every_refusal_says_what_why_and_next():
    errors.page()
    for entry in ALL.values():
        for part in ("what", "why", "next"):
            words = str(getattr(entry, part))
            assert re.search(r"[\u4e00-\u9fff]|\{\w+\}", words), f"{entry.code} has no {part}"
            assert not re.search(r"[!！]", words), f"{entry.code} shouts"


def test_facts_in_braces_are_plain_names():
    for entry in ALL.values():
        for part in (entry.what, entry.why, entry.next):
            for _text, field, spec, conversion in string.Formatter().parse(str(part)):
                assert field is None or field.isidentifier(), entry.code
                assert not spec and not conversion, entry.code


@pytest.mark.parametrize("code", ["not_found", "invalid", "conflict", "too_many"])
def test_the_common_ones_are_there(code):
    assert code in ALL
