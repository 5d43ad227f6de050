"""The clock of promises: the hand-made table, properties over ten thousand moments, and the edges."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gezhi.foundation.calendar.timeline import STANDARD_HOURS, Hours
from gezhi.foundation.calendar.units import Limit, Unit, parse_limit

from .cases import HOURS_OF_DAY, NATURAL, RUNNING_WORK_DAYS, WORK_DAYS, WORK_HOURS
from .helpers import SHANGHAI, local, running, timeline

STANDARD = timeline()
RUNNING = running()
# How fast a busy machine is says nothing about a rule.
unhurried = settings(deadline=None)


@pytest.mark.parametrize(("start", "limit", "end"), WORK_HOURS + WORK_DAYS + NATURAL)
def test_the_table_made_by_hand(start, limit, end):
    assert STANDARD.deadline(local(start), parse_limit(limit)) == local(end)


@pytest.mark.parametrize(("start", "limit", "end"), RUNNING_WORK_DAYS)
def test_a_place_may_let_work_days_run(start, limit, end):
    assert RUNNING.deadline(local(start), parse_limit(limit)) == local(end)


@pytest.mark.parametrize(("start", "limit", "end"), HOURS_OF_DAY)
def test_a_day_may_end_at_an_hour(start, limit, end):
    for line in (STANDARD, RUNNING):
        assert line.deadline(local(start), parse_limit(limit)) == local(end)


moments = st.datetimes(
    datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2026-11-30"), timezones=st.just(SHANGHAI)
)
work_limits = st.one_of(
    st.decimals("0.01", 300, places=2).map(lambda v: Limit(v, Unit.WORK_HOUR)),
    st.integers(1, 60).map(lambda v: Limit(Decimal(v), Unit.WORK_DAY)),
)
limits = st.one_of(
    work_limits,
    st.builds(
        lambda value, unit, by: Limit(Decimal(value), unit, by),
        st.integers(0, 60),
        st.sampled_from([Unit.WORK_DAY, Unit.CALENDAR_DAY]),
        st.integers(1, 24 * 60),
    ),
    st.decimals("0.01", 300, places=2).map(lambda v: Limit(v, Unit.URGENT_HOUR)),
    st.integers(0, 60).map(lambda v: Limit(Decimal(v), Unit.CALENDAR_DAY)),
)


@unhurried
@given(moments, moments, limits)
def test_who_starts_later_is_never_due_earlier(one, other, limit):
    first, second = sorted((one, other))
    for line in (STANDARD, RUNNING):
        assert line.deadline(first, limit) <= line.deadline(second, limit)


@unhurried
@given(moments, st.sampled_from(list(Unit)), st.integers(1, 60), st.integers(1, 60))
def test_a_longer_limit_is_never_due_earlier(start, unit, one, other):
    short, long = sorted((one, other))
    due = STANDARD.deadline
    assert due(start, Limit(Decimal(short), unit)) <= due(start, Limit(Decimal(long), unit))


@unhurried
@given(moments, st.sampled_from([Unit.WORK_DAY, Unit.CALENDAR_DAY]), st.integers(0, 60), st.integers(0, 60),
       st.integers(1, 24 * 60))  # fmt: skip
def test_more_days_or_a_later_hour_are_never_due_earlier(start, unit, one, other, by):
    short, long = sorted((one, other))
    due = STANDARD.deadline(start, Limit(Decimal(short), unit, by))
    assert due <= STANDARD.deadline(start, Limit(Decimal(long), unit, by))
    local_due = due.astimezone(SHANGHAI)
    assert (local_due.hour * 60 + local_due.minute) % (24 * 60) == by % (24 * 60)
    day = (local_due - timedelta(minutes=by)).date()
    assert unit is Unit.CALENDAR_DAY or STANDARD.works(day)


@unhurried
@given(moments, limits)
def test_a_deadline_lies_after_its_start(start, limit):
    assert STANDARD.deadline(start, limit) > start


@unhurried
@given(moments, work_limits)
@example(local("2026-02-14 17:59"), parse_limit("0.01 work_hour"))
def test_working_limits_never_end_outside_work_time(start, limit):
    for line in (STANDARD, RUNNING):
        assert line.is_work_time(line.deadline(start, limit))


@unhurried
@given(moments, st.decimals("0.01", 300, places=2))
def test_the_time_worked_until_the_deadline_is_the_limit(start, value):
    end = STANDARD.deadline(start, Limit(value, Unit.WORK_HOUR))
    assert STANDARD.work_between(start, end) == timedelta(hours=1) * float(value)


@unhurried
@given(moments, moments, moments)
def test_work_between_adds_up_and_changes_sign(a, b, c):
    between = STANDARD.work_between
    assert between(a, b) + between(b, c) == between(a, c)
    assert between(a, b) == -between(b, a)


@unhurried
@given(moments, moments)
def test_work_between_equals_a_walk_minute_by_minute(a, b):
    """An oracle that shares nothing with the arrays: step through the minutes of two days and count."""
    start = min(a, b).replace(second=0, microsecond=0)
    end = start + timedelta(minutes=2 * 24 * 60)
    worked = 0
    for step in range(2 * 24 * 60):
        now = start + timedelta(minutes=step)
        in_hours = 8 * 60 <= now.hour * 60 + now.minute < 12 * 60 or 14 * 60 <= now.hour * 60 + now.minute < 18 * 60
        worked += in_hours and STANDARD.works(now.date())
    assert STANDARD.work_between(start, end) == timedelta(minutes=worked)


def test_make_up_days_are_worked_and_holidays_are_not():
    assert [d for d in range(1, 32) if not STANDARD.works(date(2026, 10, d))] == [
        1, 2, 3, 4, 5, 6, 7, 11, 17, 18, 24, 25, 31,
    ]  # fmt: skip
    assert STANDARD.works(date(2026, 1, 4)) and date(2026, 1, 4).weekday() == 6


def test_a_year_without_schedule_is_told_once_and_falls_back_to_weekends():
    told = []
    line = timeline(missing=told.append)
    for _again in range(3):
        assert line.deadline(local("2031-11-21 17:30"), parse_limit("2 work_hour")) == local("2031-11-24 09:30")
    assert told == [2031]
    line.deadline(local("2031-12-31 17:30"), parse_limit("3 work_day"))
    assert told == [2031, 2032]
    assert not timeline(missing=told.append).works(date(2026, 10, 1)) and told == [2031, 2032]


def test_hours_of_the_season_hold_from_their_date():
    summer = Hours(date(2026, 6, 1), ((8 * 60, 12 * 60), (15 * 60, 18 * 60 + 30)))
    line = timeline(STANDARD_HOURS, summer)
    assert line.deadline(local("2026-05-29 17:30"), parse_limit("5 work_hour")) == local("2026-06-01 15:30")
    assert line.deadline(local("2026-06-01 09:00"), parse_limit("1 work_day")) == local("2026-06-02 18:30")


def test_a_moment_without_zone_and_a_limit_without_end_are_programming_errors():
    with pytest.raises(ValueError, match="time zone"):
        STANDARD.deadline(datetime.fromisoformat("2026-11-20 17:30"), parse_limit("1 work_hour"))
    with pytest.raises(ValueError, match="beyond the calendar"):
        STANDARD.deadline(datetime(2199, 12, 1, tzinfo=UTC), parse_limit("3000 work_day"))
    with pytest.raises(ValueError, match="outside the calendar"):
        STANDARD.deadline(datetime(1980, 1, 1, tzinfo=UTC), parse_limit("1 work_hour"))
