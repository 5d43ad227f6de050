"""A missed duty climbs: each rung tells its seat and one further up, once; a late record or a waiver takes it all back."""

from __future__ import annotations

from datetime import datetime

from gezhi.engines.duties import access, telling, writing
from gezhi.engines.duties.models import Done
from gezhi.engines.duties.rules import MISSED, Rule
from gezhi.engines.duties.schema import rule as rule_of
from gezhi.foundation import db, people
from gezhi.foundation.calendar import clock, deadline
from gezhi.foundation.errors import NotFound

BATCH = 200


def next_at(rule: Rule, row: Done) -> datetime | None:
    """When the next rung is due; None at the top."""
    return deadline(row.closes, rule.climbs[row.rung].after) if row.rung < len(rule.climbs) else None


def climb(limit: int = BATCH) -> int:
    """Do the rungs that are due; returns how many rows were looked at. Call again while it returns `limit`."""
    now = clock.now()
    due = list(Done.objects.filter(climb_at__lte=now).order_by("climb_at").values_list("pk", flat=True)[:limit])
    for id in due:
        _look(id, now)
    return len(due)


def _look(id: int, now: datetime) -> None:
    with db.write():
        row = access.locked(id)
        if row.climb_at is None or row.climb_at > now or row.state != MISSED:
            return
        try:
            rule = rule_of(row.rule)
        except NotFound:  # the pack was taken out; what was missed stays, nobody is told any more
            row.climb_at = None
            writing.store(row, "duty.climbed", actor=people.system("clock"))
            return
        directory = people.directory()
        while row.climb_at is not None and row.climb_at <= now:
            post = rule.climbs[row.rung].post
            below = row.raised_to or row.seat_id
            above = directory.above(below) if below in directory.seats else None
            row.raised_to = directory.seat_for(post, row.place_id) if post else above or directory.root
            row.rung += 1
            row.climb_at = next_at(rule, row)
        writing.store(row, "duty.climbed", actor=people.system("clock"))
        telling.tell(rule, row)
