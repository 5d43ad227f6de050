"""A committee is replaced while 300 cases are open and people act: afterwards every open item has somebody who may act,
and nobody who left holds one. The twin takes the leave hooks away and shows what they are for."""

from __future__ import annotations

from contextlib import suppress

import pytest

from gezhi.engines.workflows import reseating, ticking
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.foundation import events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Refusal
from gezhi.foundation.people import actions, changing, committee
from tests.foundation.people.county import SETUP
from tests.world import World

from .test_two_officers import race

pytestmark = pytest.mark.django_db(transaction=True)
CASES = 300


@pytest.fixture
def world(transactional_db, at_ten) -> World:
    return World()


def replace(world: World) -> object:
    seats = {world.seats["secretary"]: [world.person("新书记")], world.seats["grid"]: [world.person("新网格员")]}
    return actions.change_committee(world.places["lake"], seats, actor=SETUP)


def stuck(world: World) -> tuple[list[int], list[int]]:
    """Open items nobody may act on; open items still in the hands of somebody who does not answer for their seat."""
    directory, now = people.directory(), clock.now()
    nobody, held = [], []
    for item in WorkItem.objects.filter(state=OPEN):
        if not directory.effective(item.owner_seat, now, unlike=frozenset(item.barred)).persons:
            nobody.append(item.pk)
        if item.person_id is not None and item.owner_seat not in directory.answering(item.person_id, now):
            held.append(item.pk)
    return nobody, held


def test_300_open_cases_have_somebody_who_may_act_after_a_change_in_the_midst_of_work(world):
    with revisions.scope():
        cases = [world.open(f"第 {n} 件：灯坏了。") for n in range(CASES)]
        for case in cases[:30]:
            world.do(case, "dispatch", "赵兰", sort="big", unit=world.seats["grid"])
            world.do(case, "accept", "秦英")
    world.person("新书记"), world.person("新网格员")
    told: list[str] = []

    def secretary() -> None:
        """Dispatches one after another until told that the seat is no longer hers."""
        for case in cases[30:60]:
            try:
                world.do(case, "dispatch", "赵兰", sort="big", unit=world.seats["grid"])
            except Refusal as refusal:
                told.append(refusal.code)

    def worker() -> None:
        for case in cases[:30]:
            with suppress(Refusal):
                world.do(case, "finish", "秦英", result="换好了。")

    outcomes = race(secretary, worker, lambda: replace(world))
    assert not isinstance(outcomes[2], Exception), outcomes
    while ticking.tick() == ticking.BATCH:
        pass
    assert stuck(world) == ([], [])
    assert Case.objects.filter(state=OPEN).count() == CASES
    for name in ("赵兰", "秦英"):
        with pytest.raises(Refusal):
            world.actor(name)  # the account is closed
    case = world.do(cases[299], "dispatch", "新书记", sort="big", unit=world.seats["grid"])
    assert world.do(case, "accept", "新网格员").handler_seat == world.seats["grid"]
    assert events.verify().clean


def test_without_the_hooks_what_was_drawn_would_stay_with_who_left(world, monkeypatch):
    case = world.do(world.open(), "dispatch", "赵兰", sort="big", unit=world.seats["grid"])
    world.do(case, "accept", "秦英")
    monkeypatch.setattr(changing, "_hooks", [])
    replace(world)
    nobody, held = stuck(world)
    assert nobody == [] and held == [WorkItem.objects.get(case_id=case.id, state=OPEN).pk]
    # The last line: what a change could not hand back because it was taken in that very moment, the clock does.
    monkeypatch.setattr(reseating, "_settled", None)
    ticking.tick()
    assert stuck(world) == ([], [])


def test_a_preview_is_not_stale_because_people_worked_meanwhile(world):
    seats = {world.seats["secretary"]: [world.person("新书记")]}
    plan = committee.preview(world.places["lake"], seats, actor=SETUP)
    world.do(world.open(), "dispatch", "赵兰", sort="big", unit=world.seats["grid"])
    assert actions.change_committee(world.places["lake"], seats, actor=SETUP, seen=plan.seen)
