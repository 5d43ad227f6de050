"""The calendar of a running system: imported holidays, working hours, the clock of a demo."""

import logging
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from gezhi.foundation import calendar, db, people
from gezhi.foundation.calendar import actions, clock, snapshot
from gezhi.foundation.calendar.actions import on_change, read_csv
from gezhi.foundation.calendar.models import Holiday
from gezhi.foundation.errors import Conflict, Invalid
from gezhi.foundation.events import history

from .helpers import local

pytestmark = pytest.mark.django_db

YEAR_2027 = [
    {"date": "2027-01-01", "name": "元旦", "is_workday": "0"},
    {"date": "2027-02-05", "name": "春节", "is_workday": "休息"},
    {"date": "2027-02-06", "name": "春节", "is_workday": False},
    {"date": "2027-02-20", "name": "春节调休上班", "is_workday": "上班"},
]


@pytest.fixture
def actor():
    return people.system("calendar")


def test_an_imported_year_moves_deadlines_and_is_an_event(actor):
    friday = local("2027-02-04 17:30")
    assert calendar.deadline(friday, "2 work_hour") == local("2027-02-05 09:30")
    assert calendar.import_holidays(YEAR_2027, actor=actor) == 4
    assert calendar.deadline(friday, "2 work_hour") == local("2027-02-08 09:30")
    assert calendar.deadline(local("2027-02-19 17:30"), "2 work_hour") == local("2027-02-20 09:30")
    assert [day.name for day in calendar.special_days(2027)] == ["元旦", "春节", "春节", "春节调休上班"]
    assert calendar.day_name(date(2027, 2, 6)) == "春节" and calendar.day_name(date(2027, 2, 9)) == ""
    (event,) = history("calendar")
    assert event.kind == "calendar.imported" and event.patch["2027-02-20"]["is_workday"] is True


def test_importing_the_same_again_changes_nothing(actor):
    calendar.import_holidays(YEAR_2027, actor=actor)
    before = db.revisions.current()["calendar"]
    assert calendar.import_holidays(YEAR_2027, actor=actor) == 0
    assert len(history("calendar")) == 1
    shipped_day = [(date(2026, 10, 1), "国庆节", False)]
    assert calendar.import_holidays(shipped_day, actor=actor) == 0
    assert Holiday.objects.count() == 4 and before


def test_a_row_overrides_the_shipped_schedule_and_listeners_hear_of_it(actor, monkeypatch):
    monkeypatch.setattr(actions, "_listeners", [])
    heard = []
    on_change(lambda dates, who: heard.append((dates, who)))
    assert not calendar.is_workday(date(2026, 10, 7))
    calendar.import_holidays([(date(2026, 10, 7), "防汛上班", True)], actor=actor)
    assert calendar.is_workday(date(2026, 10, 7))
    assert heard == [(frozenset({date(2026, 10, 7)}), actor)]


@pytest.mark.parametrize(
    ("row", "number"),
    [
        ({"date": "2027-13-01", "name": "坏", "is_workday": 1}, "2"),
        ({"date": "2027-02-30", "name": "坏", "is_workday": 1}, "2"),
        ({"date": "2027-01-01", "name": "重复", "is_workday": 1}, "2"),
        ({"date": "2027-03-01", "name": "", "is_workday": 1}, "2"),
        ({"date": "2027-03-01", "name": "坏\u202e", "is_workday": 1}, "2"),
        ({"date": "2027-03-01", "name": "坏", "is_workday": "也许"}, "2"),
        ({"date": "1066-03-01", "name": "坏", "is_workday": 1}, "2"),
        (("2027-03-01", "坏"), "2"),
        (None, "2"),
    ],
)
def test_one_bad_row_and_nothing_is_imported(actor, row, number):
    with pytest.raises(Invalid) as refused:
        calendar.import_holidays([YEAR_2027[0], row], actor=actor)
    assert refused.value.code == "calendar.rows" and set(refused.value.field_errors) == {number}
    assert not Holiday.objects.exists() and history("calendar") == []


def test_an_empty_import_is_refused(actor):
    with pytest.raises(Invalid):
        calendar.import_holidays([], actor=actor)


def test_a_csv_with_chinese_or_english_header_is_read(actor):
    text = "\ufeff日期,名称,是否上班\r\n2027-05-01,劳动节,0\r\n2027-05-08,劳动节调休上班,1\r\n"
    assert calendar.import_holidays(read_csv(text), actor=actor) == 2
    assert calendar.import_holidays(read_csv("date,name,is_workday\n2027-05-02,劳动节,0\n"), actor=actor) == 1
    assert calendar.is_workday(date(2027, 5, 8)) and not calendar.is_workday(date(2027, 5, 1))


def test_working_hours_change_from_a_date(actor):
    calendar.set_working_hours("08:00-12:00,15:00-18:30", actor=actor, since=date(2026, 6, 1))
    calendar.set_working_hours("08:00-12:00,14:00-18:00", actor=actor, since=date(2026, 10, 8), work_day="running")
    assert calendar.deadline(local("2026-07-01 11:00"), "2 work_hour") == local("2026-07-01 16:00")
    assert calendar.deadline(local("2026-10-12 11:00"), "2 work_hour") == local("2026-10-12 15:00")
    assert calendar.deadline(local("2026-10-12 11:00"), "1 work_day") == local("2026-10-13 11:00")
    assert [e.kind for e in history("calendar")] == ["calendar.hours"] * 2
    assert calendar.is_work_time(local("2026-07-01 18:15")) and not calendar.is_work_time(local("2026-10-12 18:15"))


@pytest.mark.parametrize(
    "slots",
    ["", "8-25", "12:00-08:00", "08:00-12:00,11:00-18:00", "abc", "08:00", "08:70-09:00", [(1, 2, 3)], [(-5, 10)]],
)
def test_senseless_hours_are_refused(actor, slots):
    with pytest.raises(Invalid) as refused:
        calendar.set_working_hours(slots, actor=actor, since=date(2026, 6, 1))
    assert refused.value.code == "calendar.hours"


def test_a_missing_year_is_logged_once_and_told_on_the_health_page(caplog):
    snapshot._warned.discard(2031)
    with caplog.at_level(logging.WARNING, logger="gezhi.foundation.calendar.snapshot"):
        for _again in range(2):
            assert calendar.deadline(local("2031-11-21 17:30"), "2 work_hour") == local("2031-11-24 09:30")
    assert len([r for r in caplog.records if "2031" in r.getMessage()]) == 1
    assert calendar.health(date(2026, 5, 1)) == []
    assert calendar.health(date(2026, 11, 15)) == ["calendar: no holidays for 2027, weekends only"]


def test_lunar_festivals_fall_where_the_almanac_has_them():
    festivals = calendar.lunar_festivals(2026)
    assert festivals["除夕"] == date(2026, 2, 16) and festivals["春节"] == date(2026, 2, 17)
    assert festivals["元宵节"] == date(2026, 3, 3) and festivals["中秋节"] == date(2026, 9, 25)
    assert calendar.lunar_festivals(2025)["除夕"] == date(2025, 1, 28)  # a month of 29 days
    assert calendar.lunar_festivals(2025)["重阳节"] == date(2025, 10, 29)


def test_the_clock_is_real_time_until_a_demo_moves_it():
    with time_machine.travel(datetime(2026, 11, 20, 16, 30, tzinfo=UTC), tick=False):
        assert clock.now() == datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
        assert clock.today() == date(2026, 11, 21)  # half past midnight in Shanghai
        with pytest.raises(Conflict) as refused:
            clock.travel_to(clock.now() + timedelta(days=1))
        assert refused.value.code == "clock.real"


def test_a_demo_runs_ahead_and_never_back(monkeypatch):
    monkeypatch.setattr(people, "demo_people_exist", lambda: True, raising=False)
    with time_machine.travel(datetime(2026, 11, 20, 8, tzinfo=UTC), tick=False) as traveller:
        there = datetime(2026, 12, 24, 9, tzinfo=UTC)
        assert clock.travel_to(there) == there == clock.now()
        traveller.shift(60)
        assert clock.now() == there + timedelta(minutes=1)  # it goes on from there
        with pytest.raises(Invalid) as refused:
            clock.travel_to(there)
        assert refused.value.code == "clock.backward"
        assert clock.offset() == there - datetime(2026, 11, 20, 8, tzinfo=UTC)
