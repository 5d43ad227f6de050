"""The duty roster through its public doors: shifts resolve at reading, holes fall up, clashes are refused."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from gezhi.foundation import calendar, events, people
from gezhi.foundation.db.models import Revision
from gezhi.foundation.errors import Refusal
from gezhi.foundation.people import actions, changing, duty
from gezhi.foundation.people.duty_notes import Entry, notes_of
from gezhi.foundation.people.models import Shift
from gezhi.foundation.people.roster import roster

from .county import SETUP, County

NOW = datetime(2026, 9, 16, 2, tzinfo=UTC)  # a Wednesday, 10:00 in Shanghai
HOUR = timedelta(hours=1)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def street(clock, county):
    """The street with its duty desk and secretary, and seats for the roster."""
    county.desk = county.seat("street_officer", "east", "周敏")
    county.secretary = county.seat("town_secretary", "east", "丁书")
    county.leader = county.seat("duty_leader", "east")
    county.officer = county.seat("duty_officer", "east")
    return county


def shift(county, seat, name, start, length=12, **more):
    since = NOW + start * HOUR
    return actions.plan_shifts(
        [actions.NewShift(seat, county.person(name), since, since + length * HOUR, **more)], actor=SETUP
    )[0]


def on(seat, hours):
    return people.directory().effective(seat, NOW + hours * HOUR).persons


@contextmanager
def refused(code):
    with pytest.raises(Refusal) as found:
        yield
    assert found.value.code == code


def test_whoever_is_on_shift_answers_and_a_hole_falls_to_the_leading_officer_then_up(street):
    shift(street, street.officer, "甲", 0)
    shift(street, street.officer, "乙", 14)
    shift(street, street.leader, "带班", 0, 13)
    a, b, leader = street.persons("甲", "乙", "带班")
    assert people.directory().holders(street.officer, NOW) == (a,)
    assert [on(street.officer, h) for h in (0, 11, 14, 25)] == [(a,), (a,), (b,), (b,)]
    assert on(street.officer, 12.5) == (leader,)
    assert on(street.officer, 13.5) == (street.people["周敏"],)
    assert people.directory().effective(street.officer, NOW + 13.5 * HOUR).seat_id == street.desk


def test_the_next_change_is_the_next_end_of_a_shift(street):
    shift(street, street.officer, "甲", 0, 9)
    shift(street, street.officer, "乙", 9, 15)
    directory = people.directory()
    assert directory.next_change(NOW) == NOW + 9 * HOUR
    assert directory.next_change(NOW + 9 * HOUR) == NOW + 24 * HOUR


def test_when_a_shift_ends_what_was_drawn_goes_back(street, clock, monkeypatch):
    shift(street, street.officer, "甲", 0, 9)
    shift(street, street.officer, "乙", 9, 15)
    told = []
    monkeypatch.setattr(changing, "_hooks", [lambda person, seats, actor: told.append((person, seats))])
    clock.shift(9 * HOUR)
    assert actions.settle(actor=SETUP) == 1
    assert told == [(street.people["甲"], frozenset({street.officer}))]


def test_on_shift_one_has_the_powers_of_the_seat_and_afterwards_not(street, clock):
    shift(street, street.officer, "甲", 0, 9)
    path = street.path("lake1")
    assert street.actor("甲").may("case.see", path)
    clock.shift(10 * HOUR)
    assert not street.actor("甲").may("case.see", path)


def test_overlaps_are_refused_and_change_nothing(street):
    first = shift(street, street.officer, "甲", 0)
    with refused("duty.overlap"):
        shift(street, street.officer, "乙", 11)
    with refused("duty.twice"):
        shift(street, street.leader, "甲", 5)
    with refused("duty.overlap"):  # among the new ones, too
        since = NOW + 40 * HOUR
        rows = [actions.NewShift(street.officer, street.person(n), since, since + HOUR) for n in ("乙", "丙")]
        actions.plan_shifts(rows, actor=SETUP)
    with refused("duty.not_duty"):
        shift(street, street.desk, "乙", 0)
    with refused("duty.times"):
        shift(street, street.officer, "乙", 20, 24 * 8)
    assert list(Shift.objects.values_list("id", flat=True)) == [first]


def test_a_rotation_fills_a_holiday_month_without_hole_and_goes_on_where_it_stopped(street):
    persons = street.persons("甲", "乙", "丙", "丁")
    actions.plan_rotation(street.officer, persons, date(2026, 9, 17), date(2026, 9, 30), actor=SETUP)
    actions.plan_rotation(street.officer, persons, date(2026, 10, 1), date(2026, 10, 31), actor=SETUP)
    found = roster(street.places["east"], date(2026, 9, 17), date(2026, 10, 31))
    assert [h for h in found.holes if h[1] < datetime(2026, 10, 31, 23, tzinfo=UTC) - 24 * HOUR] == []
    rows = list(found.shifts)
    assert all(a.until == b.since for a, b in zip(rows, rows[1:], strict=False))
    assert all(a.person_id != b.person_id for a, b in zip(rows, rows[1:], strict=False))
    holiday = [row for row in rows if row.on == date(2026, 10, 1)]
    assert [row.slot for row in holiday] == ["rest"]
    assert not calendar.is_workday(date(2026, 10, 1))
    workday = [row.slot for row in rows if row.on == date(2026, 9, 17)]
    assert workday == ["day", "night"]


def test_planning_again_is_refused_unless_it_replaces_what_has_not_begun(street, clock):
    a, b = street.persons("甲", "乙")
    days = (date(2026, 9, 16), date(2026, 9, 18))
    actions.plan_rotation(street.officer, [a], *days, actor=SETUP)
    with refused("duty.overlap"):
        actions.plan_rotation(street.officer, [b], *days, actor=SETUP)
    actions.plan_rotation(street.officer, [b], *days, actor=SETUP, replace=True)
    assert on(street.officer, 0) == (a,)  # the running shift stays
    assert on(street.officer, 24) == (b,)
    assert events.verify().clean


def test_a_swap_of_two_shifts_keeps_a_note_and_needs_both_to_lie_ahead(street):
    first, second = shift(street, street.officer, "甲", 24), shift(street, street.officer, "乙", 48)
    actions.swap(first, second, note="乙家里有事，两人说好", actor=SETUP)
    a, b = street.persons("甲", "乙")
    assert (on(street.officer, 25), on(street.officer, 49)) == ((b,), (a,))
    kinds = [event.kind for event in events.history(f"shift:{first}")]
    assert kinds == ["shift.planned", "shift.swapped"]
    running = shift(street, street.officer, "甲", -1)
    with refused("duty.begun"):
        actions.swap(running, second, note="现在换", actor=SETUP)
    with refused("duty.note_needed"):
        actions.swap(first, second, note=" ", actor=SETUP)
    with refused("duty.no_shift"):
        actions.swap(first, 9999, note="换一下", actor=SETUP)


def test_a_swap_that_puts_somebody_on_two_shifts_is_refused(street):
    first, second = shift(street, street.officer, "甲", 24), shift(street, street.officer, "乙", 48)
    shift(street, street.leader, "乙", 20)
    with refused("duty.twice"):
        actions.swap(first, second, note="说好了", actor=SETUP)
    assert on(street.officer, 25) == (street.people["甲"],)


def test_relieving_a_running_shift_splits_it(street):
    running = shift(street, street.officer, "甲", -2)
    rest = actions.relieve(running, street.person("乙"), note="甲临时外出", actor=SETUP)
    assert rest != running
    assert on(street.officer, -1) == (street.people["甲"],)
    assert on(street.officer, 0) == (street.people["乙"],)
    assert events.verify().clean


def test_who_leaves_leaves_their_shifts_and_the_roster_shows_the_hole(street):
    county_seat = street.seat("town_unit", "east", "甲", label="1")
    shift(street, street.officer, "甲", 24)
    shift(street, street.officer, "乙", 36)
    actions.leave(street.people["甲"], actor=SETUP)
    assert street.people["甲"] not in people.directory().holders(county_seat)
    day = (NOW + 24 * HOUR).date()
    assert on(street.officer, 25) == (street.people["周敏"],)
    found = roster(street.places["east"], day, day + timedelta(days=1))
    assert [row.person_id for row in found.shifts] == [street.people["乙"]]


def test_only_who_draws_up_rosters_here_may_and_nobody_gives_themselves_powers(street):
    west = street.seat("duty_officer", "west")
    street.seat("admin", "county", "卢一舟")
    boss = street.actor("丁书")
    row = actions.NewShift(street.officer, street.person("甲"), NOW, NOW + HOUR)
    assert actions.plan_shifts([row], actor=boss)
    with refused("not_allowed"):
        actions.plan_shifts([actions.NewShift(west, street.person("甲"), NOW, NOW + HOUR)], actor=boss)
    later = NOW + 30 * HOUR
    with refused("people.not_oneself"):  # an administrator sees no cases, and shall not by way of a shift
        own = actions.NewShift(street.officer, street.people["卢一舟"], later, later + HOUR)
        actions.plan_shifts([own], actor=street.actor("卢一舟"))
    own = actions.NewShift(street.officer, street.people["周敏"], later, later + HOUR)
    assert actions.plan_shifts([own], actor=street.actor("周敏"))  # has all of it already


def test_notes_go_from_one_shift_to_the_next(street, clock):
    first = shift(street, street.officer, "甲", 0, 9)
    shift(street, street.officer, "乙", 9, 15)
    with refused("duty.not_yours"):
        actions.hand_over_shift(first, [Entry("水管还在漏")], actor=street.actor("周敏"))
    with refused("duty.note_needed"):
        actions.hand_over_shift(first, [Entry(" ")], actor=street.actor("甲"))
    note = actions.hand_over_shift(
        first, [Entry("水管还在漏，抢修队在路上", "2026-7"), Entry("钥匙在抽屉")], actor=street.actor("甲")
    )
    clock.shift(9 * HOUR)
    (read,) = notes_of(street.places["east"], actor=street.actor("乙"), since=NOW)
    assert [(e.text, e.case) for e in read.entries] == [("水管还在漏，抢修队在路上", "2026-7"), ("钥匙在抽屉", "")]
    with refused("duty.not_yours"):
        actions.take_over_note(note, actor=street.actor("甲"))
    actions.take_over_note(note, actor=street.actor("乙"))
    (read,) = notes_of(street.places["east"], actor=street.actor("乙"), since=NOW)
    assert read.taken_by == street.people["乙"]
    street.seat("grid_worker", "lake1", "秦英")
    with refused("not_allowed"):
        notes_of(street.places["east"], actor=street.actor("秦英"), since=NOW)
    assert events.verify().clean


def two_plan_at_once(monkeypatch, patience: float = 0.5):
    """Two officers give the same night to two people, each looking before the other has written, for which the first
    waits `patience` seconds at most."""
    county = County()
    seat = county.seat("duty_officer", "east")
    persons = county.persons("甲", "乙")
    looked = threading.Barrier(2)
    look = duty._refuse_clashes

    def look_and_wait(*args):
        look(*args)
        with suppress(threading.BrokenBarrierError):  # broken = the other queues: the lock at work
            looked.wait(patience)

    monkeypatch.setattr(duty, "_refuse_clashes", look_and_wait)
    outcomes = []
    since = datetime.now(UTC) + HOUR

    def plan(person):
        try:
            actions.plan_shifts([actions.NewShift(seat, person, since, since + HOUR)], actor=SETUP)
            outcomes.append("planned")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=plan, args=(person,)) for person in persons]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_fill_the_same_night_one_is_told(monkeypatch):
    assert two_plan_at_once(monkeypatch) == ["duty.overlap", "planned"]


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_night_would_have_two(monkeypatch):
    if connection.vendor == "sqlite":
        # One writer at a time whatever we do: the lock is the database's own door.
        assert two_plan_at_once(monkeypatch) == ["duty.overlap", "planned"]
        return
    monkeypatch.setattr(Revision.objects, "select_for_update", Revision.objects.all)
    assert two_plan_at_once(monkeypatch, 60) == ["planned", "planned"]
