"""Putting work in, and looking at what is there."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Max

from gezhi.foundation import db
from gezhi.foundation.calendar import clock


def machine_ms() -> int:
    """Machine time, milliseconds since 1970; for leases and heartbeats only."""
    return time.time_ns() // 1_000_000


# Every new case enqueues a job: written out, because `bulk_create` makes its statement anew each time.
_INSERT = (
    "INSERT INTO jobs_job (name, key, payload, run_at, created_at, state, attempts, leased_by, leased_until, last_error) "
    "VALUES {rows} ON CONFLICT DO NOTHING"
)
_ROW = "(%s, %s, %s, %s, %s, 'ready', 0, '', 0, '')"
_ONE = _INSERT.format(rows=_ROW)
_BULK = 1_000


def enqueue(name: str, key: str, payload: dict[str, Any] | None = None, run_at: datetime | None = None) -> None:
    """Have the job `(name, key)` done once, no earlier than `run_at` (default now).

    One INSERT in the caller's transaction: if that is rolled back the job never existed. A pair that
    was enqueued before, done or not, is left as it is (a done job is remembered for 90 days).
    """
    enqueue_many([(name, key, payload or {})], run_at)


def enqueue_many(jobs: list[tuple[str, str, dict[str, Any]]], run_at: datetime | None = None) -> None:
    """`enqueue` for many (name, key, payload), in one INSERT."""
    with db.write():
        now = clock.now()
        at, created = (connection.ops.adapt_datetimefield_value(moment) for moment in (run_at or now, now))
        if len(jobs) == 1:
            ((name, key, payload),) = jobs
            db.tell(_ONE, [name, key, json.dumps(payload), at, created])
            return
        with connection.cursor() as cursor:
            for start in range(0, len(jobs), _BULK):
                part = jobs[start : start + _BULK]
                values = [v for name, key, payload in part for v in (name, key, json.dumps(payload), at, created)]
                cursor.execute(_INSERT.format(rows=", ".join([_ROW] * len(part))), values)


def heartbeat_age() -> float | None:
    """Seconds since any worker was last heard of; None when there never was one."""
    from .models import Worker

    last = Worker.objects.exclude(name__endswith="+slow").aggregate(last=Max("beat"))["last"]
    return None if last is None else max(0.0, (machine_ms() - last) / 1000)
