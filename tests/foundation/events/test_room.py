"""The room's door: what is named there exists, and opening it loads no tables."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gezhi.foundation import events
from gezhi.foundation.events.findings import INFORMATION, WORDS, finding

FACTS = dict.fromkeys(
    ["kind", "other", "position", "last", "fields", "sealed", "found", "file", "at", "ground", "id", "count", "part"],
    "1",
)


@pytest.mark.parametrize("name", events.__all__)
def test_every_public_name_is_there(name):
    assert getattr(events, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError):
        _ = events.no_such_thing


def test_importing_the_room_needs_neither_settings_nor_tables():
    code = "import sys, gezhi.foundation.events; sys.exit('django.db.models' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("code", WORDS)
def test_every_finding_has_words_and_stands_in_the_rule_page(code, pytestconfig):
    words = finding(code, "box:1", 2, **FACTS).words
    assert words and "{" not in words
    page = (pytestconfig.rootpath / "docs" / "rules" / "events.md").read_text()
    assert f"`{code}`" in page


def test_what_is_lawful_is_information():
    assert set(WORDS) >= INFORMATION == {"private.erased", "roots.restored"}
