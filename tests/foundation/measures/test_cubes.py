"""One reading of the rows gives what each figure gives by itself; periods follow the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from gezhi.foundation.db import count_queries
from gezhi.foundation.measures import METRICS, Cut, cube, day_of, measure, parse_period, quarter_of, table, week_of

SINCE = datetime(2026, 10, 31, 16, tzinfo=UTC)
MONTH = Cut(SINCE, SINCE + timedelta(days=30), SINCE + timedelta(days=40))
ALL = tuple(id for id, m in METRICS.items() if m.source == "cases")


@pytest.fixture
def scattered(counted):
    """Two hundred kinds of cases around a month, dates before, in and after it."""
    luck = Random(7)

    def some(*days):
        return luck.choice([None, *(SINCE + timedelta(days=d) for d in days)])

    for _n in range(200):
        counted.add(
            luck.randint(1, 3), opened_at=SINCE + timedelta(days=luck.choice([-9, 0, 3, 12, 29])),
            due_at=some(-1, 5, 20, 31), closed_at=some(-1, 0, 4, 18, 29, 30), handled_at=some(2, 10, 25),
            followed_at=some(5, 28), outcome=luck.choice(["", "done", "not_accepted", "transferred", "merged"]),
            solved=luck.choice(["", "yes", "no", "partly", "unreachable"]), rating=luck.choice(["", "very", "no"]),
            channel=luck.choice(["hotline", "portal"]), category=luck.choice(["A", "B", ""]),
        )  # fmt: skip
    return counted


def test_a_cube_says_what_each_count_says_by_itself(scattered):
    with count_queries() as q:
        found = cube(ALL, by=("channel", "category"), period=MONTH)
    assert q.total == 1
    alone = measure(ALL, period=MONTH)
    assert found.total() == alone
    assert sum(f.value or 0 for f in alone.values()) > 0
    for by in ("channel", "category"):
        assert found.table(by) == table(ALL, by=by, period=MONTH)


def test_days_add_up_to_their_week(scattered):
    week = week_of(date(2026, 11, 4))
    assert [day.name for day in week.days()][::6] == ["2026-11-02", "2026-11-08"]
    for id in ("reported", "closed", "closed_on_time", "answered"):
        days = [measure([id], period=day)[id].value for day in week.days()]
        assert sum(days) == measure([id], period=week)[id].value


def test_quarters_and_the_same_period_last_year():
    quarter = parse_period("2026-Q4")
    assert (quarter.first, quarter.last) == (date(2026, 10, 1), date(2026, 12, 31))
    assert (quarter.back().name, quarter.back(4).name, quarter.year_before().name) == ("2026-Q3", "2025-Q4", "2025-Q4")
    assert quarter_of(date(2026, 2, 28)).name == "2026-Q1"
    assert parse_period("2026-11").year_before().name == "2025-11"
    assert week_of(date(2026, 11, 18)).year_before().name == "2025-W47"
    assert parse_period("2026-W53").year_before() is None  # 2025 had 52 weeks
    assert day_of(date(2026, 3, 1)).back().name == "2026-02-28"
