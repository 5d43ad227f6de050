"""Windows that have closed: whoever owed and has no record gets one that says missed, batch by batch, once.

From then on the figures of that period are a count of rows. A record that comes later turns missed into done.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from gezhi.engines.duties import climbing, writing
from gezhi.engines.duties.models import Done, Enrolment, Window
from gezhi.engines.duties.publishing import in_force
from gezhi.engines.duties.rhythms import Period
from gezhi.engines.duties.rules import MISSED, OPEN, Rule, joined_by
from gezhi.engines.duties.schema import rules
from gezhi.foundation import db, people
from gezhi.foundation.calendar import clock

#: How many are marked in one write at most and at least; in between by how long the last one took (HELD, in seconds).
BATCH, LEAST = 100, 10
HELD = 0.02


def close_windows(*, batch: int = BATCH) -> int:
    """Close every window of every rule that is over and was not closed; returns how many were missed."""
    now = clock.now()
    since = in_force()
    missed = 0
    for rule in rules():
        if rule.name not in since:
            continue
        if rule.within is not None:
            missed += _close_anchored(rule, now, batch)
            continue
        for period in over(rule, since[rule.name], now):
            missed += close(rule, period, batch=batch)
    return missed


def over(rule: Rule, since: date, now: datetime) -> Iterator[Period]:
    """The periods of a rule that are over and were not closed, oldest first."""
    last = (
        Window.objects.filter(rule=rule.name, finished=True)
        .order_by("-closes")
        .values_list("closes", flat=True)
        .first()
    )
    first = clock.local(last).date() - timedelta(days=1) if last is not None else since
    for period in rule.periods(max(first, since), clock.local(now).date()):
        if period.closes <= now and (last is None or period.closes > last) and period.last >= since:
            yield period


def close(rule: Rule, period: Period, *, batch: int = BATCH) -> int:
    """Close one window, going on where a crash stopped it; returns how many were missed."""
    missed, pace = 0, _pace(batch)
    while True:
        size = pace.size
        with pace.write():
            row, _new = Window.objects.select_for_update().get_or_create(
                rule=rule.name, period=period.key, defaults={"closes": period.closes}
            )
            if row.finished:
                return missed
            owing = _owing(rule, period, row, size)
            missed += _mark(rule, [(e, period) for e in owing])
            if owing:
                row.seat_reached, row.subject_reached = owing[-1].seat_id, owing[-1].subject_id
            row.finished = len(owing) < size
            row.save()
        pace.rest()


def _pace(batch: int) -> db.Pace:
    return db.Pace(batch, min(LEAST, batch), batch, HELD)


_OWING = """
SELECT e.id FROM duties_enrolment e
WHERE e.rule = %s AND (e.seat_id, e.subject_id) > (%s, %s) AND e.since <= %s AND (e.until IS NULL OR e.until > %s)
AND NOT EXISTS (SELECT 1 FROM duties_done d WHERE d.rule = %s AND d.subject_id = e.subject_id AND d.period = %s
                AND d.state <> 'open')
ORDER BY e.seat_id, e.subject_id LIMIT %s
"""


def _owing(rule: Rule, period: Period, row: Window, batch: int) -> list[Enrolment]:
    """The next enrolments that owe the period and have no record, locked: a record that is being written comes first."""
    given: list[Any] = [
        rule.name, row.seat_reached, row.subject_reached, joined_by(period).isoformat(), period.last.isoformat(),
        rule.name, period.key, batch,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_OWING, given)
        ids = [id for (id,) in cursor.fetchall()]
    found = Enrolment.objects.select_for_update().filter(pk__in=ids).order_by("seat_id", "subject_id")
    return list(found)


_ANCHORED = """
SELECT e.id FROM duties_enrolment e
WHERE e.rule = %s AND e.anchor <= %s AND e.until IS NULL
AND NOT EXISTS (SELECT 1 FROM duties_done d WHERE d.rule = %s AND d.subject_id = e.subject_id AND d.period = {anchor}
                AND d.state <> 'open')
ORDER BY e.id
"""


def anchor_text() -> str:
    """The anchor as a period's key in SQL."""
    return "e.anchor" if connection.vendor == "sqlite" else "to_char(e.anchor, 'YYYY-MM-DD')"


def _close_anchored(rule: Rule, now: datetime, batch: int) -> int:
    """Rules within days of a date: each has its own window."""
    with connection.cursor() as cursor:
        sql = _ANCHORED.format(anchor=anchor_text())
        cursor.execute(sql, [rule.name, clock.local(now).date().isoformat(), rule.name])
        ids = [id for (id,) in cursor.fetchall()]
    missed, pace, at = 0, _pace(batch), 0
    while part := ids[at : at + pace.size]:
        at += len(part)
        with pace.write():
            found = Enrolment.objects.select_for_update().filter(pk__in=part, until=None)
            owing = [(e, p) for e in found.order_by("id") if (p := rule.once(e.anchor)) is not None and p.closes <= now]
            missed += _mark(rule, owing)
        pace.rest()
    return missed


def _mark(rule: Rule, owing: list[tuple[Enrolment, Period]]) -> int:
    """Rows that say missed, for those that have none under the lock; rows taken back turn to missed again."""
    if not owing:
        return 0
    keys = {p.key for _e, p in owing}
    there = {
        (row.subject_id, row.period): row
        for row in Done.objects.select_for_update().filter(
            rule=rule.name, subject_id__in=[e.subject_id for e, _p in owing], period__in=keys
        )
    }
    new: dict[tuple[int, str], Done] = {}
    again = []
    for enrolled, period in owing:
        row = there.get((enrolled.subject_id, period.key))
        if row is None:
            row = new.setdefault((enrolled.subject_id, period.key), writing.row_of(rule, enrolled, period, MISSED))
            row.climb_at = climbing.next_at(rule, row)
        elif row.state == OPEN:
            row.state, row.climb_at = MISSED, climbing.next_at(rule, row)
            again.append(row)
    rows = list(new.values())
    for row, id in zip(rows, writing.new_ids(len(rows)) if rows else (), strict=True):
        row.pk = id
    writing.insert(rows, "duty.missed", actor=people.system("clock"))
    for row in again:
        writing.store(row, "duty.missed", actor=people.system("clock"))
    return len(rows) + len(again)
