"""Lists over a large table: pages, overdue, inbox, supervision, search; for a person with three disjoint places.

SQL time is the sum of what the database took for the page's statements, the best of several; HTTP time is a
request through a running server by one client, 95th percentile. Page 1,000 is reached by a cursor made for that
depth. CPU is that of this process for the same call without HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

from bench import million, servers
from bench.homes import Home
from bench.lines import Line, percentile, timed

SQL_MS, DESK_SQL_MS, HTTP_P95 = 5.0, 60.0, 60.0
ROWS, SMALL_ROWS, PAGE = 1_000_000, 40_000, 50


def run(home: Home) -> Iterator[Line]:
    from gezhi.foundation.calendar import clock

    ground = million.fill(SMALL_ROWS if home.small else ROWS, until=clock.now())
    yield from measure(home, ground)


def measure(home: Home, ground: million.Ground) -> Iterator[Line]:
    """The lists over rows that are there already."""
    from gezhi.engines.workflows import queries
    from gezhi.engines.workflows.queries import Filters
    from gezhi.foundation import people

    size = f"{ground.rows:,} cases"
    deep = _deep_cursor(ground)
    wanted: list[tuple[str, Filters, str | None, str]] = [
        ("page of 50", Filters(), None, ""),
        ("page 1,000", Filters(), deep, f"cursor={deep}"),
        ("page of open cases", Filters(state="open"), None, "state=open"),
        ("page, common category", Filters(category=ground.common_category), None, f"category={ground.common_category}"),
        ("page, rare category", Filters(category=ground.rare_category), None, f"category={ground.rare_category}"),
    ]
    with servers.serving() as server:
        token = people.issue_token(people.directory().person(ground.actor.person_id)).secret
        for what, filters, cursor, query in wanted:
            sql, queries_made, cpu = spent(
                lambda f=filters, c=cursor: queries.page(ground.actor, f, cursor=c, size=PAGE)
            )
            yield Line(home.db, f"{what}, {size}: SQL", sql, "ms", cpu_ms=cpu, queries=queries_made,
                       bound=f"<= {SQL_MS:g} ms", ok=sql <= SQL_MS)  # fmt: skip
            http = servers.load(server, 100, _asking(f"/api/v1/cases?{query}", token), clients=1)
            p95 = percentile(http.taken, 0.95)
            yield Line(home.db, f"{what}: HTTP p95", p95, "ms", bound=f"<= {HTTP_P95:g} ms", ok=p95 <= HTTP_P95)
    for what, call in _desk(ground):
        sql, queries_made, cpu = spent(call)
        yield Line(home.db, f"{what}: SQL", sql, "ms", cpu_ms=cpu, queries=queries_made,
                   bound=f"<= {DESK_SQL_MS:g} ms", ok=sql <= DESK_SQL_MS)  # fmt: skip


def _desk(ground: million.Ground) -> list[tuple[str, Callable[[], object]]]:
    """What the desk shows: lists and counts beyond the plain page."""
    from gezhi.engines.workflows import queries
    from gezhi.engines.workflows.models import Case
    from gezhi.engines.workflows.queries import Filters
    from gezhi.foundation import people

    actor, directory = ground.actor, people.directory()
    dispatcher = people.actor_for(
        min(directory.holders(directory.seats_at(ground.county, "county_dispatcher")[0].id, _now()))
    )
    department = people.actor_for(min(directory.holders(ground.department, _now())))
    (_kind, narrow) = ground.scopes[-1]
    case = Case.objects.filter(category=ground.common_category).order_by("-pk")[0]
    return [
        ("overdue page, three places", lambda: queries.page(actor, Filters(overdue=True))),
        ("overdue page, county", lambda: queries.page(dispatcher, Filters(overdue=True))),
        ("page of a department's cases", lambda: queries.page(department, Filters())),
        ("page of a department's, one village", lambda: queries.page(department, Filters(place=narrow))),
        ("page of a channel, county", lambda: queries.page(dispatcher, Filters(channel="hotline"))),
        ("menu counts, county", lambda: queries.counts(dispatcher)),
        ("inbox, department", lambda: queries.inbox(department)),
        ("supervision board, county", lambda: queries.supervision(dispatcher)),
        ("search, common word, county", lambda: queries.page(dispatcher, Filters(q=million.COMMON_WORD))),
        ("search, rare word, county", lambda: queries.page(dispatcher, Filters(q=million.RARE_WORD))),
        ("search, common word, three places", lambda: queries.page(actor, Filters(q=million.COMMON_WORD))),
        ("search, rare word, three places", lambda: queries.page(actor, Filters(q=million.RARE_WORD))),
        ("search, common word, department", lambda: queries.page(department, Filters(q=million.COMMON_WORD))),
        ("units suggested for a category", lambda: queries.suggest_units(case, ground.common_category)),
    ]


def _now() -> Any:
    from gezhi.foundation.calendar import clock

    return clock.now()


def _deep_cursor(ground: million.Ground) -> str:
    """The cursor of page 1,000 (or the last one there is): made from the row that page 999 would end with."""
    from gezhi.engines.workflows import access, queries
    from gezhi.engines.workflows.models import Case
    from gezhi.engines.workflows.queries import Filters

    mine: set[int] = set()
    for scope in access.scopes(ground.actor):
        mine.update(Case.objects.filter(**{scope.column: scope.value}).values_list("id", flat=True))
    newest_first = sorted(mine, reverse=True)
    last = newest_first[min(999 * PAGE, max(0, len(newest_first) - PAGE - 1))]
    return queries.cursor_after(last, Filters())


def spent(call: Callable[[], object], times: int = 7) -> tuple[float, int, float]:
    """(milliseconds inside the database, the best of `times`; statements; CPU milliseconds of a call)."""
    from django.db import connection

    from gezhi.foundation.db import revisions

    sums: list[float] = []
    counts: list[int] = []

    def note(execute, sql, params, many, context):
        begun = perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            sums[-1] += (perf_counter() - begun) * 1000
            counts[-1] += 1

    def once() -> None:
        sums.append(0.0)
        counts.append(0)
        with revisions.scope():
            call()

    with connection.execute_wrapper(note), fetching(sums):
        _taken, cpu = timed(once, times)
    return min(sums[1:]), counts[-1], cpu


class fetching:
    """Counts the time of fetching rows as the database's: SQLite computes a row when it is asked for."""

    def __init__(self, sums: list[float]) -> None:
        self.sums = sums

    def __enter__(self) -> None:
        from django.db.backends.utils import CursorWrapper

        self.given = CursorWrapper.__getattr__
        sums, given = self.sums, self.given

        def timed_fetch(wrapper: Any, name: str) -> Any:
            found = given(wrapper, name)
            if not name.startswith("fetch"):
                return found

            def fetch(*args: Any) -> Any:
                begun = perf_counter()
                try:
                    return found(*args)
                finally:
                    sums[-1] += (perf_counter() - begun) * 1000

            return fetch

        CursorWrapper.__getattr__ = timed_fetch

    def __exit__(self, *_: object) -> None:
        from django.db.backends.utils import CursorWrapper

        CursorWrapper.__getattr__ = self.given


def _asking(path: str, token: str) -> Callable[[int], tuple[str, str, None, dict[str, str]]]:
    return lambda _n: ("GET", path, None, {"Authorization": f"Bearer {token}"})
