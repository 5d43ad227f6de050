"""Old events stay readable: a frozen file of them, written once by the versions of their day.

Never regenerate corpus.jsonl to make a test pass. A line that no longer verifies means every installed
system has events that no longer verify.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gezhi.foundation.events import fold, upcast, upcaster
from gezhi.foundation.events.chain import GENESIS, event_hash
from gezhi.foundation.events.models import Event
from tests.foundation.events import upcasters

CORPUS = [json.loads(line) for line in (Path(__file__).parent / "corpus.jsonl").read_text().splitlines()]
STREAMS = sorted({line["stream"] for line in CORPUS})


def lines_of(stream: str) -> list[dict]:
    return [line for line in CORPUS if line["stream"] == stream]


@pytest.mark.parametrize("stream", STREAMS)
def test_the_hashes_of_old_events_still_come_out(stream):
    prev = GENESIS.hash
    for line in lines_of(stream):
        prev = event_hash(
            prev, line["stream"], line["seq"], line["kind"], line["version"], line["actor_person"],
            line["actor_seat"], line["actor_name"], line["at"], line["claimed_at"], line["patch"],
        )  # fmt: skip
        assert prev.hex() == line["hash"], line["seq"]


@pytest.mark.parametrize(
    ("stream", "state"),
    [
        ("crate:1", {"name": "木箱", "grams": 1500, "open": True, "place": ["云栖镇", "柳湾村"]}),
        ("crate:2", {"name": "铁箱", "grams": 2250, "open": False, "place": ["云栖镇", None]}),
        ("crate:3", {"name": "纸箱", "grams": 80, "open": True}),
    ],
)
def test_old_events_fold_to_the_state_of_today(stream, state):
    found = [
        Event(kind=line["kind"], version=line["version"], patch=json.loads(line["patch"])) for line in lines_of(stream)
    ]
    assert fold(found) == state


def test_an_upcaster_gets_a_copy_and_passes_through_every_version():
    old = {"title": "木箱", "kilograms": 1.5}
    assert upcast("crate.made", 1, old) == ("crate.opened", 3, {"name": "木箱", "grams": 1500})
    assert old == {"title": "木箱", "kilograms": 1.5}
    assert upcast("crate.opened", 3, {"name": "x"}) == ("crate.opened", 3, {"name": "x"})


def test_one_version_has_one_upcaster():
    with pytest.raises(ValueError, match="already has"):
        upcaster("crate.made", 1)(lambda patch: patch)
    assert upcaster("crate.made", 1)(upcasters.title_is_name) is upcasters.title_is_name
