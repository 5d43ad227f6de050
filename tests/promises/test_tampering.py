"""Whoever changes the past of a real case behind the county's back is found out, and the case is named.

Cases are lived through the engine's own doors; the tampering is done on the database itself, by somebody who can
switch its triggers off; `gezhi verify` is then run as an operator runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.foundation import events, people
from gezhi.foundation.events.models import Event
from gezhi.interfaces.commands.main import main
from tests.foundation.events.cast import tampering
from tests.world import World


@pytest.fixture
def cases(transactional_db, settings, tmp_path) -> list[Case]:
    """Three cases in mid-life, sealed twice on their way."""
    settings.GEZHI_HOME = tmp_path / "home"
    world = World()
    lived = [world.open(text=f"第 {n} 盏路灯不亮", contact_phone="13900001234") for n in range(3)]
    for case in lived:
        world.to_handle(case)
    events.seal_now()
    world.do(lived[0], "extend", "马东", more="2 work_day", reason="等零件")
    for case in lived:
        world.do(case, "finish", "马东", result="换了灯")
    events.seal_now()
    return [Case.objects.get(pk=case.pk) for case in lived]


@contextmanager
def undone() -> Iterator[None]:
    """Afterwards all is as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def forged() -> Iterator:
    """A cursor that nobody watches; afterwards all is as it was."""
    with undone(), tampering() as cursor:
        yield cursor


def words(capsys, code: int) -> str:
    """What `gezhi verify` prints; it must end with `code`."""
    capsys.readouterr()
    ended = main(["verify", "--processes", "1"])
    said = capsys.readouterr().out
    assert ended == code, said
    return said


def about(said: str, stream: str) -> list[str]:
    return [line for line in said.splitlines() if stream in line]


def stream_of(case: Case) -> str:
    return f"case:{case.id}"


def table(model) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def remove_last(cursor, case: Case) -> None:
    cursor.execute("DELETE FROM events_event WHERE stream = %s AND seq = %s", [stream_of(case), case.event_seq])


def remove_stream(cursor, case: Case) -> None:
    cursor.execute("DELETE FROM events_event WHERE stream = %s", [stream_of(case)])


def remove_stream_and_rows(cursor, case: Case) -> None:
    remove_stream(cursor, case)
    cursor.execute(f"DELETE FROM {table(WorkItem)} WHERE case_id = %s", [case.id])
    cursor.execute(f"DELETE FROM {table(Case)} WHERE id = %s", [case.id])


def swap(cursor, case: Case) -> None:
    """The second and third event change places, whole but for their numbers."""
    columns = "kind, patch, at, actor_person, actor_seat, actor_name"
    cursor.execute(f"SELECT seq, {columns} FROM events_event WHERE stream = %s AND seq IN (2, 3)", [stream_of(case)])
    rows = {row[0]: row[1:] for row in cursor.fetchall()}
    assignments = ", ".join(f"{name} = %s" for name in columns.split(", "))
    for here, there in ((2, 3), (3, 2)):
        cursor.execute(
            f"UPDATE events_event SET {assignments} WHERE stream = %s AND seq = %s",
            [*rows[there], stream_of(case), here],
        )


def edit(model, where: str, **values) -> Callable:
    def change(cursor, case: Case) -> None:
        assignments = ", ".join(f"{name} = %s" for name in values)
        cursor.execute(f"UPDATE {table(model)} SET {assignments} WHERE {where}", [*values.values(), case.id])
        assert cursor.rowcount == 1

    return change


def remove_item(cursor, case: Case) -> None:
    cursor.execute(f"DELETE FROM {table(WorkItem)} WHERE case_id = %s AND number = 1", [case.id])


def add_item(cursor, case: Case) -> None:
    item = WorkItem.objects.get(case_id=case.id, number=1)
    item.pk, item.number, item._state.adding = None, 99, True
    item.save(force_insert=True)


# What is done -> what the line about this case must say.
FORGERIES = {
    "the last event removed": (remove_last, ["末尾的记录被删"]),
    "a whole stream removed": (remove_stream, ["的全部记录都不见了"]),
    "a stream removed with its rows": (remove_stream_and_rows, ["的全部记录都不见了"]),
    "two events swapped": (swap, ["第 2 条", "第 3 条", "两条被调换"]),
    "the outcome of a case edited": (edit(Case, "id = %s", solved="yes"), ["当前状态被改动", "solved"]),
    "a promise moved": (edit(Case, "id = %s", due_at="2027-01-01 00:00:00+00:00"), ["当前状态被改动", "due_at"]),
    "the count of returns edited": (edit(Case, "id = %s", returns=7), ["当前状态被改动", "returns"]),
    "who did the work edited": (
        edit(WorkItem, "case_id = %s AND number = 3", done_by=1),
        ["item:3", "被改动", "done_by"],
    ),
    "a breach made up": (
        edit(WorkItem, "case_id = %s AND number = 1", breached_at="2026-11-18 02:00:00+00:00"),
        ["item:1", "breached_at"],
    ),
    "a deadline of a step moved": (
        edit(WorkItem, "case_id = %s AND number = 2", due_at="2027-01-01 00:00:00+00:00"),
        ["item:2", "due_at"],
    ),
    "a step removed": (remove_item, ["item:1", "现在却不见了"]),
    "a step added": (add_item, ["item:99", "没有任何记录提到"]),
}


def test_each_forgery_is_named_by_gezhi_verify(cases, capsys):
    untouched = words(capsys, 0)
    assert "没有发现问题" in untouched
    for name, (forge, says) in FORGERIES.items():
        for case in cases[:2]:
            with forged() as cursor:
                forge(cursor, case)
                said = words(capsys, 1)
            lines = about(said, stream_of(case))
            assert all(any(word in line for line in lines) for word in says), (name, said)
            # Nobody else is suspected.
            others = [line for other in cases if other.id != case.id for line in about(said, stream_of(other))]
            assert others == [], (name, said)
    assert words(capsys, 0)


def test_a_text_of_another_case_is_not_taken_for_its_own(cases, capsys):
    """Two residents' words exchanged: the ciphertext opens only where it was sealed."""
    first, second = (case.text_ref for case in cases[:2])
    with forged() as cursor:
        cursor.execute("SELECT id, blob, salt FROM events_private WHERE id IN (%s, %s)", [first, second])
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
        for here, there in ((first, second), (second, first)):
            cursor.execute("UPDATE events_private SET blob = %s, salt = %s WHERE id = %s", [*rows[there], here])
        said = words(capsys, 1)
    for case in cases[:2]:
        assert any("私密文字" in line and "被改动" in line for line in about(said, stream_of(case))), said


def test_a_rewritten_history_does_not_match_the_exported_roots(cases, capsys):
    """Somebody who knows the rules writes the last event anew, with hashes, blocks and state all right."""
    case = cases[0]
    last = Event.objects.get(stream=stream_of(case), seq=case.event_seq)
    with undone():
        with tampering() as cursor:
            remove_last(cursor, case)
        patch = {**last.patch, "act": {**last.patch["act"], "form": {"photos": [1]}}}
        before = Event.objects.get(stream=stream_of(case), seq=case.event_seq - 1)
        head = events.record(
            stream_of(case),
            last.kind,
            actor=people.actor_for(last.actor_person),
            patch=patch,
            head=events.Head(before.seq, bytes(before.hash)),
        )
        Case.objects.filter(pk=case.pk).update(event_seq=head.seq, event_hash=head.hash)
        said = words(capsys, 1)
    assert any(f"第 {last.seq} 条" in line for line in about(said, stream_of(case))), said
