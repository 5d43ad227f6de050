"""Faults at every boundary of one operation: each statement raises once, then the commit, before and after.

`boundaries(act, again)` drives one operation on the database as it is. A statement that raises must leave every table
as it was; a commit that raises before it is done as well; one whose answer is lost must leave everything there,
and the same call again (`again`, the client's retry) must add nothing: what was written in two transactions
would be completed, or doubled, by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256

from django.db import OperationalError, connection

from gezhi.foundation import events
from gezhi.foundation.db import revisions


class Injected(OperationalError):
    """The fault: what a lost connection or a full disk looks like to the code above."""


# Revision numbers only say "read again" and may move for nothing; who is at work is not the operation's.
LEFT_OUT = {"db_revision", "jobs_worker", "jobs_lead", "django_migrations", "django_content_type", "sqlite_sequence"}


def tables() -> list[str]:
    names = [name for name in connection.introspection.table_names() if name not in LEFT_OUT]
    return [name for name in names if not name.startswith(("search_document_", "auth_"))]


def snapshot() -> dict[str, str]:
    """Table -> digest of all its rows."""
    found = {}
    with connection.cursor() as cursor:
        for name in tables():
            # PostgreSQL's row as text; SQLite's row as Python has it.
            quoted = connection.ops.quote_name(name)
            columns = f"CAST({quoted} AS TEXT)" if connection.vendor == "postgresql" else "*"
            cursor.execute(f"SELECT {columns} FROM {quoted}")
            rows = sorted(map(repr, cursor.fetchall()))
            found[name] = sha256("\n".join(rows).encode()).hexdigest()
    return found


def differing(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {name for name in one if one[name] != other[name]}


class Fault:
    """Raises at the statement number `at` (from 0), once. `hit` says which statement it was."""

    def __init__(self, at: int) -> None:
        self.at, self.seen, self.hit = at, 0, ""

    def __call__(self, execute, sql, params, many, context):
        self.seen += 1
        if self.seen == self.at + 1:
            self.hit = sql
            raise Injected(f"statement {self.at}")
        return execute(sql, params, many, context)


@contextmanager
def broken_commit(*, after: bool) -> Iterator[list[bool]]:
    """The first commit raises, before or after it is done; the list tells whether there was one."""
    commit, tried = connection.commit, []

    def breaking() -> None:
        if tried:
            return commit()
        tried.append(True)
        if after:
            commit()
        raise Injected("commit")

    connection.commit = breaking
    try:
        yield tried
    finally:
        del connection.commit


def boundaries(act: Callable[[], object], again: Callable[[], object] | None = None) -> int:
    """Try every boundary of `act`; returns how many statements it has. `again` None = the same call."""
    before = snapshot()
    revisions.forget()
    with broken_commit(after=False) as committing:
        assert _told(act), "a commit failed and nobody was told"
    assert committing, "there was nothing to commit"
    torn = differing(before, snapshot())
    assert not torn, f"the commit failed and left something behind in {torn}"
    at = 0
    while True:
        fault = Fault(at)
        revisions.forget()
        # When every statement passes, the commit is done and its answer lost.
        with connection.execute_wrapper(fault), broken_commit(after=True):
            assert _told(act), f"statement {at} ({fault.hit[:80]}) failed and nobody was told"
        if not fault.hit:
            break
        torn = differing(before, snapshot())
        assert not torn, f"statement {at} ({fault.hit[:80]}) failed and left something behind in {torn}"
        at += 1
    done = snapshot()
    assert differing(before, done), "committed, and nothing is there"
    revisions.forget()
    (again or act)()
    torn = differing(done, snapshot())
    assert not torn, f"the retry did something more, in {torn}"
    report = events.verify()
    assert report.clean, [str(finding) for finding in report.findings]
    return at


def _told(act: Callable[[], object]) -> bool:
    try:
        act()
    except Injected:
        return True
    return False
