"""Who answers for what, worked out slowly in SQL and straight from the rules of docs/rules/seats.md.

Shares no code with the directory: it asks the tables anew for each step.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

HOLDERS = """
    SELECT person_id FROM people_holding
    WHERE seat_id = %(seat)s AND since <= %(at)s AND (until IS NULL OR until > %(at)s)
    UNION
    SELECT person_id FROM people_substitute
    WHERE seat_id = %(seat)s AND since <= %(at)s AND until > %(at)s
"""
NEAREST = """
    WITH RECURSIVE up(place, steps) AS (
        SELECT CAST(%(place)s AS bigint), 0
        UNION ALL
        SELECT edge.parent_id, up.steps + 1 FROM places_placeedge AS edge JOIN up ON edge.child_id = up.place
        WHERE edge.layer = 'governance' AND edge.until IS NULL
    )
    SELECT seat.id FROM up
    JOIN people_seat AS seat ON seat.place_id = up.place AND seat.closed_at IS NULL
    JOIN people_post AS post ON post.id = seat.post_id
    WHERE post.code = %(post)s AND (up.steps > 0 OR seat.id <> %(not_seat)s)
    ORDER BY up.steps, seat.id LIMIT 1
"""


def _rows(sql: str, **values) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def holders(seat: int, at: datetime) -> set[int]:
    moment = connection.ops.adapt_datetimefield_value(at)
    return {row[0] for row in _rows(HOLDERS, seat=seat, at=moment)}


def root() -> int:
    sql = (
        "SELECT seat.id FROM people_seat seat JOIN people_post post ON post.id = seat.post_id WHERE post.root = %(yes)s"
    )
    return _rows(sql, yes=True)[0][0]


def above(seat: int) -> int:
    ((place, falls_to),) = _rows(
        "SELECT seat.place_id, post.falls_to FROM people_seat seat JOIN people_post post ON post.id = seat.post_id "
        "WHERE seat.id = %(seat)s",
        seat=seat,
    )
    while falls_to:
        if found := _rows(NEAREST, place=place, post=falls_to, not_seat=seat):
            return found[0][0]
        ((falls_to,),) = _rows("SELECT falls_to FROM people_post WHERE code = %(code)s", code=falls_to)
    return root()


def effective(seat: int, at: datetime, unlike: frozenset[int] = frozenset()) -> tuple[int, set[int]] | None:
    """The seat where persons are found and the persons; None when even the root has none."""
    top = root()
    while True:
        persons = holders(seat, at) - unlike
        if persons:
            return seat, persons
        if seat == top:
            return None
        seat = above(seat)
