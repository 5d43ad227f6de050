"""A rule put in force over a large register by few statements: INSERT … SELECT over ranges of its lines.

What the statement sees is what it writes, so nothing is looked at twice: on SQLite the write lock is held, on PostgreSQL
the lines are locked while they are read, and a change that is under way is waited for. docs/adr/0280.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, connection

from gezhi.engines.duties import enrolling
from gezhi.engines.duties.models import Enrolment
from gezhi.engines.duties.ranges import Range, Ranges, by_two
from gezhi.engines.duties.rules import Rule
from gezhi.engines.duties.seating import Seats
from gezhi.foundation import db
from gezhi.foundation.calendar import clock
from gezhi.foundation.expressions import sql
from gezhi.foundation.places.placed import PATH
from gezhi.foundation.subjects import definitions, rule_sql

#: How many ids of lines one statement goes over at first, at least and at most; in between by how long the last one took.
FIRST, LEAST, MOST = 1_000, 200, 40_000
SETTLED = 50
#: On PostgreSQL only who changes one of these very lines waits, so a write may take longer than on SQLite, in seconds.
HELD_LINES = 0.4
#: Of a register with lines beyond so many ids PostgreSQL is given two writers.
ALONE = 100_000
#: A change of a line that is under way is waited for, and one that comes later sees the enrolment.
LOCKED = "FOR SHARE OF e"


@dataclass(frozen=True)
class _Sweep:
    """What the statements of one rule have in common. `holds`: the condition in SQL with its parameters."""

    rule: Rule
    today: date
    holds: str
    given: tuple[Any, ...]


def prepared(rule: Rule) -> _Sweep | None:
    """The sweep of a rule; None when its condition or its seat can only be found row by row."""
    if rule.over[0] != "register" or rule.within is not None or rule.seat[0] != "post":
        return None
    today = clock.today()
    register = definitions.register(rule.over[1])
    program = enrolling.condition(rule)
    said = ("TRUE", []) if program is None else sql.where(program, rule_sql.columns(register, today))
    return None if said is None else _Sweep(rule, today, said[0], tuple(said[1]))


def sweep(what: _Sweep, reached: int, note: Callable[[int], object]) -> int:
    """Enrol whom the lines beyond `reached` put under the rule; returns how many came.

    `note(reached)` is called inside a write whenever everything up to there is written with it. Those already under the rule
    are left as they stand (`mend` sees to them). A large register is written by two connections on PostgreSQL.
    """
    name = what.rule.over[1]
    ranges = Ranges(lambda beyond: _next(name, beyond), reached)
    if _large(name, reached):
        return by_two(ranges, lambda: _write(what, ranges, note))
    return _write(what, ranges, note)


def _large(register: str, reached: int) -> bool:
    """Whether a second writer is worth its connection, and no line depends on another's being written before it."""
    if _lite() or connection.in_atomic_block or definitions.register(register).one != "subject":
        return False
    first = _next(register, reached)
    return first is not None and _next(register, first + ALONE) is not None


def _write(what: _Sweep, ranges: Ranges, note: Callable[[int], object]) -> int:
    """Take range after range until none is left."""
    came = 0
    seats = Seats([what.rule], [], what.today)
    pace = _pace()
    writer = _Writer(what)
    while (mine := ranges.take(pace.size)) is not None:
        found = _found(what.rule.over[1], mine)
        if found is not None:
            serving = {place: seats.of_post(what.rule.seat[1], place) for place in found.places}
            with pace.write():
                came += writer.insert(mine, found, serving)
                if (mark := ranges.mark(mine)) is not None:
                    note(mark)
            pace.rest()
        ranges.done(mine)
    return came


def count_anew() -> None:
    """Tell PostgreSQL's planner of so many new rows at once: until it looks by itself it takes the rule for one of a few
    subjects, and a town's open ones took a second."""
    if not _lite():
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {Enrolment._meta.db_table}")


def mend(what: _Sweep) -> int:
    """Put right whoever was under the rule before: other seat, other place, no longer meant; by few in a write.

    Read outside the lock; what is found is looked at again under it (enrolling.settle).
    """
    rule, changed, reached = what.rule, 0, 0
    seats = Seats([rule], [], what.today)
    standing = Enrolment.objects.filter(rule=rule.name, until=None)
    pace = _pace()
    while (
        first := standing.filter(subject_id__gt=reached)
        .order_by("subject_id")
        .values_list("subject_id", flat=True)
        .first()
    ) is not None:
        reached = first - 1
        upto = reached + pace.size
        part = standing.filter(subject_id__gt=reached, subject_id__lte=upto)
        places = set(part.values_list("place_id", flat=True).distinct())
        if places:
            odd = _odd(what, reached, upto, {place: seats.of_post(rule.seat[1], place) for place in places})
            for start in range(0, len(odd), SETTLED):
                with db.write():
                    changed += enrolling.settle(dict.fromkeys(odd[start : start + SETTLED], what.today), [rule])
            with pace.write():
                part.exclude(version=rule.version).update(version=rule.version)
            pace.rest()
        reached = upto
    return changed


def _pace() -> db.Pace:
    return db.Pace(FIRST, LEAST, MOST) if _lite() else db.Pace(FIRST, LEAST, MOST, HELD_LINES)


def _next(register: str, reached: int) -> int | None:
    """The first line of the register beyond an id: ranges begin where there is something."""
    plus = "+" if _lite() else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT e.id FROM subjects_entry e WHERE e.id > %s AND {plus}e.register = %s AND e.until IS NULL "
            "ORDER BY e.id LIMIT 1",
            [reached, register],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _lite() -> bool:
    return connection.vendor == "sqlite"


def _range() -> str:
    """The lines of a register between two ids, walked by id."""
    plus = "+" if _lite() else ""  # SQLite would rather take the register's index and sort
    return f"e.id > %s AND e.id <= %s AND {plus}e.register = %s AND e.until IS NULL"


@dataclass(frozen=True)
class _Found:
    """What a range holds: the places of its lines, and between which ids their subjects lie."""

    places: list[int]
    first: int
    last: int


def _found(register: str, of: Range) -> _Found | None:
    """None when there is no line. A line that comes or moves meanwhile is the change's own to enrol."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT e.place_id, min(e.subject_id), max(e.subject_id) FROM subjects_entry e WHERE {_range()} GROUP BY e.place_id",
            [of.after, of.upto, register],
        )
        rows = cursor.fetchall()
    return _Found([row[0] for row in rows], min(row[1] for row in rows), max(row[2] for row in rows)) if rows else None


def _serving(serving: Mapping[int, int]) -> tuple[str, list[Any]]:
    """A table of (place, seat) out of parameters."""
    if _lite():
        return (
            "SELECT CAST(key AS INTEGER) AS place_id, value AS seat_id FROM json_each(%s)",
            [json.dumps({str(place): seat for place, seat in serving.items()})],
        )
    return (
        "SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS x(place_id, seat_id)",
        [list(serving), list(serving.values())],
    )


class _Writer:
    """Writes the enrolments of one range after another.

    On PostgreSQL first as if nobody were enrolled yet: ON CONFLICT looks into every unique index beforehand and writes
    each row twice into the log, a third more for what a new rule never needs. Once a row was there, it is used to the end.
    """

    def __init__(self, what: _Sweep) -> None:
        self.what, self.careful = what, _lite()

    def insert(self, of: Range, found: _Found, serving: Mapping[int, int]) -> int:
        """How many came. Inside a write."""
        if not self.careful:
            try:
                with db.attempt():
                    return self._insert(of, found, serving)
            except IntegrityError:
                self.careful = True
        return self._insert(of, found, serving)

    def _insert(self, of: Range, found: _Found, serving: Mapping[int, int]) -> int:
        what, rule, today = self.what, self.what.rule, self.what.today.isoformat()
        table, seats = _serving(serving)
        path = ", ".join(PATH)
        lines = ", ".join(f"e.{column}" for column in PATH)
        # Between which ids the subjects lie is said for PostgreSQL alone, which would read all there are for each range.
        between, bounds = ("", []) if _lite() else ("s.id BETWEEN %s AND %s AND ", [found.first, found.last])
        # A subject with two lines is enrolled by the first, as enrolling.wants has it: the second meets the constraint.
        text = (
            f"INSERT INTO duties_enrolment (rule, version, subject_id, entry_id, seat_id, since, {path}) "
            f"WITH m AS MATERIALIZED ({table}) "
            f"SELECT %s, %s, e.subject_id, e.id, m.seat_id, CASE WHEN e.since > {_as_date()} THEN e.since ELSE {_as_date()} END, {lines} "
            f"FROM subjects_entry e JOIN subjects_subject s ON s.id = e.subject_id JOIN m ON m.place_id = e.place_id "
            f"WHERE {_range()} AND {between}s.ended = '' AND {what.holds} ORDER BY e.id "
            f"{'' if _lite() else LOCKED} {'ON CONFLICT DO NOTHING' if self.careful else ''}"
        )
        given = [*seats, rule.name, rule.version, today, today, of.after, of.upto, rule.over[1], *bounds, *what.given]
        with connection.cursor() as cursor:
            cursor.execute(text, given)
            return max(0, cursor.rowcount)


def _as_date() -> str:
    return "%s" if _lite() else "%s::date"


def _odd(what: _Sweep, after: int, upto: int, serving: Mapping[int, int]) -> list[int]:
    """Subjects whose enrolment is not what their line says now."""
    table, seats = _serving(serving)
    text = (
        f"WITH m AS MATERIALIZED ({table}) SELECT x.subject_id FROM duties_enrolment x "
        f"LEFT JOIN subjects_entry e ON e.id = x.entry_id LEFT JOIN subjects_subject s ON s.id = x.subject_id "
        f"LEFT JOIN m ON m.place_id = e.place_id "
        f"WHERE x.rule = %s AND x.until IS NULL AND x.subject_id > %s AND x.subject_id <= %s AND NOT coalesce("
        f"x.anchor IS NULL AND e.until IS NULL AND e.register = %s AND s.ended = '' AND m.seat_id = x.seat_id AND e.place_id = x.place_id "
        f"AND {what.holds}, FALSE) ORDER BY x.subject_id"
    )
    with connection.cursor() as cursor:
        cursor.execute(text, [*seats, what.rule.name, after, upto, what.rule.over[1], *what.given])
        return [subject for (subject,) in cursor.fetchall()]
