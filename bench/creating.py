"""Raising a matter through HTTP: validation, place look-up, owner, clock, event; eight clients at once.

Against the limit of `bench.limits` in the same run. CPU is that of all server processes and, on PostgreSQL, of
all its processes. Latency and the sealer's lag are taken with the worker running beside the server, as it always does,
once it has caught up with what was raised without it.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from bench import limits, servers
from bench.homes import Home
from bench.lines import Line, percentile
from gezhi.foundation.db import count_queries

CPU_MS, QUERIES, RATIO, P99, MAX, LAG = 4.0, 8, 0.20, 60.0, 500.0, 2.0
ACTION_QUERIES = 12


def run(home: Home) -> Iterator[Line]:
    count = 1_000 if home.small else 6_000
    raise_one, request = _requests()
    raise_one(0)
    create = limits.capture(lambda: raise_one(1))
    with count_queries() as seen:
        raise_one(2)
    # Before and after the load, the better counts: a limit taken in a starved moment would flatter the ratio.
    limit = limits.best(home, create, round=0)
    with servers.serving() as server:
        servers.load(server, 300, lambda n: request(-1 - n))
        pids = server.pids()
        if home.db == "postgres":
            pids += servers.descendants(servers.postmaster(limits.data_directory(home)))
        before = servers.cpu_ms(pids)
        alone = servers.load(server, count, request)
        cpu = (servers.cpu_ms(pids) - before) / count
    limit = max(limit, limits.best(home, create, round=1))
    yield Line(
        home.db, "create through HTTP, 8 clients", alone.rate, "/s", limit, alone.rate / limit, cpu, seen.total,
        f"ratio >= {RATIO}, CPU <= {CPU_MS:g}, queries <= {QUERIES}",
        alone.rate / limit >= RATIO and cpu <= CPU_MS and seen.total <= QUERIES,
    )  # fmt: skip
    with servers.serving(background=True) as server:
        servers.load(server, 300, lambda n: request(-1_000 - n))
        _caught_up()
        since = time.time()
        busy = servers.load(server, count, lambda n: request(count + n))
        lag = _sealer_lag(since)
    p99, worst = percentile(busy.taken, 0.99), max(busy.taken)
    yield Line(home.db, "create, worker beside, p99", p99, "ms", bound=f"<= {P99:g} ms", ok=p99 <= P99)
    yield Line(home.db, "create, worker beside, max", worst, "ms", bound=f"<= {MAX:g} ms", ok=worst <= MAX)
    yield Line(home.db, "sealer lag under that load, max", lag, "s", bound=f"<= {LAG:g} s", ok=lag <= LAG)
    yield from _actions(home)


def _requests() -> tuple[Any, Any]:
    """(raise one in this process, request n for the load)."""
    from django.test import Client

    from gezhi.foundation import places

    known = places.directory()
    grids = [g for v in known.of_kind("village") for g in known.grids_under(v)][:400]
    client = Client()

    def body(number: int) -> dict[str, object]:
        return {
            "text": f"{number % 20 + 1} 号楼三楼楼道灯坏了一个星期，晚上下楼看不清，老人差点摔着。",
            "place": str(grids[number % len(grids)]),
            "contact_name": "秦一",
            "contact_phone": f"138{number % 10**8:08d}",
        }

    def raise_one(number: int) -> None:
        answer = client.post(
            "/api/v1/requests", json.dumps(body(number)), content_type="application/json",
            headers={"Idempotency-Key": f"here-{number}"},
        )  # fmt: skip
        assert answer.status_code == 201, answer.content

    def request(number: int) -> tuple[str, str, dict[str, object], dict[str, str]]:
        return "POST", "/api/v1/requests", body(number), {"Idempotency-Key": f"load-{number}"}

    return raise_one, request


def _caught_up() -> None:
    """Wait until the worker has sealed and indexed what was raised before it was started, and sealed the bulletins of a
    county's whole past, which happens in no office.

    What the flows still owe of it (a notice for each case) goes on beside the load that follows.
    """
    from gezhi.foundation.events.models import Event
    from gezhi.foundation.events.sealing import sealed_until
    from gezhi.foundation.jobs.models import Job

    column = "id" if connection.vendor == "sqlite" else "tx"
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        waiting = Job.objects.filter(name__in=("case.index", "bulletins.seal")).exclude(state="done").exists()
        old = datetime.now(UTC) - timedelta(seconds=LAG)
        if not waiting and not Event.objects.filter(**{f"{column}__gte": sealed_until()}, at__lt=old).exists():
            return
        time.sleep(0.5)
    raise RuntimeError("the worker did not catch up")


def _sealer_lag(since: float) -> float:
    """Seconds between an event recorded after `since` and the block that sealed it, the longest."""
    from gezhi.foundation.events.models import Block, Event

    tx = "id" if connection.vendor == "sqlite" else "tx"
    events = list(Event.objects.filter(at__gte=datetime.fromtimestamp(since, UTC)).values_list(tx, "at"))
    last = max(number for number, _at in events)
    deadline = time.monotonic() + 30
    while not Block.objects.filter(tx_to__gt=last).exists():
        if time.monotonic() > deadline:
            return float("inf")
        time.sleep(0.2)
    blocks = list(Block.objects.order_by("tx_from").values_list("tx_from", "at"))
    starts = [start for start, _at in blocks]
    return max((blocks[bisect_right(starts, number) - 1][1] - at).total_seconds() for number, at in events)


def _actions(home: Home) -> Iterator[Line]:
    """The loop's actions on one case, each by the person whose step it is: queries and CPU of the engine."""
    from gezhi.engines.workflows import actions
    from gezhi.engines.workflows.models import OPEN, Case, WorkItem
    from gezhi.foundation import people
    from gezhi.foundation.calendar import clock
    from gezhi.foundation.db import revisions

    most, spent, done = 0, 0.0, 0
    directory = people.directory()
    for case in Case.objects.filter(stage="triage").order_by("id")[: 10 if home.small else 50]:
        unit = directory.seats_at(case.county_id, "department")[0].id
        steps: list[tuple[str, dict[str, Any]]] = [
            ("dispatch", {"sort": "big", "unit": unit}), ("accept", {}), ("finish", {"result": "换了灯泡。"}), ("pass", {}),
        ]  # fmt: skip
        for action, data in steps:
            item = WorkItem.objects.get(case_id=case.id, state=OPEN, side=False)
            effective = directory.effective(item.owner_seat, clock.now(), unlike=frozenset(item.barred))
            actor = people.actor_for(min(effective.persons))
            revisions.forget()
            begun = time.process_time()
            with count_queries() as seen:
                actions.fire(case.id, action, item=item.number, expected_seq=None, actor=actor, data=data, key=action)
            spent += time.process_time() - begun
            most, done = max(most, seen.total), done + 1
    yield Line(
        home.db, "action of the engine, most queries", most, "", cpu_ms=spent * 1000 / done, queries=most,
        bound=f"queries <= {ACTION_QUERIES}", ok=most <= ACTION_QUERIES,
    )  # fmt: skip
