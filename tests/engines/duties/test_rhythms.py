"""Rhythms: windows tile, month-ends clamp, leap days and the moon's year come right, for sixty years."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lunar_python import Solar

from gezhi.engines.duties.rhythms import SCHOOL, Rhythm, in_terms, lunar_day, overlapping, tiles_a_day
from gezhi.engines.duties.rules import Rule, joined_by, owes
from gezhi.foundation.calendar.clock import SHANGHAI
from gezhi.foundation.forms import Form

DAY = timedelta(days=1)
# From 1992: before, China put its clocks forward in summer, and limits are laid out in +08:00 (calendar/timeline.py).
days = st.dates(date(1992, 1, 1), date(2060, 12, 31))
THIRDS = ((0, 480), (480, 480), (960, 480))
TILING = [
    Rhythm("day"), Rhythm("day", slots=THIRDS), Rhythm("day", slots=((480, 720), (1200, 720))), Rhythm("week"),
    Rhythm("month"), Rhythm("two_months"), Rhythm("quarter"), Rhythm("half_year"), Rhythm("year"),
    Rhythm("year", times=3),
]  # fmt: skip


@pytest.mark.parametrize("rhythm", TILING, ids=str)
@given(first=days, length=st.integers(0, 800))
@settings(max_examples=25)
def test_windows_tile_the_calendar(rhythm, first, length):
    last = first + length * DAY
    found = list(rhythm.periods(first, last))
    for one, other in zip(found, found[1:], strict=False):
        assert one.closes == other.opens  # no gap, no overlap
    assert found[0].opens <= datetime(first.year, first.month, first.day, tzinfo=SHANGHAI)
    assert found[-1].closes >= datetime(last.year, last.month, last.day, tzinfo=SHANGHAI) + DAY
    assert len({p.key for p in found}) == len(found)


@given(day=days, rhythm=st.sampled_from(TILING), hour=st.integers(0, 23))
@settings(max_examples=60)
def test_exactly_one_window_is_open_and_its_key_does_not_depend_on_who_asks(day, rhythm, hour):
    moment = datetime(day.year, day.month, day.day, hour, 30, tzinfo=SHANGHAI)
    near = [p for p in rhythm.periods(day, day) if p.holds(moment)]
    wide = [p for p in rhythm.periods(day - 40 * DAY, day + 40 * DAY) if p.holds(moment)]
    assert len(near) == 1 and near == wide


@given(year=st.integers(1990, 2060), before=st.integers(0, 5), after=st.integers(0, 5))
@settings(max_examples=40)
def test_the_31st_is_the_last_day_of_every_month(year, before, after):
    rhythm = Rhythm("month", on=(1, 31), before=before, after=after)
    found = [p for p in rhythm.periods(date(year, 1, 1), date(year, 12, 31)) if p.key.startswith(f"{year}-")]
    assert len(found) == 12
    for number, period in enumerate(found, start=1):
        meant = date(year + number // 12, number % 12 + 1, 1) - DAY
        assert (period.first, period.last) == (meant - before * DAY, meant + after * DAY)
    assert overlapping(found) is None


def test_the_29th_of_february_is_met_in_every_year():
    rhythm = Rhythm("year", on=(2, 29))
    for year in range(1996, 2061):
        (period,) = [p for p in rhythm.periods(date(year, 2, 1), date(year, 3, 1)) if p.key == str(year)]
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        assert period.first == period.last == date(year, 2, 29 if leap else 28)


def test_new_years_day_of_the_moon_for_sixty_years():
    """Checked backwards: the solar day found is, by the library's other road, the first of the first month."""
    rhythm = Rhythm("lunar", lunar=((1, 1),), before=3)
    for year in range(2000, 2061):
        (period,) = rhythm.periods(date(year, 1, 15), date(year, 2, 25))
        lunar = Solar.fromYmd(period.last.year, period.last.month, period.last.day).getLunar()
        assert (lunar.getYear(), lunar.getMonth(), lunar.getDay()) == (year, 1, 1)
        assert period.first == period.last - 3 * DAY and period.key == f"{year}L1-1"
    # As printed in almanacs.
    assert lunar_day(2026, 1, 1) == date(2026, 2, 17) and lunar_day(2033, 1, 1) == date(2033, 1, 31)
    assert lunar_day(2023, 2, 2) == date(2023, 2, 21)  # 二月二 of the seeds


@given(year=st.integers(2000, 2060))
@settings(max_examples=30)
def test_new_years_eve_is_the_day_before(year):
    assert lunar_day(year, 12, 30) + DAY == lunar_day(year + 1, 1, 1)


def test_slots_come_round():
    assert tiles_a_day(THIRDS) and tiles_a_day(((480, 720), (1200, 720)))
    assert not tiles_a_day(((0, 480), (480, 480))) and not tiles_a_day(((0, 500), (480, 960))) and not tiles_a_day(())
    night = list(Rhythm("day", slots=((480, 720), (1200, 720))).periods(date(2026, 11, 18), date(2026, 11, 18)))
    assert [p.key for p in night] == ["2026-11-17#2", "2026-11-18#1", "2026-11-18#2"]  # the night before still runs


def test_terms_and_what_falls_in_them():
    terms = list(Rhythm("terms", terms=SCHOOL).periods(date(2026, 1, 1), date(2026, 12, 31)))
    assert [(p.first, p.last) for p in terms] == [
        (date(2025, 9, 1), date(2026, 1, 20)), (date(2026, 2, 20), date(2026, 6, 30)), (date(2026, 9, 1), date(2027, 1, 20)),
    ]  # fmt: skip
    weekly = Rhythm("week", on=(3,), terms=SCHOOL)
    assert list(weekly.periods(date(2026, 7, 6), date(2026, 8, 30))) == []
    assert [p.first for p in weekly.periods(date(2026, 8, 31), date(2026, 9, 13))] == [
        date(2026, 9, 2),
        date(2026, 9, 9),
    ]


def test_working_days_only():
    rhythm = Rhythm("work_day")
    found = rhythm.periods(date(2026, 11, 16), date(2026, 11, 22), works=lambda day: day.weekday() < 5)
    assert [p.key[-2:] for p in found] == ["16", "17", "18", "19", "20"]


@pytest.mark.django_db
@given(anchor=days, limit=st.integers(1, 60), later=st.integers(-3, 90), hour=st.integers(0, 23))
@settings(max_examples=40, deadline=None)
def test_within_days_of_a_date_is_one_window_from_that_day(anchor, limit, later, hour):
    """出院后 7 天内: opens on the day itself, runs through the last of so many days after it, and never comes again."""
    known = within(f"{limit} calendar_day")
    period = known.once(anchor)
    assert (period.key, period.first) == (anchor.isoformat(), anchor)
    moment = datetime(anchor.year, anchor.month, anchor.day, hour, 30, tzinfo=SHANGHAI) + later * DAY
    assert (known.period(moment, anchor) == period) == (0 <= later <= limit) == period.holds(moment)
    assert known.named(period.key, anchor) == period and known.named(period.key, anchor + DAY) is None
    assert list(known.periods(anchor, anchor + 90 * DAY)) == [] and known.once(None) is None


@pytest.mark.django_db
@given(anchor=days, since=st.integers(-5, 5), gone=st.integers(0, 40), limit=st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_nothing_is_owed_by_those_who_left_before_the_window_closed(anchor, since, gone, limit):
    period = within(f"{limit} calendar_day").once(anchor)
    begun, left = anchor + since * DAY, anchor + gone * DAY
    assert owes(begun, None, period) == (begun <= joined_by(period))
    assert owes(begun, left, period) == (begun <= joined_by(period) and left > period.last)


def within(limit: str) -> Rule:
    """A rule "within so long of a date", as far as its rhythm goes."""
    return Rule(
        name="x", version=1, hash="", title={}, says={}, over=("register", "x"), when=None, reads=(), daily=False,
        seat=("post", "x"), seat_else="", strict=False, rhythm=Rhythm("within"), within=(limit, "discharged_on"),
        form=Form.from_body([]), updates={}, case_when=None, case={}, waive={}, make_up=31, climbs=(),
    )  # fmt: skip


@given(day=days)
@settings(max_examples=60)
def test_a_term_is_open_or_it_is_holiday(day):
    """Every day lies in one term at most; what is weekly in the terms falls in them and nowhere else."""
    terms = list(Rhythm("terms", terms=SCHOOL).periods(day, day))
    assert len(terms) <= 1 and bool(terms) == in_terms(day, SCHOOL)
    weekly = Rhythm("week", on=(day.isoweekday(),), terms=SCHOOL)
    assert [p.first for p in weekly.periods(day, day)] == ([day] if terms else [])
