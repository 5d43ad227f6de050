"""One reading of the rows gives what each figure gives by itself; periods follow the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from gezhi.foundation.db import count_queries
from gezhi.foundation.measures import (
    METRICS,
    Cut,
    day_of,
    mark,
    measure,
    opened_by,
    parse_period,
    quarter_of,
    series,
    table,
    week_of,
)

SINCE = datetime(2026, 10, 31, 16, tzinfo=UTC)
MONTH = Cut(SINCE, SINCE + timedelta(days=30), SINCE + timedelta(days=40))
ALL = tuple(
    id for id, m in METRICS.items() if m.source == "cases" and m.counts != "persons" and "on_the_spot" not in m.needs
)


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


def figures(lines, bits):
    """Bit name -> how many rows."""
    return {name: sum(line.count for line in lines if line.mask >> bit & 1) for name, bit in bits.items()}


def test_marks_say_what_each_count_says_by_itself(scattered):
    alone = measure(ALL, period=MONTH)
    with count_queries() as q:
        marked = mark(ALL, by=("channel", "category"), period=MONTH)
        lines = list(marked.counted())
    assert q.total == 1
    found = figures(lines, marked.bits)
    for id, figure in alone.items():
        weighted = sum(w * found[name] for name, w in marked.weights.items() if name.startswith(f"{id}_of_"))
        assert found[f"{id}_of_n"] + weighted == figure.numerator
        assert found.get(f"{id}_of_d") == figure.denominator
    for row in table(["reported", "closed"], by="category", period=MONTH):
        mine = figures([line for line in lines if line.groups[1] == row.group], marked.bits)
        assert [mine[f"{id}_of_n"] for id in row.figures] == [f.value for f in row.figures.values()]


def test_each_row_bears_the_marks_it_was_counted_by(scattered):
    marked = mark(ALL, by=("channel",), period=MONTH)
    rows = list(marked.each())
    assert [id for id, _groups, _mask in rows] == sorted({id for id, _groups, _mask in rows})
    for id in ("late", "answered", "raised_open"):
        bit = marked.bits[f"{id}_of_n"]
        wanted = opened_by(measure([id], period=MONTH)[id].opens).order_by("pk")
        assert [pk for pk, _groups, mask in rows if mask >> bit & 1] == list(wanted.values_list("pk", flat=True))


def test_persons_are_not_marked_because_they_do_not_add_up(counted):
    with pytest.raises(ValueError, match="people"):
        mark(["reported", "people"], by=("channel",), period=MONTH)


def test_days_add_up_to_their_week(scattered):
    week = week_of(date(2026, 11, 4))
    assert [day.name for day in week.days()][::6] == ["2026-11-02", "2026-11-08"]
    for id in ("reported", "closed", "closed_on_time", "answered"):
        days = [measure([id], period=day)[id].value for day in week.days()]
        assert sum(days) == measure([id], period=week)[id].value


def test_a_trend_read_at_once_says_what_each_period_says(scattered):
    weeks = week_of(date(2026, 11, 25)).run(6)
    at = SINCE + timedelta(days=27)  # the last week still runs
    with count_queries() as q:
        rows = series(["reported", "closed"], periods=weeks, at=at)
    assert q.total == 1
    assert "UNION" not in q.statements[0]
    for row in rows:
        assert row.figures == measure(["reported", "closed"], period=row.group, at=at)
    assert [r.figures["closed"].value for r in rows] == [
        r.figures["closed"].value for r in series(["closed", "closed_late"], periods=weeks, at=at)
    ]
    assert sum(row.figures["closed"].value for row in rows) > 0


def test_quarters_and_the_same_period_last_year():
    quarter = parse_period("2026-Q4")
    assert (quarter.first, quarter.last) == (date(2026, 10, 1), date(2026, 12, 31))
    assert (quarter.back().name, quarter.back(4).name, quarter.year_before().name) == ("2026-Q3", "2025-Q4", "2025-Q4")
    assert quarter_of(date(2026, 2, 28)).name == "2026-Q1"
    assert parse_period("2026-11").year_before().name == "2025-11"
    assert week_of(date(2026, 11, 18)).year_before().name == "2025-W47"
    assert parse_period("2026-W53").year_before() is None  # 2025 had 52 weeks
    assert day_of(date(2026, 3, 1)).back().name == "2026-02-28"
