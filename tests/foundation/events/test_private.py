"""Personal text: kept beside the log, read in one query, erased for good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from gezhi.foundation import db, events
from gezhi.foundation.errors import Invalid, NotFound, Unavailable
from gezhi.foundation.events import GENESIS, Private, erasures, private
from tests.foundation.events.cast import CLERK, Box, change, codes, make_box, tampering

SECRET = "柳湾村三组沈一鸣，电话一三九〇〇〇〇，井盖丢了"


@pytest.fixture(autouse=True)
def _empty(boxes):
    yield


@pytest.fixture
def told(monkeypatch):
    """What an erasure tells other rooms."""
    heard: list = []
    monkeypatch.setattr(private, "_hooks", [])
    events.on_erase(lambda stream, names: heard.append((stream, names, connection.in_atomic_block)))
    return heard


def raw_bytes(pattern: str = "*") -> bytes:
    """Everything that lies in the home: database, write-ahead log, exports, journals."""
    home = Path(settings.GEZHI_HOME)
    files = [*home.rglob(pattern), *Path(database()).parent.glob(f"{Path(database()).name}*")]
    assert files
    return b"".join(path.read_bytes() for path in files if path.is_file())


def database() -> str:
    return str(connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else str(settings.GEZHI_HOME)


def test_all_texts_are_kept_with_one_insert_and_read_with_one_select():
    texts = {f"note{n}": f"{SECRET} {n}" for n in range(50)}
    with db.write(), db.count_queries() as queries:
        refs = events.keep("box:1", texts)
    assert queries.total == 1, str(queries)
    with db.count_queries() as queries:
        read = events.read_private([ref.id for ref in refs.values()])
    assert queries.total == 1, str(queries)
    assert {name: read[ref.id] for name, ref in refs.items()} == texts


def test_more_texts_than_one_statement_takes_are_all_kept():
    count = private.BULK + 3
    with db.write():
        kept = private.keep_many((f"box:{n}", "note", f"第 {n} 段") for n in range(count))
    read = events.read_private([ref.id for ref in kept.values()])
    assert [read[kept[f"box:{n}", "note"].id] for n in (0, 1, count - 1)] == [
        "第 0 段",
        "第 1 段",
        f"第 {count - 1} 段",
    ]


def test_reading_nothing_asks_nothing_and_an_unknown_id_is_none():
    with db.count_queries() as queries:
        assert events.read_private([]) == {}
    assert queries.total == 0
    assert events.read_private([987_654]) == {987_654: None}


def test_neither_text_nor_its_bare_hash_is_in_the_database():
    box = make_box(note=SECRET)
    assert events.read_private([box.note_ref]) == {box.note_ref: SECRET}
    assert SECRET.encode() not in raw_bytes()
    stored = events.history(box.stream)[0].patch["note"]
    assert stored["private"] == box.note_ref
    other = make_box(note=SECRET)
    assert events.history(other.stream)[0].patch["note"]["hash"] != stored["hash"]  # the salt differs


def test_a_text_that_is_no_unicode_is_refused():
    with pytest.raises(Invalid) as refusal, db.write():
        events.keep("box:1", {"note": "\ud83d"})
    assert refusal.value.code == "private.unfit"
    assert not Private.objects.exists()


def test_a_sealed_text_does_not_open_in_another_place():
    one, two = make_box(note="甲的话"), make_box(note="乙的话")
    blob = bytes(Private.objects.get(pk=one.note_ref).blob)
    Private.objects.filter(pk=two.note_ref).update(blob=blob)
    with pytest.raises(Unavailable) as refusal:
        events.read_private([two.note_ref])
    assert refusal.value.code == "private.unreadable"


def test_an_erasure_deletes_the_row_tells_the_others_and_stays_provable(told):
    box = make_box(note=SECRET)
    events.erase(box.stream, actor=CLERK, ground="当事人申请 2026-3")
    assert not Private.objects.exists()
    assert told == [(box.stream, ("note",), True)]
    event = events.history(box.stream)[-1]
    assert (event.kind, event.reason) == ("erased", "当事人申请 2026-3")
    assert event.patch["@erased"] == {"ids": [box.note_ref], "names": ["note"]}
    assert events.read_private([box.note_ref]) == {box.note_ref: None}
    assert Box.objects.get(pk=box.pk).head == event.head  # the row's head moved along
    report = events.verify()
    assert report.clean, report.findings
    assert [(note.code, note.stream) for note in report.information] == [("private.erased", box.stream)]


def test_the_stream_goes_on_after_an_erasure():
    box = make_box(note=SECRET)
    events.erase(box.stream, actor=CLERK, ground="当事人申请")
    change(Box.objects.get(pk=box.pk), name="铁箱")
    assert events.verify().clean
    assert events.fold(events.history(box.stream))["name"] == "铁箱"


def test_one_name_can_be_erased_and_the_others_stay():
    with db.write():
        refs = events.keep("note:1", {"text": "说的话", "phone": "一三九"})
        events.record("note:1", "note.made", actor=CLERK, patch=dict(refs), head=GENESIS)
    events.erase("note:1", ["phone"], actor=CLERK, ground="当事人申请")
    read = events.read_private([refs["text"].id, refs["phone"].id])
    assert read == {refs["text"].id: "说的话", refs["phone"].id: None}
    assert events.verify().clean


@pytest.mark.parametrize("ground", ["", " ", "x", "长" * 201])
def test_an_erasure_needs_a_ground(ground):
    box = make_box(note=SECRET)
    with pytest.raises(Invalid) as refusal:
        events.erase(box.stream, actor=CLERK, ground=ground)
    assert refusal.value.code == "erase.ground"
    assert events.read_private([box.note_ref]) == {box.note_ref: SECRET}


def test_what_is_not_there_cannot_be_erased():
    box = make_box(note=SECRET)
    events.erase(box.stream, actor=CLERK, ground="当事人申请")
    for stream, names in ((box.stream, None), (box.stream, ["note"]), ("box:999", None)):
        with pytest.raises(NotFound) as refusal:
            events.erase(stream, names, actor=CLERK, ground="当事人申请")
        assert refusal.value.code == "erase.nothing"


def test_an_erasure_that_fails_erases_nothing(monkeypatch):
    def refuse(stream, names):
        raise RuntimeError("the search index is down")

    box = make_box(note=SECRET)
    monkeypatch.setattr(private, "_hooks", [refuse])
    with pytest.raises(RuntimeError):
        events.erase(box.stream, actor=CLERK, ground="当事人申请")
    assert events.read_private([box.note_ref]) == {box.note_ref: SECRET}
    assert not erasures.journal_path().exists()


def remains() -> tuple[bytes, bytes]:
    """Salt and ciphertext of the only private text, to look for after it is gone."""
    salt, blob = Private.objects.values_list("salt", "blob").get()
    return bytes(salt), bytes(blob)


def test_after_an_erasure_no_byte_is_left_in_the_home():
    box = make_box(note=SECRET * 400)  # long enough for pages of its own
    salt, blob = remains()
    if connection.vendor == "sqlite":  # there it is, or the search below would prove nothing
        assert salt in raw_bytes() and blob[-64:] in raw_bytes()
    events.erase(box.stream, actor=CLERK, ground="当事人申请")
    left = raw_bytes()
    assert salt not in left and SECRET.encode() not in left
    assert not [n for n in range(0, len(blob) - 64, 64) if blob[n : n + 64] in left]
    assert not (Path(settings.GEZHI_HOME) / "erasures.pending").exists()


def test_a_reader_that_holds_the_log_back_delays_the_flush_and_stops_no_writer():
    if connection.vendor != "sqlite":
        return _a_flush_inside_a_transaction_waits()
    import sqlite3

    box = make_box(note=SECRET * 40)
    salt, _ = remains()
    other = sqlite3.connect(database())
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM events_private").fetchone()
    events.erase(box.stream, actor=CLERK, ground="当事人申请")
    assert (Path(settings.GEZHI_HOME) / "erasures.pending").exists()
    assert not events.flush_erased()
    make_box()  # writers go on
    other.execute("ROLLBACK")
    other.close()
    assert events.flush_erased()
    assert salt not in raw_bytes()
    return None


def _a_flush_inside_a_transaction_waits():
    box = make_box(note=SECRET)
    with db.write():
        events.erase(box.stream, actor=CLERK, ground="当事人申请")
        assert not events.flush_erased()
    assert not (Path(settings.GEZHI_HOME) / "erasures.pending").exists()
    assert events.flush_erased()


def test_the_journal_lies_outside_the_home_and_holds_no_text():
    box = make_box(note=SECRET)
    events.erase(box.stream, actor=CLERK, ground="当事人申请")
    path = erasures.journal_path()
    assert Path(settings.GEZHI_HOME) not in path.parents
    (line,) = [json.loads(line) for line in path.read_text().splitlines()]
    assert (line["stream"], line["ids"], line["names"]) == (box.stream, [box.note_ref], ["note"])
    assert "沈一鸣" not in path.read_text()
    assert erasures.journal_erasures() == 0  # nothing twice


def test_by_default_the_journal_is_beside_the_keys(monkeypatch):
    monkeypatch.delenv("GEZHI_ERASURES")
    assert erasures.journal_path() == Path(settings.GEZHI_KEYS) / "erasures.jsonl"


def test_a_crash_after_the_commit_is_made_good_by_the_next_tidy(monkeypatch):
    box = make_box(note=SECRET)
    with monkeypatch.context() as crash:
        crash.setattr(erasures, "after_erasing", lambda: None)
        events.erase(box.stream, actor=CLERK, ground="当事人申请")
    assert not erasures.journal_path().exists()
    assert erasures.journal_erasures() == 1


def restore(box: Box, rows: list[Private]) -> None:
    """The database as an older backup has it: the text is back, its erasure never happened."""
    with tampering() as cursor:
        cursor.execute("DELETE FROM events_event WHERE kind = 'erased'")
    Private.objects.bulk_create(rows)
    last = events.history(box.stream)[-1].head
    Box.objects.filter(pk=box.pk).update(event_seq=last.seq, event_hash=last.hash)


def test_an_older_backup_does_not_bring_an_erased_text_back():
    box = make_box(note=SECRET)
    rows = list(Private.objects.all())
    events.erase(box.stream, actor=CLERK, ground="当事人申请 2026-3")
    restore(box, rows)
    assert events.read_private([box.note_ref]) == {box.note_ref: SECRET}
    assert events.replay_erasures() == 1
    assert events.read_private([box.note_ref]) == {box.note_ref: None}
    event = events.history(box.stream)[-1]
    assert (event.kind, event.reason) == ("erased", "当事人申请 2026-3")
    assert events.verify().clean
    assert events.replay_erasures() == 0


def test_verify_says_when_an_erased_text_is_back():
    box = make_box(note=SECRET)
    rows = list(Private.objects.all())
    events.erase(box.stream, actor=CLERK, ground="当事人申请")
    Private.objects.bulk_create(rows)
    assert codes(events.verify()) == [("private.returned", box.stream, 1)]
