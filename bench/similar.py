"""The check for near-duplicates over a million cases: SQL, CPU and queries, in the busiest village, with matches to read.

Only sketches are made in number, skewed over villages as life is; the cases that are found are real ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

from bench.homes import Home
from bench.lines import Line, percentile, timed
from bench.lists import spent
from bench.million import TEXTS, YEARS, zipf

SQL_MS = 5.0
ROWS, SMALL_ROWS, BATCH = 1_000_000, 50_000, 5_000
PIPE = "滨河路18号门口水管爆了，水流了一街，没法走路。"


def run(home: Home) -> Iterator[Line]:
    from gezhi.engines.workflows import actions, similar
    from gezhi.engines.workflows.models import Sketch
    from gezhi.foundation import people, places
    from gezhi.foundation.calendar import clock
    from gezhi.foundation.db import revisions
    from gezhi.foundation.text import near

    rows = SMALL_ROWS if home.small else ROWS
    known = places.directory()
    villages = [v for v in known.of_kind("village") if known.open(v)]
    Random(7).shuffle(villages)
    _fill(rows, villages)
    busy = villages[0]
    like = [
        actions.open_case("request", {"text": PIPE}, actor=people.resident(), place_id=busy, channel="portal")[0]
        for _n in range(40)
    ]
    path = known.path(busy)
    similar.put((case.id, path.town_id, busy, near.sketch(PIPE)) for case in like)
    _analyse(Sketch)
    clerk = people.actor_for(
        min(people.directory().holders(people.directory().seat_for("village_secretary", busy), clock.now()))
    )
    with revisions.scope():
        found = similar.candidates(PIPE, busy, actor=clerk)
        assert len(found) == 5, found
        sql, queries, cpu = spent(lambda: similar.candidates(PIPE, busy, actor=clerk))
        taken, _cpu = timed(lambda: similar.candidates(PIPE, busy, actor=clerk), 50)
        sketching, _cpu = timed(lambda: near.sketch(PIPE), 50)
    yield Line(
        home.db, f"near-duplicates among {rows:,} cases: SQL", sql, "ms", cpu_ms=cpu, queries=queries,
        bound=f"<= {SQL_MS:g} ms, 2 queries and the revisions", ok=sql <= SQL_MS and queries <= 3,
    )  # fmt: skip
    yield Line(home.db, "the same, whole, median", percentile(taken, 0.5), "ms")
    yield Line(home.db, "a sketch of one text", percentile(sketching, 0.5), "ms")


def _fill(rows: int, villages: list[int]) -> None:
    from gezhi.engines.workflows import rules
    from gezhi.engines.workflows.models import Sketch
    from gezhi.foundation import db, places
    from gezhi.foundation.calendar import clock
    from gezhi.foundation.text import near

    rng, known, now = Random(5), places.directory(), clock.now()
    sketches = [near.sketch(f"{n}号{rng.choice(TEXTS).format(w='路灯')}") for n in range(500)]
    towns = {v: known.path(v).town_id for v in villages}
    where = rng.choices(villages, cum_weights=zipf(len(villages), 0.9), k=rows)
    span = timedelta(days=365 * YEARS)
    made: list[Any] = []
    for number in range(rows):
        at = now - span * (1 - number / rows)
        id = (rules.first_id(at)) | rng.getrandbits(20)
        made.append(
            Sketch(case_id=id, town_id=towns[where[number]], village_id=where[number], sketch=rng.choice(sketches))
        )
        if len(made) == BATCH or number == rows - 1:
            with db.write():
                Sketch.objects.bulk_create(made)
            made = []


def _analyse(model: Any) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {model._meta.db_table}")
