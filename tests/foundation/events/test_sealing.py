"""The sealer: nothing committed is ever left out, whoever commits last."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from gezhi.foundation import db, events
from gezhi.foundation.errors import Invalid
from gezhi.foundation.events import GENESIS, Block, Event, chain, export
from tests.foundation.events.cast import CLERK, change, codes, make_box, tampering


def seal_all() -> list[Block]:
    return list(iter(events.seal_now, None))


class TestBlocks:
    @pytest.fixture(autouse=True)
    def _empty(self, boxes):
        yield

    def test_nothing_to_seal_writes_nothing(self):
        assert events.seal_now() is None
        assert events.sealed_until() == 0
        assert not Block.objects.exists()

    def test_a_block_holds_what_was_committed_since_the_last(self):
        box = make_box()
        first = events.seal_now()
        change(box, name="铁箱")
        change(box, name="木箱")
        second = events.seal_now()
        assert (first.position, first.count, second.position, second.count) == (1, 1, 2, 2)
        assert second.prev_root == first.root and second.tx_from == first.tx_to
        stored = Block.objects.get(position=2)
        hashes = [bytes(event.hash) for event in events.history(box.stream)[1:]]
        assert bytes(stored.merkle) == chain.merkle_root(hashes)
        assert [line[:2] for line in chain.read_manifest(stored.manifest)] == [(box.stream, 2), (box.stream, 3)]
        assert events.seal_now() is None

    def test_readers_of_sealed_positions_see_each_event_once(self):
        start, seen = 0, []
        for round_ in range(4):
            for _ in range(round_):
                make_box()
            events.seal_now()
            end = events.sealed_until()
            seen += [event.id for event in events.sealed_between(start, end)]
            start = end
        make_box()  # not sealed yet
        assert seen == sorted(Event.objects.order_by("id").values_list("id", flat=True))[:-1]
        assert events.sealed(Event.objects.filter(kind="box.made")).count() == 6

    def test_a_backlog_is_cut_between_transactions(self):
        with db.write():
            for n in range(5):
                events.record(f"note:{n}", "note.made", actor=CLERK, patch={}, head=GENESIS)
        for n in range(5, 9):
            with db.write():
                events.record(f"note:{n}", "note.made", actor=CLERK, patch={}, head=GENESIS)
        counts = [block.count for block in iter(lambda: events.seal_now(limit=2), None)]
        assert sum(counts) == 9
        # PostgreSQL may not cut a transaction in two, SQLite numbers each event.
        assert counts[0] == (2 if connection.vendor == "sqlite" else 5)
        assert events.verify().clean

    def test_roots_are_exported_in_two_places(self):
        make_box()
        block = events.seal_now()
        files = export.root_files()
        assert files[0] == Path(settings.GEZHI_HOME) / "roots" / "roots.jsonl"
        assert len(files) == 2 and Path(settings.GEZHI_HOME) not in files[1].parents
        for file in files:
            (line,) = [json.loads(line) for line in file.read_text().splitlines()]
            assert (line["position"], line["root"], line["count"]) == (1, block.root.hex(), 1)

    def test_a_root_that_was_not_exported_before_a_crash_is_exported_later(self, monkeypatch):
        make_box()
        with monkeypatch.context() as crash:
            crash.setattr(export, "export_roots", lambda: None)
            events.seal_now()
        make_box()
        events.seal_now()
        for file in export.root_files():
            assert [json.loads(line)["position"] for line in file.read_text().splitlines()] == [1, 2]
        assert events.export_roots() == 0

    def test_a_line_torn_by_a_crash_is_written_again(self):
        make_box()
        events.seal_now()
        file = export.root_files()[1]
        with file.open("a") as out:
            out.write('{"position": 2, "root": "ab')
        make_box()
        events.seal_now()
        assert json.loads(file.read_text().splitlines()[-1])["position"] == 2
        assert events.verify().clean

    @pytest.mark.parametrize("statement", ["UPDATE events_block SET count = 0", "DELETE FROM events_block"])
    def test_the_database_refuses_to_change_a_block(self, statement):
        make_box()
        events.seal_now()
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert Block.objects.get().count == 1

    def test_an_accepted_restore_counts_on_from_the_blocks_that_are_there(self):
        make_box()
        events.seal_now()
        lost = make_box()
        events.seal_now()
        with tampering() as cursor:  # the database as it was before the second block
            cursor.execute("DELETE FROM events_block WHERE position = 2")
            cursor.execute("DELETE FROM events_event WHERE stream = %s", [lost.stream])
        lost.delete()
        assert {code for code, *_ in codes(events.verify())} == {"roots.ahead"}
        with pytest.raises(Invalid):
            events.accept_restore(" ")
        assert events.accept_restore("从 11 月 20 日的备份恢复") == 1
        make_box()
        events.seal_now()
        report = events.verify()
        assert report.clean, report.findings
        assert [note.code for note in report.information] == ["roots.restored"] * 1
        assert "11 月 20 日" in report.information[0].words
