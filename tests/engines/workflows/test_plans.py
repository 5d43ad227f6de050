"""How the lists read a large table, on both databases: by index, no big sort, no more rows than the page shows.

The table is skewed: most cases are closed, a few villages, categories and units have most of them. PostgreSQL plans
with statistics, SQLite without, as each does on a site.
"""

from __future__ import annotations

import json
import re

import pytest
from django.db import connection

from bench import million
from gezhi.engines.workflows import access, queries
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.queries import Filters
from gezhi.foundation import measures
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.db.postgresql.base import _numbered
from tests.foundation.people.county import SETUP

ROWS, PAGE = 30_000, 50
LARGE = ("workflows_case", "workflows_workitem")


@pytest.fixture
def county(world):
    """The cast over a large table; `actor` has three disjoint places, `dispatcher` the whole county."""
    world.seat("village_secretary", "ridge", "钱立")
    from gezhi.foundation.people import actions

    actions.appoint(world.seats["secretary"], world.person("钱立"), actor=SETUP)
    million.fill_within(ROWS, until=clock.now())
    return world


def statements(call):
    """The statements over the large tables that a call runs, as (sql, parameters)."""
    seen = []

    def note(execute, sql, params, many, context):
        seen.append((sql, params))
        return execute(sql, params, many, context)

    with revisions.scope(), connection.execute_wrapper(note):
        call()
    return [(sql, params) for sql, params in seen if any(table in sql for table in LARGE)]


def rows_read(sql, params):
    """Rows of the large tables that a statement touches; fails when it reads one in full or sorts much of it."""
    return _read_on_postgresql(sql, params) if connection.vendor == "postgresql" else _read_on_sqlite(sql, params)


def _read_on_postgresql(sql, params):
    explain = "EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) "
    with connection.cursor() as cursor:
        if " AS scan" in sql:  # goes over the wire (ADR 0263): what the server keeps for it is one plan for all values
            cursor.execute(f"PREPARE listed AS {_numbered(sql)}")
            cursor.execute("SET plan_cache_mode = force_generic_plan")
            explain, sql = f"{explain}EXECUTE listed({', '.join(['%s'] * len(params))})", ""
        cursor.execute(explain + sql, params)
        plan = cursor.fetchone()[0]
        if not sql:
            cursor.execute("RESET plan_cache_mode")
            cursor.execute("DEALLOCATE listed")
    top = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    total, waiting = 0, [top]
    while waiting:
        node = waiting.pop()
        below = node.get("Plans", [])
        waiting += below
        touched = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        if node.get("Relation Name") in LARGE:
            assert node["Node Type"] != "Seq Scan", sql
            total += touched
        if node["Node Type"] == "Bitmap Index Scan":
            total += touched
        if node["Node Type"] in ("Sort", "Incremental Sort"):
            assert sum(n["Actual Rows"] * n["Actual Loops"] for n in below) <= ROWS / 10, (sql, node)
    return total


def _read_on_sqlite(sql, params):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        steps = cursor.fetchall()
        parents = {id: parent for id, parent, _unused, _detail in steps}
        for _id, parent, _unused, detail in steps:
            if any(table in detail for table in LARGE):
                assert not detail.startswith("SCAN"), (sql, detail)
            if "TEMP B-TREE FOR ORDER BY" in detail:
                # Only what the scans have already cut to a page each may be put in order.
                assert parent == 0 or parents[parent] == 0, (sql, steps)
        # SQLite does not count rows; each row costs at least a step of its machine and no more than some forty.
        counted = [0]

        def step():
            counted[0] += 1
            return 0

        connection.connection.set_progress_handler(step, 10)
        try:
            cursor.execute(sql, params)
            cursor.fetchall()
        finally:
            connection.connection.set_progress_handler(None, 0)
    return counted[0] * 10 / 40


def lists_of(county):
    actor, dispatcher, unit = county.actor("钱立"), county.actor("方晓"), county.actor("马东")
    rare = Case.objects.values_list("category", flat=True).order_by("-id")[0]
    common = million.commonest(Case, "category")
    middle = Case.objects.filter(village_id=county.places["lake"]).order_by("id")[2_000].id
    deep = queries.cursor_after(middle, Filters())
    return {
        "newest": lambda: queries.page(actor, size=PAGE),
        "deep": lambda: queries.page(actor, cursor=deep, size=PAGE),
        "open": lambda: queries.page(actor, Filters(state=OPEN), size=PAGE),
        "common category": lambda: queries.page(actor, Filters(category=common), size=PAGE),
        "other category": lambda: queries.page(actor, Filters(category=rare), size=PAGE),
        "no such category": lambda: queries.page(actor, Filters(category="T000000"), size=PAGE),
        "category, county": lambda: queries.page(dispatcher, Filters(category=rare), size=PAGE),
        "overdue": lambda: queries.page(actor, Filters(overdue=True), size=PAGE),
        "overdue, county": lambda: queries.page(dispatcher, Filters(overdue=True), size=PAGE),
        "one seat": lambda: queries.page(dispatcher, Filters(owner=county.seats["power"]), size=PAGE),
        "a stage": lambda: queries.page(dispatcher, Filters(stage="arbitrate", state=OPEN), size=PAGE),
        "a unit's": lambda: queries.page(unit, size=PAGE),
        "a unit's, category": lambda: queries.page(unit, Filters(category=rare), size=PAGE),
        "inbox": lambda: queries.inbox(unit, limit=PAGE),
    }


def test_no_list_reads_more_than_its_pages(county):
    for name, call in lists_of(county).items():
        found = statements(call)
        assert found, name
        # Every scope is scanned for open and for closed cases, each at most a page; an inbox allows for barred items.
        most = (2 * 6 + 4) * (PAGE + 51)
        if connection.vendor == "postgresql":
            # Where a place holds a good part of a table not yet vacuumed, the planner walks the newest of all instead.
            most *= 6
        for sql, params in found:
            assert rows_read(sql, params) <= most, (name, rows_read(sql, params), sql)


def test_what_is_parked_is_read_from_its_own_few_rows(county):
    """Nobody looks for the newest parked matter along all there are, with statistics or without."""
    call = statements(lambda: queries.page(county.actor("方晓"), Filters(parked=True), size=PAGE))
    for _statistics in range(2):
        for sql, params in call:
            if connection.vendor == "postgresql":
                assert rows_read(sql, params) <= ROWS / 10, sql
                continue
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                steps = [detail for *_ids, detail in cursor.fetchall() if "workflows_case" in detail]
            assert steps and not [detail for detail in steps if detail.startswith("SCAN")], steps
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE workflows_case")


def test_the_measure_sees_a_list_without_its_index(county):
    """The twin: the same question asked past the indexes is caught."""
    sql = "SELECT id FROM workflows_case WHERE +county_id = %s AND channel || '' = 'none' ORDER BY late_at LIMIT 51"
    with pytest.raises(AssertionError):
        assert rows_read(sql, [county.places["county"]]) <= ROWS / 10


def test_figures_of_a_month_read_that_month(county):
    place, month = county.places["county"], measures.month_of(clock.today())
    counted = Case.objects.filter(figures_until__gte=month.since, opened_at__lt=clock.now()).count()
    assert counted < ROWS / 5
    found = statements(lambda: measures.measure(["reported", "closed_rate", "open"], period=month, place=place))
    for sql, params in found:
        plan = "\n".join(_explained(sql, params))
        assert re.search(r"case_county_figures", plan), plan


def test_steps_of_a_month_are_read_from_their_own_index(county):
    month = measures.month_of(clock.today())
    found = statements(lambda: measures.durations(since=month.since, until=month.until, place=county.places["county"]))
    for sql, params in found:
        plan = "\n".join(_explained(sql, params))
        assert re.search(r"item_done\b", plan), plan


def _explained(sql, params):
    with connection.cursor() as cursor:
        prefix = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{prefix} {sql}", params)
        return [str(row[-1]) for row in cursor.fetchall()]


def test_an_open_case_is_counted_for_ever_and_a_closed_one_to_its_last_instant(world):
    case = world.open()
    assert Case.objects.get(pk=case.id).figures_until.year == 9999
    world.to_closed(case)
    row = Case.objects.get(pk=case.id)
    assert row.figures_until == max(
        at for at in (row.closed_at, row.due_at, row.close_by, row.respond_by, row.followed_at) if at is not None
    )


def test_found_rows_are_seen_by_the_same_rule_as_lists(county):
    actor = county.actor("钱立")
    ids = list(Case.objects.order_by("-id").values_list("id", flat=True)[:500])
    seen = {c.id for c in Case.objects.filter(access.searchable(ids, actor))}
    assert seen == {c.id for c in Case.objects.filter(pk__in=ids) if access.sees(c, actor)}
    assert WorkItem.objects.filter(case_id__in=seen).exists()
