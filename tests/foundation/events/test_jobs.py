"""What the worker does for the log, second by second."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.conf import settings

from gezhi.foundation import events
from gezhi.foundation.events import Event, erasures, export, jobs, sealing
from gezhi.foundation.jobs import registry
from tests.foundation.events.cast import CLERK, make_box


@pytest.fixture(autouse=True)
def _empty(boxes):
    yield


def test_the_worker_knows_the_sealer_and_calls_it_every_second():
    periodic = registry.PERIODIC
    assert periodic["events.seal"].seconds == 1
    assert "events.tidy" in periodic


def test_one_turn_seals_and_exports_everything_that_is_committed():
    for _ in range(3):
        make_box()
    jobs.seal()
    assert events.sealed(Event.objects.all()).count() == 3
    for file in export.root_files():
        assert sum(json.loads(line)["count"] for line in file.read_text().splitlines()) == 3
    jobs.seal()
    assert events.Block.objects.count() == 1


def test_a_backlog_is_sealed_in_one_turn_block_by_block(monkeypatch):
    monkeypatch.setattr(jobs, "BLOCK_LIMIT", 4)
    monkeypatch.setattr(jobs, "seal_now", lambda: sealing.seal_now(limit=4))
    for _ in range(10):
        make_box()
    jobs.seal()
    assert events.sealed(Event.objects.all()).count() == 10
    assert events.Block.objects.count() == 3
    assert events.verify().clean


def test_tidying_makes_good_what_a_crash_cut_short(monkeypatch):
    box = make_box(note="要抹除的话")
    with monkeypatch.context() as crash:
        crash.setattr(export, "export_roots", lambda: None)
        crash.setattr(erasures, "after_erasing", lambda: None)  # killed right after the commit
        events.seal_now()
        events.erase(box.stream, actor=CLERK, ground="当事人申请")
    assert not any(file.exists() for file in export.root_files())
    assert not erasures.journal_path().exists()
    assert (Path(settings.GEZHI_HOME) / "erasures.pending").exists()
    jobs.tidy()
    assert all(file.exists() for file in export.root_files())
    assert erasures.journal_path().exists()
    assert not (Path(settings.GEZHI_HOME) / "erasures.pending").exists()
