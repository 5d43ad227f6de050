"""What a bulletin costs over a large table: the month and the week of a county, a town and a village.

The desk's own page is rendered for somebody who may read it; SQL time is what the database took for all its
statements. Runs on the rows that `bench.lists` has made.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter, process_time
from typing import Any

from bench.homes import Home
from bench.lines import Line
from bench.lists import spent

BULLETIN_MS = 2_000.0
#: Sealing is a job; it keeps every row of the period and of those it is compared with. No requirement names a bound: this is ours.
SEAL_S = 10.0


def run(home: Home) -> Iterator[Line]:
    from gezhi.engines.workflows.models import Case
    from gezhi.foundation import measures
    from gezhi.foundation.calendar import clock

    size = f"{Case.objects.count():,} cases"
    case = Case.objects.order_by("-pk")[0]
    today = clock.today()
    month, week = measures.month_of(today), measures.week_of(today)
    wanted = [
        ("county, month", case.county_id, month),
        ("county, week", case.county_id, week),
        ("county, a year ago", case.county_id, month.back(12)),
        ("town, month", case.town_id, month),
        ("village, month", case.village_id, month),
    ]
    for what, place, period in wanted:
        sql, queries, cpu = spent(lambda p=place, w=period: _page(case.county_id, p, w), times=3)
        yield Line(
            home.db, f"bulletin of {what}, {size}: SQL", sql, "ms", cpu_ms=cpu, queries=queries,
            bound=f"<= {BULLETIN_MS:g} ms", ok=sql <= BULLETIN_MS,
        )  # fmt: skip
    yield sealing(home, "governance", case.county_id, month.back(), size)


def sealing(home: Home, name: str, place: int, period: Any, size: str) -> Line:
    """What sealing a bulletin counts and packs, once; the row and its event come on top."""
    from gezhi.engines.publishing.bulletins.gathering import gather
    from gezhi.engines.publishing.bulletins.schema import template
    from gezhi.foundation.calendar import clock
    from gezhi.foundation.db import count_queries, revisions

    kind, now = template(name), clock.now()
    begun, cpu = perf_counter(), process_time()
    with revisions.scope(), count_queries() as queries:  # as the job that seals does
        made = gather(kind, place, period, now=now)
    taken, cpu = perf_counter() - begun, process_time() - cpu
    return Line(
        home.db, f"sealing {name}, {made.reported:,} in {period.name}, {len(made.rows) / 1e6:.1f} MB kept, {size}", taken, "s",
        cpu_ms=cpu * 1000, queries=queries.total, bound=f"<= {SEAL_S:g} s", ok=taken <= SEAL_S,
    )  # fmt: skip


def _page(county: int, place: int, period: Any) -> None:
    """The bulletin as the county's dispatcher opens it."""
    from django.test import RequestFactory

    from gezhi.foundation import people
    from gezhi.foundation.calendar import clock
    from gezhi.interfaces.desk.views.bulletin import bulletin

    directory = people.directory()
    dispatcher = directory.seats_at(county, "county_dispatcher")[0].id
    request: Any = RequestFactory().get("/desk/bulletin")
    request.actor = people.actor_for(min(directory.holders(dispatcher, clock.now())))
    request.id, request.LANGUAGE_CODE, request.session = "bench", "zh-hans", {}
    answer = bulletin(request, place=place, kind=period.kind, period=period.name)
    assert answer.status_code == 200, answer.content
