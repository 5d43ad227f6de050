"""What happens to what a person had drawn to themselves, however they came to stop answering for a seat."""

from datetime import timedelta

import pytest
import time_machine

from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import actions, changing

from .county import SETUP

DAY = timedelta(days=1)


@pytest.fixture
def told(monkeypatch):
    """Every call of a leave hook, as (person, seats, directory's answer at that moment)."""
    calls = []

    def hook(person_id, seats, actor):
        calls.append((person_id, set(seats)))
        for seat in seats:
            assert person_id not in people.directory().effective(seat).persons
        return [f"{len(seats)} 件已交"]

    monkeypatch.setattr(changing, "_hooks", [hook])
    return calls


def test_leaving_hands_over_every_seat_also_the_vacant_ones_covered(county, told):
    worker = county.seat("grid_worker", "lake1")
    secretary = county.seat("village_secretary", "lake", "秦明")
    told.clear()
    result = actions.leave(county.person("秦明"), actor=SETUP)
    assert told == [(county.person("秦明"), {worker, secretary})]
    assert [(seat.seat_id, seat.to_seat_id) for seat in result.seats] == [(secretary, county.root)]
    assert set(result.seats[0].to_persons) == set(people.directory().holders(county.root))
    assert result.items == ("2 件已交",)


def test_filling_a_vacant_seat_takes_it_from_who_covered_it(county, told):
    worker = county.seat("grid_worker", "lake1")
    secretary = county.seat("village_secretary", "lake", "秦明")
    told.clear()
    actions.appoint(worker, county.person("王可"), actor=SETUP)
    assert told == [(county.person("秦明"), {worker})]
    told.clear()
    actions.vacate(worker, actor=SETUP)
    assert told == [(county.person("王可"), {worker})]
    assert people.directory().effective(worker).seat_id == secretary


def test_who_still_answers_otherwise_loses_nothing(county, told):
    worker = county.seat("grid_worker", "lake1", "王可")
    extra = actions.substitute(worker, county.person("李适"), actor=SETUP, until=clock.now() + DAY)
    actions.appoint(worker, county.person("李适"), actor=SETUP)
    told.clear()
    actions.end_substitute(extra, actor=SETUP)
    assert told == []


def test_a_term_that_runs_out_is_told_once_when_its_time_comes(county, told):
    worker = county.seat("grid_worker", "lake1", "王可")
    now = clock.now()
    stand_in = county.person("李适")
    actions.substitute(worker, stand_in, actor=SETUP, until=now + DAY)
    actions.leave(county.person("王可"), actor=SETUP, at=now + 2 * DAY)
    told.clear()
    assert actions.settle(actor=people.system("clock")) == 0
    with time_machine.travel(now + 1.5 * DAY):
        assert actions.settle(actor=people.system("clock")) == 1
        assert actions.settle(actor=people.system("clock")) == 0
    with time_machine.travel(now + 5 * DAY):
        assert actions.settle(actor=people.system("clock")) == 1
    assert told == [(stand_in, {worker}), (county.person("王可"), {worker})]


def test_a_term_that_came_and_went_between_two_looks_is_told_too(county, told):
    worker = county.seat("grid_worker", "lake1", "王可")
    now = clock.now()
    actions.substitute(worker, county.person("李适"), actor=SETUP, since=now + DAY, until=now + 2 * DAY)
    told.clear()
    with time_machine.travel(now + 9 * DAY):
        actions.settle(actor=people.system("clock"))
    assert told == [(county.person("李适"), {worker})]


def test_an_action_after_the_term_ran_out_settles_it_first(county, told):
    worker = county.seat("grid_worker", "lake1", "王可")
    now = clock.now()
    actions.substitute(worker, county.person("李适"), actor=SETUP, until=now + DAY)
    told.clear()
    with time_machine.travel(now + 2 * DAY):
        county.seat("grid_worker", "lake2")
    assert told == [(county.person("李适"), {worker})]


def test_a_failing_hook_undoes_the_whole_change(county, monkeypatch):
    worker = county.seat("grid_worker", "lake1", "王可")

    def broken(person_id, seats, actor):
        raise RuntimeError("no")

    monkeypatch.setattr(changing, "_hooks", [broken])
    with pytest.raises(RuntimeError):
        actions.leave(county.person("王可"), actor=SETUP)
    assert people.directory().holders(worker) == (county.person("王可"),)


def test_a_hook_is_registered_once(monkeypatch):
    monkeypatch.setattr(changing, "_hooks", [])

    def hook(person_id, seats, actor):
        return None

    assert people.on_leave(people.on_leave(hook)) is hook
    assert changing._hooks == [hook]


def test_the_hand_over_list_can_be_printed_before_anybody_leaves(county):
    worker = county.seat("grid_worker", "lake1", "秦明")
    secretary = county.seat("village_secretary", "lake", "秦明")
    preview = people.hand_over_list(county.person("秦明"))
    assert [(row.seat_id, row.to_seat_id) for row in preview.seats] == [
        (worker, county.root),
        (secretary, county.root),
    ]
    assert people.directory().holders(worker) == (county.person("秦明"),)
