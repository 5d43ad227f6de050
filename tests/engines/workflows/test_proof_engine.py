"""What the proof accepts, run by the real engine: it never sticks, leaves nothing running, and always ends.

Random definitions (definitions.py) are installed as a pack; a random life is played: whoever owns an open item does
one of the things offered, residents speak, time passes, sub-cases are worked on too. Runs on both databases.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gezhi.engines.workflows import actions, panels, ticking, views
from gezhi.engines.workflows.models import CLOSED, OPEN, Ballot, Case, Panel, WorkItem
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import events, packs, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Conflict
from gezhi.foundation.jobs import claims

from .definitions import LEAF, as_yaml, definitions
from .test_machine import undone

MOST = 400  # steps of one life; counters are small, so a life that goes on has lost its bound
CALM = settings(
    max_examples=int(os.environ.get("GEZHI_LIVES", 10 if os.environ.get("GEZHI_TEST_DB") == "postgres" else 25)),
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def install(folder: Path, flow: dict) -> None:
    root = folder / "random-flow"
    (root / "workflows").mkdir(parents=True, exist_ok=True)
    (root / "pack.yaml").write_text("pack: random-flow\nversion: 1\ntitle: {zh: 随机, en: Random}\n")
    (root / "posts.yaml").write_text("posts: []\n")
    (root / "workflows" / "random.yaml").write_text(as_yaml(flow))
    (root / "workflows" / "leaf.yaml").write_text(as_yaml(LEAF))
    shipped = Path(__file__).parents[3] / "packs" / "standard-county"
    if not (folder / "standard-county").exists():
        (folder / "standard-county").symlink_to(shipped)
    (root / "pack.yaml").write_text(
        "pack: random-flow\nversion: 1\ntitle: {zh: 随机, en: Random}\nuses: [standard-county]\n"
    )
    packs.install(root, actor=people.system("test"))


class Life:
    def __init__(self, world, traveller, seed: int) -> None:
        self.world, self.traveller, self.random = world, traveller, Random(seed)
        self.case = world.open("路断了", workflow="random", urgent=bool(seed % 2)).id
        self.steps = self.waits = self.votes = 0

    def cases(self) -> list[Case]:
        """The case and those it opened, the open ones."""
        return [
            c for c in Case.objects.filter(pk=self.case) | Case.objects.filter(parent_id=self.case) if c.state == OPEN
        ]

    def offered(self):
        """Everything anybody may do now: (case, possible, actor)."""
        found = []
        for case in self.cases():
            items = list(WorkItem.objects.filter(case_id=case.id).order_by("number"))
            doers = {people.resident(case.code)}
            for item in (i for i in items if i.state == OPEN):
                persons = people.directory().effective(item.owner_seat, unlike=frozenset(item.barred)).persons
                doers.add(people.actor_for(self.random.choice(sorted(persons))))
            for actor in sorted(doers, key=lambda a: (a.kind, a.person_id or 0)):
                offers = views.possible(case, items, actor)
                found += [(case, p, actor) for p in offers if p.why_not is None]
        return found

    def values(self, form):
        seats = [self.world.seats[n] for n in ("city", "power", "water", "secretary")]
        made = {}
        for field in form.fields:
            made[field.id] = {
                "seats": seats[: self.random.randint(1, 2)],
                "seat": self.random.choice(seats),
                "places": [self.world.places["lake"], self.world.places["hill"]][: self.random.randint(1, 2)],
                "long_text": "记下了",
                "photos": [],
                "date": (clock.today() + timedelta(days=self.random.randint(1, 30))).isoformat(),
            }[field.type]
        return made

    def vote(self) -> None:
        """One of those who are asked in an open panel may answer, or stand aside."""
        for panel in Panel.objects.filter(case_id=self.case, state="open"):
            left = list(Ballot.objects.filter(panel=panel, state="invited", seat_id__isnull=False))
            if not left or self.random.random() < 0.4:
                continue
            ballot = self.random.choice(left)
            holders = people.directory().holders(ballot.seat_id)
            if not holders:
                continue
            actor = people.actor_for(self.random.choice(sorted(holders)))
            rule = panels.rule_of(panel, Case.objects.get(pk=self.case))
            try:
                if self.random.random() < 0.2:
                    panels.recuse(panel.id, ballot.number, actor=actor, ground="kin")
                else:
                    panels.cast(panel.id, actor=actor, ballot=ballot.number, choice=self.random.choice(rule.choices))
                self.votes += 1
            except Conflict as late:
                assert late.code == "panel.closed", late.code

    def step(self) -> None:
        self.steps += 1
        self.vote()
        offers = self.offered()
        timed = list(
            WorkItem.objects.filter(case_id=self.case, state=OPEN, next_at__isnull=False).values_list(
                "next_at", flat=True
            )
        )
        if offers and (not timed or self.random.random() < 0.8):
            case, chosen, actor = self.random.choice(offers)
            actions.fire(
                case.id, chosen.action, item=chosen.item, expected_seq=case.event_seq, actor=actor,
                data=self.values(chosen.form),
            )  # fmt: skip
        else:
            assert timed, "stuck: nobody may do anything, and no time is awaited"
            self.waits += 1
            self.traveller.move_to(max(min(timed), clock.now()) + timedelta(seconds=1))
            revisions.forget()
            while ticking.tick() == ticking.BATCH:
                pass
        claims.drain()
        revisions.forget()

    def check(self) -> None:
        case = Case.objects.get(pk=self.case)
        items = list(WorkItem.objects.filter(case_id=case.id).order_by("number"))
        running = [i for i in items if i.state == OPEN and not i.side]
        if case.state == CLOSED:
            assert not [i for i in items if i.state == OPEN], "work is left running in a closed case"
            assert not Panel.objects.filter(case_id=case.id).exclude(state="closed"), "a panel is left open"
            return
        (trunk,) = [i for i in running if i.branch == ""]
        assert case.owner_seat == trunk.owner_seat and case.late_at is not None
        assert len({i.branch for i in running}) == len(running), "a branch stands at two places"
        flow, _hash = definition(case.workflow, case.version)
        numbers = {i.number for i in running}
        for item in running:
            assert item.branch == "" or item.fork in numbers, "a branch runs on after its fork"
            assert item.owner_seat is not None and item.due_at is not None
        for name, most in flow.counters.items():
            assert case.counters.get(name, 0) <= most
        for item in items:
            stage = flow.stages[item.stage]
            others = set(stage.owner.unlike) if stage.owner else set()
            doers = {i.done_by for i in items if i.stage in others and i.number < item.number and i.done_at}
            if item.done_by is not None and item.done_at and item.action in stage.actions:
                barred_then = {
                    i.done_by for i in items if i.stage in others and i.done_at and i.done_at < item.opened_at
                }
                by_owner = "owner" in stage.actions[item.action].by and "reporter" not in stage.actions[item.action].by
                assert not by_owner or item.done_by not in barred_then or item.done_by not in doers, "a doer decided"


def test_what_is_accepted_never_sticks_and_always_ends_in_the_real_engine(world, at_ten, tmp_path):
    steps, votes, outcomes, kinds = [], [], set(), set()

    @CALM
    @given(definitions(size=14), st.integers(0, 2**20))
    def lives(flow, seed):
        at_ten.move_to("2026-11-18T02:00:00+00:00")
        with undone():
            install(tmp_path, flow)
            life = Life(world, at_ten, seed)
            life.check()
            while Case.objects.get(pk=life.case).state == OPEN:
                assert life.steps < MOST, "it never ends"
                life.step()
                life.check()
            steps.append(life.steps)
            votes.append(life.votes)
            outcomes.add(Case.objects.get(pk=life.case).outcome)
            kinds.update(s["kind"] for s in flow["stages"].values())
            assert events.verify().findings == []

    lives()
    # The lives were lives: of all kinds of stages, and longer than a walk straight through.
    assert (
        {"fork", "join", "timer", "gate", "panel"} <= kinds
        and sum(votes) > 3
        and max(steps) > 10
        and "done" in outcomes
    )
