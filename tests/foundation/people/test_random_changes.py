"""Random appointments, leavers, substitutes, vacancies, closures and jumps of time.

At every step each seat has somebody, nobody excluded is ever returned, the root has two, hooks were told of
every loss, and the directory equals the oracle.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gezhi.foundation import db, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Conflict, Refusal
from gezhi.foundation.people import actions, changing

from . import oracle
from .county import SETUP, County

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PERSONS = [f"某{char}" for char in "甲乙丙丁戊己庚"]
SEATS = [
    ("street_officer", "east"),
    ("village_secretary", "lake"),
    ("grid_head", "lake1"),
    ("grid_worker", "lake1"),
    ("grid_worker", "lake2"),
    ("grid_worker", "hill1"),
    ("building_head", "block7"),
    ("department", "county"),
    ("county_dispatcher", "county"),
]
person = st.integers(0, len(PERSONS) - 1)
seat = st.integers(0, len(SEATS))  # the last one is the root
hours = st.integers(1, 24 * 40)


class Seats(RuleBasedStateMachine):
    # Made once by the test; each example starts from it and is rolled back.
    county: County
    seats: list[int]
    persons: list[int]

    @initialize()
    def begin(self):
        self.undo = transaction.atomic()
        self.undo.__enter__()
        transaction.get_connection().atomic_blocks[-1]._from_testcase = True
        self.travel = time_machine.travel(START, tick=False)
        self.time = self.travel.start()
        self.root = self.county.root
        self.answered = self.answers()
        self.told: dict[int, set[int]] = {}
        self.hooks, changing._hooks = changing._hooks, [self.hook]

    def teardown(self):
        if hasattr(self, "undo"):
            changing._hooks = self.hooks
            self.travel.stop()
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    def hook(self, person_id, seats, actor):
        self.told.setdefault(person_id, set()).update(seats)

    def answers(self):
        directory, now = people.directory(), clock.now()
        return {person_id: set(directory.answering(person_id, now)) for person_id in directory.persons}

    def attempt(self, act, *args, **kwargs):
        """A refusal is an answer too, if it leaves no trace."""
        try:
            with db.attempt():
                return act(*args, actor=SETUP, **kwargs)
        except Refusal as refusal:
            assert refusal.code.startswith("people."), refusal
            return refusal

    @rule(seat=seat, person=person, wait=st.integers(-48, 200), length=st.none() | hours)
    def appoint(self, seat, person, wait, length):
        since = clock.now() + timedelta(hours=wait)
        until = None if length is None else since + timedelta(hours=length)
        self.attempt(actions.appoint, self.seats[seat], self.persons[person], since=since, until=until)

    @rule(seat=seat, person=person, wait=st.integers(0, 100), length=hours)
    def substitute(self, seat, person, wait, length):
        since = clock.now() + timedelta(hours=wait)
        self.attempt(
            actions.substitute,
            self.seats[seat],
            self.persons[person],
            since=since,
            until=since + timedelta(hours=length),
        )

    @rule(seat=seat, person=st.none() | person, wait=st.integers(0, 100))
    def vacate(self, seat, person, wait):
        person_id = None if person is None else self.persons[person]
        at = clock.now() + timedelta(hours=wait)
        result = self.attempt(actions.vacate, self.seats[seat], person_id=person_id, at=at)
        if seat == len(SEATS) and person is None:
            assert isinstance(result, Refusal)

    @rule(person=person, wait=st.sampled_from([0, 0, 30]))
    def leave(self, person, wait):
        self.attempt(actions.leave, self.persons[person], at=clock.now() + timedelta(hours=wait))

    @rule(seat=seat, wanted=st.sets(person, max_size=3))
    def renew(self, seat, wanted):
        self.attempt(actions.renew, {self.seats[seat]: [self.persons[p] for p in wanted]})

    @rule(seat=st.integers(0, len(SEATS) - 1))
    def close_and_open_again(self, seat):
        post, place = SEATS[seat]
        self.attempt(actions.close_seat, self.seats[seat])
        if seat % 2:
            place_id = people.directory().seat(self.seats[seat]).place_id
            self.attempt(actions.open_seat, post, place_id)

    @rule(hours=hours)
    def wait(self, hours):
        self.time.shift(timedelta(hours=hours))

    @precondition(lambda self: hasattr(self, "undo"))
    @rule()
    def worker_looks(self):
        self.attempt(actions.settle)
        now = self.answers()
        for person_id, seats in self.answered.items():
            assert seats - now[person_id] <= self.told.get(person_id, set())
        self.answered, self.told = now, {}

    @invariant()
    def everybody_agrees(self):
        if not hasattr(self, "undo"):
            return
        now, directory = clock.now(), people.directory()
        assert len(set(directory.holders(self.root, now))) >= 2
        answering: dict[int, set[int]] = {}
        for seat_id in self.seats:
            assert set(directory.holders(seat_id, now)) == oracle.holders(seat_id, now)
            found = directory.effective(seat_id, now)
            assert (found.seat_id, set(found.persons)) == oracle.effective(seat_id, now)
            assert found.persons
            for person_id in found.persons:
                answering.setdefault(person_id, set()).add(seat_id)
            self.agree_without(directory, seat_id, frozenset(found.persons), now)
            self.agree_without(directory, seat_id, frozenset(self.persons[:4]), now)
        for person_id in directory.persons:
            assert directory.answering(person_id, now) == answering.get(person_id, set())
        later = directory.next_change(now)
        if later is not None:
            assert later > now
            for seat_id in self.seats:
                assert set(directory.holders(seat_id, later)) == oracle.holders(seat_id, later)

    def agree_without(self, directory, seat_id, unlike, now):
        expected = oracle.effective(seat_id, now, unlike)
        try:
            found = directory.effective(seat_id, now, unlike=unlike)
        except Conflict as refusal:
            assert refusal.code == "people.nobody_left" and expected is None
            return
        assert found.persons and not set(found.persons) & unlike
        if expected is None:  # beside the root, another supervisor of the county stands in
            assert directory.seat(found.seat_id).place_id == directory.seat(self.root).place_id
        else:
            assert (found.seat_id, set(found.persons)) == expected


@pytest.mark.django_db
def test_random_changes():
    with time_machine.travel(START, tick=False):
        county = Seats.county = County()
        Seats.seats = [county.seat(post, place) for post, place in SEATS] + [county.root]
        Seats.persons = county.persons(*PERSONS)
    run_state_machine_as_test(
        Seats,
        settings=settings(
            max_examples=12 if connection.vendor == "sqlite" else 6,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    revisions.forget()
    assert people.directory().root == county.root  # whatever was tried, the chain has its end
