"""The clock job over very many open clocks of which few are due: what a tick costs that finds nothing, and one with work.

The items are copies of one open item beside the main line of one case, made in one statement; what is due are cases of
their own, opened and left until after their deadline.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from time import perf_counter, process_time
from typing import Any

from bench.homes import Home
from bench.lines import Line, percentile, timed

BOUND_S = 1.0


def run(home: Home) -> Iterator[Line]:
    from gezhi.engines.workflows import ticking
    from gezhi.engines.workflows.models import OPEN, WorkItem
    from gezhi.foundation.calendar import clock

    count, due = (100_000, 20) if home.small else (1_000_000, 50)
    one = _open(1)[0]
    _copies(one, count, clock.now() + timedelta(days=30))
    while ticking.tick(settle=False) == ticking.BATCH:
        pass
    plan = (
        WorkItem.objects.filter(state=OPEN, next_at__lte=clock.now())
        .order_by("next_at")
        .values_list("case_id", "number")[:200]
        .explain()
    )
    assert "item_next" in plan, plan
    taken, cpu = timed(lambda: ticking.tick(settle=False), 20)
    idle = percentile(taken, 0.95) / 1000
    yield Line(
        home.db, f"tick over {count:,} open clocks, none due", idle, "s", cpu_ms=cpu, bound=f"<= {BOUND_S:g} s",
        ok=idle <= BOUND_S,
    )  # fmt: skip
    late = [case.id for case in _open(due)]
    WorkItem.objects.filter(case_id__in=late).update(
        warn_at=clock.now() - timedelta(hours=2), due_at=clock.now() - timedelta(hours=1), next_at=clock.now()
    )
    begun, used = perf_counter(), process_time()
    ticking.tick(settle=False)
    busy, cpu = perf_counter() - begun, (process_time() - used) * 1000
    assert WorkItem.objects.filter(case_id__in=late, breached_at__isnull=False).count() == due
    yield Line(
        home.db, f"tick over {count:,} open clocks, {due} due", busy, "s", cpu_ms=cpu, bound=f"<= {BOUND_S:g} s",
        ok=busy <= BOUND_S,
    )  # fmt: skip


def _open(count: int) -> list[Any]:
    from gezhi.engines.workflows import actions
    from gezhi.foundation import people, places

    place = next(p for p in places.directory().of_kind("village") if places.directory().open(p))
    return [
        actions.open_case("request", {"text": "灯坏了"}, actor=people.resident(), place_id=place, channel="portal")[0]
        for _n in range(count)
    ]


def _copies(case: Any, count: int, next_at: Any) -> None:
    """`count` open items beside the main line of the case, with clocks that run until `next_at`."""
    from django.db import connection

    from gezhi.engines.workflows.models import WorkItem
    from gezhi.foundation import db

    first = WorkItem.objects.get(case_id=case.id)
    columns = [f.column for f in WorkItem._meta.concrete_fields if f.column not in ("id", "number", "side", "next_at")]
    names = ", ".join(columns)
    sqlite = connection.vendor == "sqlite"
    series = (
        "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) SELECT i FROM n)"
        if sqlite
        else "(SELECT generate_series(1, %s) AS i)"
    )
    at = connection.ops.adapt_datetimefield_value(next_at)
    with db.write(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO workflows_workitem (number, side, next_at, {names}) "
            f"SELECT t.number + n.i, {'1' if sqlite else 'true'}, %s, {', '.join(f't.{c}' for c in columns)} "
            f"FROM workflows_workitem t, {series} n WHERE t.id = %s",
            [at, count, first.pk],
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE workflows_workitem")
