"""Named numbers that move whenever a kind of fact moves (places, people, packs, calendar, clock ...).

Every in-memory snapshot remembers the number it was loaded under, compares it with `current()` and
reloads when it differs, so that all processes agree one request later, without any message between them.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from .cursors import ask


class Moved(Exception):
    """What was decided on assumed numbers cannot stand: they have moved. Decide again on those that hold."""


class _Known(threading.local):
    depth: int = 0
    values: dict[str, int] | None = None
    assumed: bool = False


_known = _Known()
_last: dict[str, int] | None = None  # what this process read last


def current() -> dict[str, int]:
    """All revision numbers by name; a name never bumped is absent (use `.get(name, 0)`).

    One query; remembered until the end of the request or write block, or until `forget()`.
    Outside both, every call asks the database.
    """
    global _last
    if _known.values is not None:
        return _known.values
    values: dict[str, int] = dict(ask("SELECT name, value FROM db_revision")())
    _last = values
    if _known.depth:
        _known.values = values
    return values


def bump(name: str) -> int:
    """Move one number, inside a write; returns the new value.

    The value is never one that was used before, not even by a write that was rolled back: a snapshot
    loaded inside a rolled-back write must not pass for the next one. Hence the time and up to a random second
    instead of plus one; and where the clock stands still or went back, a random step.
    """
    fresh = time.time_ns() + secrets.randbelow(1_000_000_000)
    step = 1 + secrets.randbelow(1_000_000_000)
    return _put(
        name,
        fresh,
        f"CASE WHEN db_revision.value >= excluded.value THEN db_revision.value + {step} ELSE excluded.value END",
    )


def assign(name: str, value: int) -> int:
    """Set one number to a value that means something by itself (the clock's offset in seconds)."""
    return _put(name, value, "excluded.value")


def _put(name: str, value: int, on_conflict: str) -> int:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A revision moves inside db.write(), with what it stands for.")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO db_revision (name, value) VALUES (%s, %s) "
            f"ON CONFLICT (name) DO UPDATE SET value = {on_conflict} RETURNING value",
            [name, value],
        )
        (stored,) = cursor.fetchone()
    if _known.values is not None:
        _known.values = {**_known.values, name: stored}
    return stored


def forget() -> None:
    """Drop what this thread remembers; the next `current()` asks the database."""
    _known.values = None
    _known.assumed = False


def assumed() -> bool:
    """Whether what is remembered now was only assumed (`assuming`)."""
    return _known.assumed


@contextmanager
def assuming() -> Iterator[bool]:
    """Until the next write, take for current what this process read last; gives whether there was anything to take.

    For an act that decides before its write and compares inside it: the numbers are read once instead of twice. Whatever it refuses
    in this block, and `Moved`, says nothing yet: it is done again without. docs/adr/0263.
    """
    if _known.values is not None or _last is None or not _known.depth:
        yield False
        return
    _known.values, _known.assumed = _last, True
    try:
        yield True
    except BaseException:
        forget()
        raise
    if _known.assumed:  # nothing was written: nobody after this may go on assuming
        forget()


@contextmanager
def scope() -> Iterator[None]:
    """Remember numbers from here to the end of the block, starting from nothing."""
    forget()
    with kept():
        yield


@contextmanager
def kept() -> Iterator[None]:
    """Like `scope`, but what is remembered already is kept: for work before a write that asks again inside it."""
    _known.depth += 1
    try:
        yield
    finally:
        _known.depth -= 1
        if not _known.depth:
            forget()
