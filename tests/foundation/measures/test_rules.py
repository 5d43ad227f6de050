"""The counting rules against a reference written another way, and the way back from a number to its rows."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gezhi.foundation.db import count_queries
from gezhi.foundation.measures import (
    METRICS,
    Cut,
    Opens,
    Period,
    facts,
    measure,
    month_of,
    opened_by,
    parse_period,
    rankable,
    series,
    table,
    week_of,
)
from tests.environment import some

from .facts_table import COLUMNS, Fact

START = datetime(2026, 10, 4, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)
CUT = Cut(START, START + 168 * HOUR, START + 100 * HOUR)

# Hours from the start of the period; the week is 0..168 and the cut falls at 100.
hours = st.one_of(st.none(), st.integers(-60, 220))
matters = st.lists(
    st.fixed_dictionaries(
        {
            "opened": st.integers(-80, 100),
            "due": hours,
            "handled": hours,
            "closed": hours,
            "outcome": st.sampled_from(["", "not_accepted", "merged"]),
            "village": st.sampled_from([1, 2, None]),
        }
    ),
    max_size=12,
)


def after(value):
    return None if value is None else START + value * HOUR


def fill(rows):
    Fact.objects.all().delete()
    Fact.objects.bulk_create(
        [
            Fact(
                opened_at=after(row["opened"]),
                due_at=after(row["due"]),
                handled_at=after(row["handled"]),
                closed_at=after(row["closed"]),
                outcome=row["outcome"],
                village_id=row["village"],
            )
            for row in rows
        ]
    )


def inside(value, end=100):
    return value is not None and 0 <= value < end


def reference(row, done):
    """(owed, on time, late, not done) of one row, said without sets: the words of docs/rules/measures.md."""
    if row["outcome"]:
        return (False,) * 4
    moment, due = row[done], row["due"]
    if inside(moment):
        in_time = due is None or moment <= due
        return True, in_time, not in_time, False
    if moment is not None and moment < 0:
        return (False,) * 4
    return inside(due), False, False, inside(due)


@settings(max_examples=some(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(matters)
def test_owed_splits_exactly_into_in_time_late_and_not_done(counted, rows):
    fill(rows)
    for done, ids in {
        "handled": ("need_handle", "handled_on_time", "handled_late", "late_not_handled"),
        "closed": ("need_close", "closed_on_time", "closed_late", "late_not_closed"),
    }.items():
        figures = measure(ids, period=CUT)
        expected = [sum(column) for column in zip(*(reference(row, done) for row in rows), strict=True)] or [0] * 4
        values = [figures[id].value for id in ids]
        assert values == expected
        assert values[0] == sum(values[1:])


@settings(max_examples=some(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(matters)
def test_every_number_opens_to_exactly_what_it_counted(counted, rows):
    fill(rows)
    of_cases = {id for id, metric in METRICS.items() if metric.source == "cases"}
    for figure in measure(of_cases - {"on_the_spot", "half_hour_rate", "people"}, period=CUT).values():
        again = Opens.from_query(dict(_pairs(figure.opens.query())))
        assert again == figure.opens
        found = opened_by(again).count()
        if not METRICS[figure.metric].id.endswith("weighted"):
            assert found == figure.numerator
        if figure.denominator is not None:
            assert opened_by(figure.opens_denominator).count() == figure.denominator


@settings(max_examples=some(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(matters)
def test_the_lines_of_a_table_add_up_to_the_total(counted, rows):
    fill(rows)
    ids = ["reported", "need_close", "closed_on_time", "late", "open"]
    total = measure(ids, period=CUT)
    lines = table(ids, by="village", period=CUT)
    for id in ids:
        assert sum(line.figures[id].value for line in lines) == total[id].value
    for line in lines:
        assert opened_by(line.figures["reported"].opens).count() == line.figures["reported"].value


def _pairs(query):
    from urllib.parse import parse_qsl

    return parse_qsl(query, keep_blank_values=True)


def test_a_case_not_due_and_not_closed_is_not_owed_until_its_date(counted):
    counted.add(opened_at=START, due_at=START + 120 * HOUR)
    early = measure(["need_close"], period=Cut(START, START + 168 * HOUR, START + 119 * HOUR))
    later = measure(["need_close", "late_not_closed"], period=Cut(START, START + 168 * HOUR, START + 121 * HOUR))
    assert early["need_close"].value == 0
    assert (later["need_close"].value, later["late_not_closed"].value) == (1, 1)


def test_an_early_case_counts_once_in_the_period_that_did_it(counted):
    counted.add(opened_at=START, due_at=START + 200 * HOUR, closed_at=START + 20 * HOUR)
    week, next_week = (Cut(START + n * 168 * HOUR, START + (n + 1) * 168 * HOUR, START + 999 * HOUR) for n in (0, 1))
    assert measure(["need_close"], period=week)["need_close"].value == 1
    assert measure(["need_close"], period=next_week)["need_close"].value == 0


def test_a_finished_period_says_the_same_later(counted):
    """What happens after a period's end does not move its figures."""
    counted.add(opened_at=START, due_at=START + 20 * HOUR)
    asked = ["need_close", "closed", "late_not_closed", "open", "open_late"]
    week = (START, START + 168 * HOUR)
    before = {id: f.value for id, f in measure(asked, period=Cut(*week, week[1])).items()}
    Fact.objects.update(closed_at=START + 300 * HOUR)
    assert {id: f.value for id, f in measure(asked, period=Cut(*week, START + 999 * HOUR)).items()} == before


def test_an_empty_denominator_is_no_data_and_never_ranked(counted):
    figure = measure(["closed_on_time_rate"], period=CUT)["closed_on_time_rate"]
    assert (figure.value, figure.denominator, figure.text) == (None, 0, "无数据")
    assert not rankable(figure)
    counted.add(9, opened_at=START, due_at=START + HOUR, closed_at=START + HOUR)
    assert not rankable(measure(["closed_on_time_rate"], period=CUT)["closed_on_time_rate"])
    counted.add(1, opened_at=START, due_at=START + HOUR, closed_at=START + HOUR)
    assert rankable(measure(["closed_on_time_rate"], period=CUT)["closed_on_time_rate"])


def test_a_column_the_engine_does_not_keep_is_no_data_not_zero(counted):
    facts("cases", Fact.objects.all, {k: v for k, v in COLUMNS.items() if k != "reworks"})
    figure = measure(["reworked_rate"], period=CUT)["reworked_rate"]
    assert (figure.value, figure.opens) == (None, None)


def test_facts_without_a_needed_column_are_refused(counted):
    with pytest.raises(ValueError, match="due"):
        facts("cases", Fact.objects.all, {k: v for k, v in COLUMNS.items() if k != "due"})


def test_partly_solved_counts_half_in_the_weighted_rate(counted):
    seen = {"opened_at": START, "followed_at": START + HOUR}
    counted.add(6, solved="yes", **seen)
    counted.add(2, solved="partly", **seen)
    counted.add(2, solved="no", **seen)
    figures = measure(["solved_rate", "solved_rate_weighted"], period=CUT)
    assert figures["solved_rate"].value == Decimal("0.6")
    assert figures["solved_rate_weighted"].value == Decimal("0.7")
    assert opened_by(figures["solved_rate_weighted"].opens).count() == 8


def test_responded_in_time_over_those_owed_an_answer(counted):
    limit = START + 10 * HOUR
    counted.add(3, opened_at=START, response_due_at=limit, first_response_at=START + HOUR)
    counted.add(1, opened_at=START, response_due_at=limit, first_response_at=START + 11 * HOUR)
    counted.add(1, opened_at=START, response_due_at=limit)
    counted.add(1, opened_at=START, response_due_at=START + 150 * HOUR)
    figure = measure(["responded_rate"], period=CUT)["responded_rate"]
    assert (figure.numerator, figure.denominator) == (3, 5)


def test_twelve_weeks_of_two_figures_take_one_query(counted):
    counted.add(2, opened_at=START + HOUR)
    counted.add(3, opened_at=START - 24 * HOUR)
    weeks = week_of(date(2026, 10, 5)).run(12)
    with count_queries() as q:
        lines = series(["reported", "closed"], periods=weeks, at=START + 300 * HOUR)
    assert q.total == 1
    assert [line.figures["reported"].value for line in lines][-2:] == [3, 2]


def test_staff_are_not_a_dimension(counted):
    with pytest.raises(ValueError, match="person"):
        table(["closed"], by="person", period=CUT)


def test_periods_start_at_local_midnight_and_step_over_the_year(counted):
    week = week_of(date(2027, 1, 1))
    assert (week.name, week.number, week.year) == ("2026-W53", 53, 2026)
    assert week.since == datetime(2026, 12, 27, 16, tzinfo=UTC)
    assert week.until - week.since == timedelta(days=7)
    assert month_of(date(2026, 1, 15)).back().name == "2025-12"
    assert month_of(date(2026, 12, 15)).back(-1).name == "2027-01"
    assert parse_period("2026-W53") == week
    assert isinstance(parse_period("2026-02"), Period)


@pytest.mark.parametrize("name", ["2026-W54", "2026-13", "202611", "", "2026-W", "0000-01"])
def test_a_wrong_period_is_refused(name):
    from gezhi.foundation.errors import NotFound

    with pytest.raises(NotFound) as refusal:
        parse_period(name)
    assert refusal.value.code == "measures.period"
