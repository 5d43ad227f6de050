"""verify names what was tampered with, by the code a reader can look up."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection

from gezhi.foundation import db, events
from gezhi.foundation.events import GENESIS, Private, chain, checking, export, folding
from gezhi.foundation.events.chain import Head
from gezhi.foundation.events.models import Block, Event
from gezhi.interfaces.commands import erasures as erasures_command
from gezhi.interfaces.commands import verify as verify_command
from tests.foundation.events import cast
from tests.foundation.events.cast import CLERK, Box, Lid, change, codes, make_box, tampering

AT = datetime(2026, 3, 1, 8, 30, 0, 250, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _empty(boxes):
    yield


def row(box: Box, seq: int) -> dict:
    return Event.objects.filter(stream=box.stream, seq=seq).values().get()


def sql_moment(moment: datetime) -> str:
    return chain.stamp(moment) + ("" if connection.vendor == "sqlite" else "+00")


def update(cursor, box: Box, place: int, **values) -> None:
    assignments = ", ".join(f"{name} = %s" for name in values)
    cursor.execute(
        f"UPDATE events_event SET {assignments} WHERE stream = %s AND seq = %s", [*values.values(), box.stream, place]
    )
    assert cursor.rowcount == 1


def remove(cursor, box: Box, seq: int | None = None) -> None:
    where, values = ("", []) if seq is None else (" AND seq = %s", [seq])
    cursor.execute(f"DELETE FROM events_event WHERE stream = %s{where}", [box.stream, *values])
    assert cursor.rowcount


def a_box_of_three() -> Box:
    return change(change(make_box(), name="铁箱"), name="铜箱")


def chain_anew(cursor, box: Box, start: int) -> Head:
    """Recompute hashes from one event on, as somebody would who knows the rules; returns the new end."""
    prev = bytes(row(box, start)["prev"])
    for event in Event.objects.filter(stream=box.stream, seq__gte=start).order_by("seq"):
        digest = chain.event_hash(
            prev, event.stream, event.seq, event.kind, event.version, event.actor_person, event.actor_seat,
            event.actor_name, chain.stamp(event.at), event.claimed_at and chain.stamp(event.claimed_at),
            chain.canonical(event.patch),
        )  # fmt: skip
        update(cursor, box, event.seq, prev=prev, hash=digest)
        prev = digest
        end = Head(event.seq, digest)
    return end


def test_an_honest_log_is_clean_and_counted():
    full = make_box(
        note="一句话",
        weight=Decimal("10.50"),
        lon=113.25,
        moved_at=AT,
        open=False,
        marks={"b": [1, None], "a": {"x": 1e-7}},
        digest=b"\x00\xff",
    )
    change(full, moved_at=None, weight=None, marks={})
    a_box_of_three()
    events.seal_now()
    make_box()
    report = events.verify()
    assert report.clean, report.findings
    assert (report.events, report.blocks, report.information, report.omitted) == (6, 1, [], 0)


def test_an_empty_log_is_clean():
    report = events.verify()
    assert report.clean and (report.events, report.blocks) == (0, 0)


@pytest.mark.parametrize("sealed", [True, False])
def test_the_last_event_removed(sealed):
    box = a_box_of_three()
    if sealed:
        events.seal_now()
    with tampering() as cursor:
        remove(cursor, box, 3)
    found = codes(events.verify())
    assert ("event.tail_removed", box.stream, 3) in found
    assert (("block.count", "", None) in found) == sealed
    assert len(found) == 1 + sealed


def test_the_last_event_removed_and_the_state_row_set_back():
    box = a_box_of_three()
    events.seal_now()
    before = events.history(box.stream)[1]
    with tampering() as cursor:
        remove(cursor, box, 3)
    Box.objects.filter(pk=box.pk).update(name="铁箱", event_seq=2, event_hash=before.head.hash)
    assert codes(events.verify()) == [("block.count", "", None), ("event.removed", box.stream, 3)]


def test_an_event_removed_from_the_middle():
    box = a_box_of_three()
    with tampering() as cursor:
        remove(cursor, box, 2)
    assert codes(events.verify()) == [("event.removed", box.stream, 2)]


def test_a_stream_removed():
    box, other = a_box_of_three(), make_box()
    with tampering() as cursor:
        remove(cursor, box)
    assert codes(events.verify()) == [("stream.removed", box.stream, 3)]
    assert other.stream not in {f.stream for f in events.verify().findings}


def test_a_stream_removed_together_with_its_state_row():
    box = a_box_of_three()
    make_box()
    events.seal_now()
    stream = box.stream
    with tampering() as cursor:
        remove(cursor, box)
    box.delete()
    found = events.verify().findings
    assert [(f.code, f.stream) for f in found] == [("block.count", ""), ("stream.removed", stream)]
    assert dict(found[0].facts) == {"position": 1, "sealed": 4, "found": 1}


def test_two_events_swapped_by_their_numbers():
    box = a_box_of_three()
    with tampering() as cursor:
        for seq, to in ((2, 99), (3, 2), (99, 3)):
            update(cursor, box, seq, seq=to)
    found = {(f.code, f.seq): dict(f.facts) for f in events.verify().findings}
    assert found["event.swapped", 2] == {"other": f"{box.stream}#3"}
    assert found["event.swapped", 3] == {"other": f"{box.stream}#2"}
    assert not [code for code, _ in found if code == "event.altered"]


def test_two_events_swapped_by_their_contents():
    one, two = a_box_of_three(), a_box_of_three()
    here, there = row(one, 2), row(two, 3)
    with tampering() as cursor:
        for box, seq, values in ((one, 2, there), (two, 3, here)):
            update(
                cursor,
                box,
                seq,
                kind=values["kind"],
                patch=chain.canonical(values["patch"]),
                at=sql_moment(values["at"]),
            )
    assert codes(events.verify()) == [("event.swapped", one.stream, 2), ("event.swapped", two.stream, 3)]


def test_two_events_swapped_in_their_order_of_sealing():
    one, two = make_box(), make_box()
    events.seal_now()
    ids = [row(box, 1)["id"] for box in (one, two)]
    column = "id" if connection.vendor == "sqlite" else "tx"
    values = ids if connection.vendor == "sqlite" else [row(box, 1)["tx"] for box in (one, two)]
    with tampering() as cursor:
        update(cursor, one, 1, **{column: 900_000})
        update(cursor, two, 1, **{column: values[0]})
        update(cursor, one, 1, **{column: values[1]})
    assert codes(events.verify()) == [
        ("block.root", "", None),
        ("event.order", one.stream, 1),
        ("event.order", two.stream, 1),
    ]


def test_an_event_edited():
    box = a_box_of_three()
    with tampering() as cursor:
        update(cursor, box, 2, patch=chain.canonical({"name": "金箱"}))
    (found,) = events.verify().findings
    assert (found.code, found.stream, found.seq) == ("event.altered", box.stream, 2)
    assert "box.changed" in found.words


def test_an_event_rewritten_with_its_hash():
    box = a_box_of_three()
    events.seal_now()
    with tampering() as cursor:
        update(cursor, box, 2, patch=chain.canonical({"name": "金箱"}))
        digest = chain.event_hash(*[
            value if not isinstance(value, memoryview) else bytes(value)
            for value in (
                bytes(row(box, 2)["prev"]), box.stream, 2, "box.changed", 1, 7, 31, "",
                chain.stamp(row(box, 2)["at"]), None, chain.canonical({"name": "金箱"}),
            )
        ])  # fmt: skip
        update(cursor, box, 2, hash=digest)
    assert codes(events.verify()) == [
        ("block.root", "", None),
        ("event.rewritten", box.stream, 2),
        ("chain.broken", box.stream, 3),
    ]


def test_a_whole_chain_rewritten_with_its_state_row():
    box = a_box_of_three()
    events.seal_now()
    with tampering() as cursor:
        update(cursor, box, 3, patch=chain.canonical({"name": "金箱"}))
        end = chain_anew(cursor, box, 3)
    Box.objects.filter(pk=box.pk).update(name="金箱", event_seq=end.seq, event_hash=end.hash)
    assert codes(events.verify()) == [("block.root", "", None), ("event.rewritten", box.stream, 3)]


def test_a_whole_chain_and_all_blocks_rewritten_is_told_by_the_exported_roots():
    box = a_box_of_three()
    events.seal_now()
    with tampering() as cursor:
        update(cursor, box, 3, patch=chain.canonical({"name": "金箱"}))
        end = chain_anew(cursor, box, 3)
        cursor.execute("DELETE FROM events_block")
        if connection.vendor != "sqlite":
            cursor.execute("UPDATE events_epoch SET floor = 0")
    Box.objects.filter(pk=box.pk).update(name="金箱", event_seq=end.seq, event_hash=end.hash)
    events.seal_now()
    assert {code for code, *_ in codes(events.verify())} == {"roots.differ"}
    for file in export.root_files()[1:]:  # whoever keeps the copy elsewhere still has the true root
        file.unlink()
    assert {code for code, *_ in codes(events.verify())} == {"roots.differ"}


def test_an_event_slipped_in_behind_the_seal():
    box = a_box_of_three()
    events.seal_now()
    with tampering() as cursor:
        remove(cursor, box, 3)
        values = {"stream": "box:forged", "seq": 1, "kind": "k", "version": 1, "actor_name": "", "patch": "{}"}
        at = "2026-01-01 00:00:00.000000"
        digest = chain.event_hash(bytes(32), "box:forged", 1, "k", 1, None, None, "", at, None, "{}")
        values |= {"at": sql_moment(datetime(2026, 1, 1, tzinfo=UTC)), "prev": bytes(32), "hash": digest}
        column = "id" if connection.vendor == "sqlite" else "tx"
        values[column] = Block.objects.get().tx_to - 1
        cursor.execute(
            f"INSERT INTO events_event ({', '.join(values)}) VALUES ({', '.join(['%s'] * len(values))})",
            list(values.values()),
        )
    found = codes(events.verify())
    assert ("event.unsealed", "box:forged", 1) in found
    assert ("event.tail_removed", box.stream, 3) in found


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "金箱"),
        ("weight", Decimal("10.51")),
        ("weight", None),
        ("lon", 113.2500001),
        ("moved_at", datetime(2026, 3, 1, 8, 30, 0, 251, tzinfo=UTC)),
        ("open", True),
        ("marks", {"b": [1], "a": 1}),
        ("note_ref", 999),
        ("digest", b"\x00\xfe"),
    ],
)
def test_a_state_row_edited_is_named_with_its_field(field, value):
    box = make_box(
        note="话",
        weight=Decimal("10.50"),
        lon=113.25,
        moved_at=AT,
        open=False,
        marks={"a": 1, "b": [2]},
        digest=b"\x00\xff",
    )
    Box.objects.filter(pk=box.pk).update(**{field: value})
    (found,) = events.verify().findings
    assert (found.code, found.stream, dict(found.facts)) == ("state.altered", box.stream, {"fields": field})


def test_a_field_no_event_ever_set_must_have_its_default():
    box = make_box()
    Box.objects.filter(pk=box.pk).update(open=False, marks={"x": 1})
    (found,) = events.verify().findings
    assert dict(found.facts) == {"fields": "open、marks"}


def test_a_state_row_that_points_elsewhere():
    behind, wrong, gone, invented, told = (a_box_of_three() for _ in range(5))
    Box.objects.filter(pk=behind.pk).update(event_seq=2)
    Box.objects.filter(pk=wrong.pk).update(event_hash=b"\x01" * 32)
    gone_stream = gone.stream
    gone.delete()
    stray = Box.objects.create(name="自填")
    with tampering() as cursor:
        remove(cursor, invented)
    assert sorted(codes(events.verify())) == sorted(
        [
            ("state.behind", behind.stream, 2),
            ("state.head", wrong.stream, 3),
            ("state.missing", gone_stream, None),
            ("stream.removed", invented.stream, 3),
            ("state.no_events", stray.stream, 0),
        ]
    )
    assert told.stream not in {f.stream for f in events.verify().findings}


def a_box_with_lids() -> Box:
    """Two lids; the second was painted later."""
    box = make_box()
    for number, colour in ((1, "红"), (2, "蓝"), (2, "绿")):
        Lid.objects.update_or_create(box=box, number=number, defaults={"colour": colour, "shut_at": AT})
        step(box, f"lid.{number}", {f"lid:{number}": {"colour": colour, "shut_at": AT}})
    return box


def step(box: Box, kind: str, patch: dict) -> None:
    with db.write():
        cast.step(box, kind, patch, head=box.head)


def test_the_parts_of_a_state_row_are_compared_too():
    honest, edited, removed, added = (a_box_with_lids() for _ in range(4))
    assert events.verify().clean
    Lid.objects.filter(box=edited, number=2).update(colour="蓝", shut_at=None)
    Lid.objects.filter(box=removed, number=1).delete()
    Lid.objects.create(box=added, number=3)
    assert [(f.code, f.stream, dict(f.facts)) for f in events.verify().findings] == [
        ("part.altered", edited.stream, {"part": "lid:2", "fields": "colour、shut_at"}),
        ("part.missing", removed.stream, {"part": "lid:1"}),
        ("part.no_events", added.stream, {"part": "lid:3"}),
    ]
    assert honest.stream not in {f.stream for f in events.verify().findings}


def test_a_rewritten_event_that_no_reader_understands_is_a_finding_and_no_crash():
    box = a_box_of_three()
    with tampering() as cursor:
        update(cursor, box, 3, patch='["no mapping"]')
        chain_anew(cursor, box, 3)
    assert ("event.altered", box.stream, 3) in codes(events.verify())


def test_a_forged_name_that_reads_like_another_row():
    box = make_box()
    with db.write():
        events.record(f"box:00{box.pk}", "box.made", actor=CLERK, patch={"name": "伪"}, head=GENESIS)
    assert codes(events.verify()) == [("state.missing", f"box:00{box.pk}", None)]


def three_blocks() -> None:
    for _ in range(3):
        make_box()
        events.seal_now()


@pytest.mark.parametrize(
    ("column", "value"),
    [("count", 7), ("manifest", "box:1 1 00000000"), ("merkle", b"\x01" * 32), ("root", b"\x02" * 32), ("tx_from", 0)],
)
def test_a_block_edited(column, value):
    three_blocks()
    with tampering() as cursor:
        cursor.execute(f"UPDATE events_block SET {column} = %s WHERE position = 2", [value])
    found = [f for f in events.verify().findings if f.code == "block.altered"]
    assert [dict(f.facts) for f in found] == [{"position": 2}]


def test_a_block_removed_from_the_middle():
    three_blocks()
    with tampering() as cursor:
        cursor.execute("DELETE FROM events_block WHERE position = 2")
    assert [(f.code, dict(f.facts).get("position")) for f in events.verify().findings] == [("block.removed", 2)]


def test_the_last_blocks_removed_with_their_events():
    three_blocks()
    with tampering() as cursor:
        cursor.execute("DELETE FROM events_block WHERE position > 1")
    found = events.verify().findings
    assert {f.code for f in found} == {"roots.ahead"} and len(found) == len(export.root_files())
    assert {(dict(f.facts)["position"], dict(f.facts)["last"]) for f in found} == {(3, 1)}


def test_a_block_replaced_by_one_that_is_sound_in_itself():
    three_blocks()
    block = Block.objects.get(position=2)
    forged = chain.block_root(
        2,
        block.tx_from,
        block.tx_to,
        block.count,
        chain.stamp(block.at),
        bytes(block.merkle),
        block.manifest,
        b"\x05" * 32,
    )
    with tampering() as cursor:
        cursor.execute("UPDATE events_block SET prev_root = %s, root = %s WHERE position = 2", [b"\x05" * 32, forged])
    found = {(f.code, dict(f.facts)["position"]) for f in events.verify().findings}
    assert found == {("block.broken", 2), ("block.broken", 3), ("roots.differ", 2)}


def test_exported_roots_that_differ_or_lack_one():
    three_blocks()
    first, second = export.root_files()
    lines = first.read_text().splitlines()
    forged = json.loads(lines[1]) | {"root": "00" * 32}
    first.write_text("\n".join([lines[0], json.dumps(forged), lines[2]]) + "\n")
    second.write_text("\n".join([lines[0], lines[2], lines[2].replace('"root": "', '"root": "ff')]) + "\n")
    found = [(f.code, dict(f.facts)["position"]) for f in events.verify().findings]
    assert sorted(found) == [("roots.differ", 2), ("roots.differ", 3), ("roots.missing", 2)]


def test_a_private_text_altered_or_missing():
    one, two, three, four = (make_box(note=f"第 {n} 段") for n in range(4))
    rows = {box: Private.objects.get(pk=box.note_ref) for box in (one, two, three)}
    Private.objects.filter(pk=one.note_ref).update(blob=bytes(rows[one].blob)[:-1] + b"\x00")
    Private.objects.filter(pk=two.note_ref).update(
        stream=three.stream, name=rows[three].name, salt=bytes(rows[three].salt), blob=bytes(rows[three].blob)
    )
    Private.objects.filter(pk=four.note_ref).delete()
    assert sorted(codes(events.verify())) == sorted(
        [
            ("private.altered", one.stream, 1),
            ("private.altered", two.stream, 1),  # it opens, but it is another text
            ("private.missing", four.stream, 1),
        ]
    )


def test_a_forged_tombstone_is_an_event_like_any_other():
    box = make_box(note="话")
    events.seal_now()
    Private.objects.all().delete()
    with tampering() as cursor:
        update(cursor, box, 1, kind="erased", patch=chain.canonical({"@erased": {"ids": [box.note_ref]}}))
    assert ("event.altered", box.stream, 1) in codes(events.verify())


def test_columns_filled_with_rubbish_are_findings_and_no_crash():
    one, two, three = a_box_of_three(), a_box_of_three(), a_box_of_three()
    with tampering() as cursor:
        update(cursor, one, 2, patch="{no json")
        update(cursor, two, 2, hash=b"")
        update(cursor, three, 2, prev=b"short", patch="[]")
    found = codes(events.verify())
    assert {("event.altered", box.stream, 2) for box in (one, two, three)} <= set(found)


def test_more_findings_than_anybody_reads_are_counted(monkeypatch):
    monkeypatch.setattr("gezhi.foundation.events.streams.CAP", 3)
    made = [make_box() for _ in range(5)]
    Box.objects.update(name="金箱")
    report = events.verify()
    assert (len(report.findings), report.omitted) == (3, 2) and len(made) == 5
    assert not report.clean


def test_several_processes_find_the_same_as_one(monkeypatch):
    made = [a_box_of_three() for _ in range(30)]
    erased = make_box(note="要抹除的话")
    events.erase(erased.stream, actor=CLERK, ground="当事人申请")
    for _ in range(3):
        make_box()
        events.seal_now()
    with tampering() as cursor:
        remove(cursor, made[3], 3)
        update(cursor, made[20], 1, patch="{}")
    Box.objects.filter(pk=made[11].pk).update(name="金箱")
    alone, together = events.verify(processes=1), events.verify(processes=2)
    assert len(alone.findings) >= 4
    assert (together.findings, together.information) == (alone.findings, alone.information)
    assert (together.events, together.blocks) == (alone.events, alone.blocks)


def test_the_work_is_cut_into_pieces_that_miss_no_stream(monkeypatch):
    made = [a_box_of_three() for _ in range(25)]
    ranges = []
    original = checking.check_streams

    def noted(own, low, high, erased):
        ranges.append((low, high))
        return original(own, low, high, erased)

    monkeypatch.setattr(checking, "check_streams", noted)
    with checking.reader() as own:
        tasks = checking._tasks(own, 3, frozenset())
        parts = [function(own, *arguments) for function, arguments in tasks if function is noted]
    assert sum(part.events for part in parts) == 75 == len(made) * 3
    assert len(ranges) > 3 and all(part.events for part in parts)


def test_verify_reads_one_moment_while_others_write():
    stop, failures = threading.Event(), []

    def write():
        try:
            while not stop.is_set():
                change(make_box(note="话"), name="铁箱")
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for processes in (1, 1, 1, 2):
            events.seal_now()
            report = events.verify(processes=processes)
            assert report.clean, report.findings
    finally:
        stop.set()
        writer.join()
    assert not failures
    assert Event.objects.count() > report.events or report.events


def test_states_are_registered_with_columns_that_exist():
    with pytest.raises(ValueError, match="colour"):
        folding.register_state("box", Box, ["name", "colour"])
    with pytest.raises(ValueError, match="event_seq"):
        folding.register_state("private", Private, ["name"])
    with pytest.raises(ValueError, match="colour"):
        folding.register_parts("box", "lid", Lid, ["colours"], parent="box_id")
    with pytest.raises(ValueError, match="crate_id"):
        folding.register_parts("box", "lid", Lid, ["colour"], parent="crate_id")


def test_the_command_says_it_in_words_and_fails_when_there_is_something(capsys):
    import argparse

    def run(*arguments: str) -> int:
        parser = argparse.ArgumentParser()
        verify_command.add_arguments(parser)
        return verify_command.run(parser.parse_args(arguments))

    box = make_box(note="话")
    events.erase(box.stream, actor=CLERK, ground="当事人申请")
    assert run() == 0
    assert "依法抹除" in capsys.readouterr().out
    Box.objects.filter(pk=box.pk).update(name="金箱")
    assert run("--processes", "1") == 1
    out = capsys.readouterr().out
    assert f"[state.altered] {box.stream}" in out and "name" in out
    assert run("--accept-restore", "从备份恢复") == 1


def test_the_command_replays_erasures(capsys):
    import argparse

    box = make_box(note="话")
    rows = list(Private.objects.all())
    events.erase(box.stream, actor=CLERK, ground="当事人申请")
    Private.objects.bulk_create(rows)
    parser = argparse.ArgumentParser()
    erasures_command.add_arguments(parser)
    assert erasures_command.run(parser.parse_args(["replay"])) == 0
    assert "1" in capsys.readouterr().out
    assert not Private.objects.exists()
