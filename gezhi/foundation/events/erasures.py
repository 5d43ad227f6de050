"""What follows an erasure: the journal outside the database, and the remains inside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from .chain import stamp
from .lines import append_lines, read_lines
from .models import Event, Private


def journal_path() -> Path:
    """`GEZHI_ERASURES`, or `erasures.jsonl` beside the keys: never in the home, whose restore would bring
    back both the text and a journal that does not know of its erasure."""
    chosen = getattr(settings, "GEZHI_ERASURES", None) or os.environ.get("GEZHI_ERASURES")
    return Path(chosen) if chosen else Path(settings.GEZHI_KEYS) / "erasures.jsonl"


def begin_erasing() -> None:
    """Called inside the erasing transaction: a note, so that a crash right after the commit is made good."""
    _marker().parent.mkdir(parents=True, exist_ok=True)
    _marker().touch()


def after_erasing() -> None:
    """Called once an erasure is committed."""
    begin_erasing()  # again: a worker may have tidied up between the note and the commit
    flush_erased()


def flush_erased() -> bool:
    """Finish erasures: journal them, drop what the database still holds. True when nothing is left to do.

    Safe to repeat; the worker calls it until it succeeds (a long reader can hold SQLite's log back, and
    VACUUM cannot run inside a transaction).
    """
    if not _marker().exists():
        return True
    journal_erasures()
    if connection.in_atomic_block or not _drop_remains():
        return False
    _marker().unlink(missing_ok=True)
    return True


def journal_erasures() -> int:
    """Append to the journal every `erased` event it does not hold yet (ids and ground, no text); how many."""
    path = journal_path()
    known = {(line["stream"], line["seq"]) for line in read_lines(path)}
    fresh = [line for line in erased_lines() if (line["stream"], line["seq"]) not in known]
    append_lines(path, fresh)
    return len(fresh)


def replay_erasures() -> int:
    """After a restore: erase again whatever the journal says was erased; returns how many texts were.

    A text whose stream has no `erased` event any more gets one anew, with the first erasure's ground.
    """
    from gezhi.foundation.people import system

    from . import private

    again = 0
    for line in read_lines(journal_path()):
        alive = list(Private.objects.filter(id__in=line["ids"], stream=line["stream"]).values_list("name", flat=True))
        if alive:
            private.erase(line["stream"], alive, actor=system("erasures.replay"), ground=line["ground"])
            again += len(alive)
    return again


def erased_lines(using: str | None = None) -> Iterator[dict[str, Any]]:
    """Every erasure the log tells of: stream, seq, ids, names, ground, at. `using`: a database alias."""
    rows = Event.objects.using(using).filter(kind="erased").order_by("stream", "seq")
    for stream, seq, at, patch in rows.values_list("stream", "seq", "at", "patch"):
        erased = patch.get("@erased", {})
        yield {
            "stream": stream,
            "seq": seq,
            "ids": erased.get("ids", []),
            "names": erased.get("names", []),
            "ground": patch.get("@reason", ""),
            "at": stamp(at) + "Z",
        }


def _drop_remains() -> bool:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # The row's bytes were overwritten in its page (secure_delete); older copies of the page are in
            # the write-ahead log until that is emptied. `busy` = a reader still needs it.
            # Waiting for that reader would keep every writer waiting with us, so we come again instead.
            cursor.execute("PRAGMA busy_timeout")
            (patience,) = cursor.fetchone()
            cursor.execute("PRAGMA busy_timeout = 0")
            try:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                busy, _, _ = cursor.fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {patience}")
            return not busy
        # Ciphertext only: frees the row for reuse. What stays where is told in docs/rules/events.md.
        cursor.execute("VACUUM events_private")
        return True


def _marker() -> Path:
    return Path(settings.GEZHI_HOME) / "erasures.pending"
