"""Random lives of cases: whatever people, absences and clocks do, an open case has one owner and one clock.

Commands are drawn as plain numbers and read against what exists at that moment, so a failing run shrinks
to the few commands that matter. Runs on both databases (the suite runs twice).
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from unittest import mock

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gezhi.engines.workflows import access, actions, ticking, views
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, WorkItem
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Refusal
from gezhi.foundation.people import actions as staff
from tests.environment import some
from tests.foundation.people.county import SETUP

from . import joint

DOING = ("handle", "handle_ruled", "joint_lead", "joint_assist", "joint_sum")
KINDS = (
    "open",
    "act",
    "act",
    "act",
    "act",
    "act",
    "push",
    "vacate",
    "appoint",
    "substitute",
    "jump",
    "tick",
    "resident",
)
NUMBERS = [st.integers(0, 997)] * 4
COMMANDS = st.lists(st.tuples(st.sampled_from(KINDS), *NUMBERS), min_size=15, max_size=60)
JUMPS = (timedelta(minutes=20), timedelta(hours=5), timedelta(days=1), timedelta(days=4), timedelta(days=40))


@contextmanager
def undone():
    """What happens inside is rolled back; `db.write()` inside means what it means outside."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)
    revisions.forget()


class Run:
    def __init__(self, world, at_ten):
        self.world, self.clock = world, at_ten
        self.names = list(world.people)
        self.cases: list[int] = []
        self.flows = ("request",)
        self.refused = self.done = 0

    def step(self, kind, a, b, c, d):
        getattr(self, kind)(a, b, c, d)
        revisions.forget()

    def open(self, a, b, c, d):
        place = ("lake1", "lake2", "hill1", "lake", "east", "ridge")[a % 6]
        case = self.world.open("路灯坏了", place=place, urgent=b % 5 == 0, workflow=self.flows[c % len(self.flows)])
        self.cases.append(case.id)

    def _case(self, a):
        return Case.objects.get(pk=self.cases[a % len(self.cases)]) if self.cases else None

    def _values(self, form, c, d):
        seats = sorted(people.directory().seats)
        data = {}
        for n, field in enumerate(form.fields):
            pick = c + d * n
            if field.type == "choice":
                data[field.id] = field.choices[pick % len(field.choices)].value
            elif field.type == "seat":
                data[field.id] = seats[pick % len(seats)]
            elif field.type in ("text", "long_text"):
                data[field.id] = "看过了"
            elif field.type == "limit":
                data[field.id] = "1 work_day"
            elif field.type == "truth":
                data[field.id] = bool(pick % 2)
            elif field.type == "seats":
                data[field.id] = [seats[(pick + k) % len(seats)] for k in range(1 + pick % 3)]
            elif field.type == "places":
                data[field.id] = [self.world.places[p] for p in ("lake1", "lake2", "hill1")[: 1 + pick % 3]]
            elif field.type == "date":
                data[field.id] = (clock.today() + timedelta(days=pick % 120)).isoformat()
        return data

    def _fire(self, case, action, item, actor, form, c, d):
        try:
            actions.fire(case.id, action, item=item, expected_seq=None, actor=actor, data=self._values(form, c, d))
            self.done += 1
        except Refusal:
            self.refused += 1

    def act(self, a, b, c, d):
        """Somebody who may does one of the things that are offered."""
        case = self._case(a)
        if case is None:
            return
        items = list(WorkItem.objects.filter(case_id=case.id).order_by("number"))
        doable = []
        for item in (i for i in items if i.state == OPEN):
            found = people.directory().effective(item.owner_seat, unlike=frozenset(item.barred))
            actor = people.actor_for(found.persons[b % len(found.persons)])
            doable += [(p, actor) for p in views.possible(case, items, actor) if p.why_not is None and p.owner_only]
        if doable:
            chosen, actor = doable[c % len(doable)]
            self._fire(case, chosen.action, chosen.item, actor, chosen.form, c, d)

    def push(self, a, b, c, d):
        """Anybody tries anything; the engine refuses or it is right."""
        case = self._case(a)
        if case is None:
            return
        flow, _hash = definition(case.workflow, case.version)
        everything = [x for s in flow.stages for x in flow.actions_at(s).values()]
        action = everything[c % len(everything)]
        actor = people.actor_for(self.world.people[self.names[b % len(self.names)]])
        self._fire(case, action.id, None, actor, action.form, c, d)

    def resident(self, a, b, c, d):
        case = self._case(a)
        if case is None:
            return
        items = list(WorkItem.objects.filter(case_id=case.id).order_by("number"))
        actor = people.resident(case.code)
        offered = [p for p in views.possible(case, items, actor) if p.why_not is None]
        if offered:
            chosen = offered[b % len(offered)]
            self._fire(case, chosen.action, chosen.item, actor, chosen.form, c, d)

    def _person_change(self, change):
        try:
            change()
        except Refusal:
            self.refused += 1

    def vacate(self, a, b, c, d):
        seats = sorted(people.directory().seats)
        self._person_change(lambda: staff.vacate(seats[a % len(seats)], actor=SETUP))

    def appoint(self, a, b, c, d):
        seats = sorted(people.directory().seats)
        person = self.world.people[self.names[b % len(self.names)]]
        self._person_change(lambda: staff.appoint(seats[a % len(seats)], person, actor=SETUP))

    def substitute(self, a, b, c, d):
        seats = sorted(people.directory().seats)
        person = self.world.people[self.names[b % len(self.names)]]
        until = clock.now() + timedelta(days=1 + c % 9)
        self._person_change(lambda: staff.substitute(seats[a % len(seats)], person, actor=SETUP, until=until))

    def jump(self, a, b, c, d):
        self.clock.shift(JUMPS[a % len(JUMPS)])
        if b % 2:
            self.tick(a, b, c, d)

    def tick(self, a, b, c, d):
        for _n in range(20):
            if not ticking.tick():
                return
        raise AssertionError("the clock job never comes to rest")

    def check(self):
        """The invariants of design.md that concern cases."""
        directory, now = people.directory(), clock.now()
        for case in Case.objects.filter(pk__in=self.cases):
            items = list(WorkItem.objects.filter(case_id=case.id).order_by("number"))
            running = [i for i in items if i.state == OPEN and not i.side]
            flow, _hash = definition(case.workflow, case.version)
            for name, most in flow.counters.items():
                used = getattr(case, name, None)
                assert (case.counters.get(name, 0) if used is None else used) <= most
            assert len({i.number for i in items}) == len(items)
            if case.state == CLOSED:
                assert not [i for i in items if i.state == OPEN] and case.closed_at is not None
                continue
            # Exactly one accountable seat, on the trunk, whose clock runs or whose pause has an end.
            (trunk,) = [i for i in running if i.branch == ""]
            assert case.owner_seat == trunk.owner_seat and case.stage == trunk.stage
            assert case.late_at is not None and case.late_at <= min(i.due_at for i in running)
            assert all(i.next_at is not None or i.breached_at is not None for i in running)
            parked = flow.stages[trunk.stage].parked
            assert (case.parked_until is not None) == parked and (not parked or trunk.next_at == case.parked_until)
            self._check_branches(flow, items)
            for one in (i for i in items if i.state == OPEN):
                answering = directory.effective(one.owner_seat, now, unlike=frozenset(one.barred))
                assert answering.persons and not set(answering.persons) & set(one.barred)
            handled: set[int] = set()
            for past in items:
                if past.stage == "verify" and past.done_by is not None:
                    assert past.done_by not in handled, "a doer verified"
                if past.stage in DOING and past.done_by is not None:
                    handled.add(past.done_by)

    def _check_branches(self, flow, items):
        """Every open branch belongs to a fork that is open and waits for it; every open fork waits for something."""
        running = [i for i in items if i.state == OPEN and not i.side]
        assert len({i.branch for i in running}) == len(running)
        by_number = {i.number: i for i in items}
        for item in running:
            if item.branch:
                fork = by_number[item.fork]
                assert fork.state == OPEN and item.branch in fork.ask["branches"]
                assert item.branch not in fork.ask["arrived"]
            if flow.stages[item.stage].kind == "fork":
                inside = {i.branch for i in running if i.fork == item.number}
                assert inside and inside == set(item.ask["branches"]) - set(item.ask["arrived"])
        for beside in (i for i in items if i.state == OPEN and i.side):
            assert beside.branch in {i.branch for i in running}


def live(world, at_ten, commands, *flows) -> Run:
    at_ten.move_to("2026-11-18T02:00:00+00:00")
    with undone():
        run = Run(world, at_ten)
        run.flows = flows or run.flows
        run.open(0, 1, 0, 0)
        run.open(2, 1, 0, 0)
        for command in commands:
            run.step(*command)
            run.check()
        assert events.verify().findings == []
    return run


CALM = settings(
    max_examples=some(30), deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_an_open_case_always_has_one_owner_and_one_clock(world, at_ten):
    done = []

    @given(commands=COMMANDS)
    @CALM
    def lives(commands):
        done.append(live(world, at_ten, commands).done)

    lives()
    # The lives must be lives: hundreds of actions that the engine accepted.
    assert sum(done) > some(200) // 2


def test_forks_timers_and_sweeps_keep_one_accountable_seat_too(world, at_ten):
    joint.install(world)
    stages = Counter()

    @given(commands=COMMANDS)
    @CALM
    def lives(commands):
        with mock.patch.object(Run, "check", checking(stages)):
            live(world, at_ten, commands, "joint", "request", "sweep", "joint")

    lives()
    # They must have been there: branches inside branches, parking, publicity, sweeps.
    assert {"together", "lead_work", "assist_work", "publicity", "sweeping"} <= set(stages)


def checking(stages):
    plain = Run.check

    def check(self):
        plain(self)
        stages.update(WorkItem.objects.filter(case_id__in=self.cases, state=OPEN).values_list("stage", flat=True))

    return check


def one_persons_life(world, at_ten) -> Run:
    """A matter of the grid: its worker handles it, and whoever the engine then names verifies."""
    run = Run(world, at_ten)
    case = world.open(place="lake1")
    run.cases.append(case.id)
    world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    world.do(case, "finish", "秦英", result="换了灯泡。")
    run.check()
    item = WorkItem.objects.get(case_id=case.id, state=OPEN, side=False)
    assert item.stage == "verify"
    verifier = people.directory().effective(item.owner_seat, unlike=frozenset(item.barred)).persons[0]
    actions.fire(case.id, "pass", item=item.number, expected_seq=None, actor=people.actor_for(verifier), data={})
    run.check()
    return run


def test_who_handled_it_is_not_who_verifies(world, at_ten):
    with undone():
        (case,) = one_persons_life(world, at_ten).cases
        by = dict(WorkItem.objects.filter(case_id=case, done_by__isnull=False).values_list("stage", "done_by"))
        assert by["handle"] == world.people["秦英"] != by["verify"]


def test_without_the_bar_the_same_life_shows_a_doer_who_verifies(world, at_ten):
    """The twin: with separation of duties switched off, the machine's check finds the flaw it is there to find."""
    off = mock.patch.object(access, "doers", lambda items, stages: frozenset())
    with undone(), off, pytest.raises(AssertionError, match="a doer verified"):
        one_persons_life(world, at_ten)
