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

from django.db import connection

from gezhi.engines.duties import enrolling
from gezhi.engines.duties.models import Enrolment
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

    `note(reached)` is called in each write. Those already under the rule are left as they stand (`mend` sees to them).
    """
    came = 0
    seats = Seats([what.rule], [], what.today)
    pace = _pace()
    while (first := _next(what.rule.over[1], reached)) is not None:
        reached = first - 1
        upto = reached + pace.size
        places = _places(what.rule.over[1], reached, upto)
        if places:
            serving = {place: seats.of_post(what.rule.seat[1], place) for place in places}
            with db.write(), pace:
                came += _insert(what, reached, upto, serving)
                note(upto)
            pace.rest()
        reached = upto
    return came


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
            with db.write(), pace:
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


def _places(register: str, after: int, upto: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT e.place_id FROM subjects_entry e WHERE {_range()}", [after, upto, register])
        return [place for (place,) in cursor.fetchall()]


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


def _insert(what: _Sweep, after: int, upto: int, serving: Mapping[int, int]) -> int:
    table, seats = _serving(serving)
    path = ", ".join(PATH)
    lines = ", ".join(f"e.{column}" for column in PATH)
    # A subject with two lines is enrolled by the first, as enrolling.wants has it: the second meets the constraint.
    text = (
        f"INSERT INTO duties_enrolment (rule, version, subject_id, entry_id, seat_id, since, {path}) "
        f"WITH m AS MATERIALIZED ({table}) "
        f"SELECT %s, %s, e.subject_id, e.id, m.seat_id, CASE WHEN e.since > {_as_date()} THEN e.since ELSE {_as_date()} END, {lines} "
        f"FROM subjects_entry e JOIN subjects_subject s ON s.id = e.subject_id JOIN m ON m.place_id = e.place_id "
        f"WHERE {_range()} AND s.ended = '' AND {what.holds} ORDER BY e.id {'' if _lite() else 'FOR SHARE OF e '}"
        f"ON CONFLICT DO NOTHING"
    )
    rule, today = what.rule, what.today.isoformat()
    with connection.cursor() as cursor:
        cursor.execute(text, [*seats, rule.name, rule.version, today, today, after, upto, rule.over[1], *what.given])
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
