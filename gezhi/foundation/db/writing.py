"""One way to write: `with db.write():`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from . import revisions


@contextmanager
def write() -> Iterator[None]:
    """An atomic block. Everything inside is committed together or not at all.

    On SQLite the outermost block holds the write lock from here to its COMMIT or ROLLBACK, so what
    is read inside cannot be changed by anyone else. Nested blocks join the outer one without a
    savepoint: an exception inside, even if caught outside, rolls the whole write back. Use
    `attempt()` where a part may fail and the rest must stand.

    Revision numbers are read afresh at the start of the outermost block.
    """
    outer = connection.atomic_blocks[-1] if connection.atomic_blocks else None
    if outer is not None and not getattr(outer, "_from_testcase", False):
        with transaction.atomic(savepoint=False):
            yield
        return
    # Django's own TestCase wraps each test in one atomic block; a write in it keeps the meaning of an
    # outermost write, which is what `_from_testcase` exists for in Django's durable blocks as well.
    with transaction.atomic(durable=True) if outer is None else transaction.atomic(), revisions.scope():
        try:
            yield
        except BaseException:
            revisions.forget()
            raise


@contextmanager
def attempt() -> Iterator[None]:
    """Inside `write()`: a part that may be undone alone (a savepoint) when its exception is caught outside."""
    try:
        with transaction.atomic():
            yield
    except BaseException:
        revisions.forget()
        raise


def after_commit(function: Callable[[], object]) -> None:
    """Call `function` once the current transaction is committed; at once when there is none."""
    transaction.on_commit(function)
