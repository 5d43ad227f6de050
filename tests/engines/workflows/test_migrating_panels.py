"""The eighth step: a method with votes is changed while cases are open; the old one finishes on seven, or goes over."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows import migrating
from gezhi.engines.workflows.methods import edits, reading, source
from gezhi.engines.workflows.models import Case
from gezhi.foundation import db, events, packs, people
from tests.engines.workflows import talks

ADMIN = people.system("test")


@pytest.fixture
def world(db, at_ten):
    return talks.world()


def publish(change=None):
    made = source.of_body(packs.registry().body("workflow", "seven_steps"))
    found = reading.check(change(made) if change else made, "seven_steps")
    assert found.sound, [f.words for f in found.faults]
    with db.write():
        return packs.publish("workflow", "seven_steps", found.body, actor=ADMIN, how={}).version


def eighth(flow):
    last = next(n for n, s in flow["stages"].items() if s["kind"] == "task" and any(
        flow["stages"].get(a.get("to"), {}).get("kind") == "end" for a in s.get("actions", {}).values() if a.get("main")))  # fmt: skip
    answers = {"after": last, "title": "回头看", "post": "street_officer", "limit": "5 work_day"}
    return edits.apply(flow, "add_step", answers)


def go(case, to):
    """The same said before and done after, in a write and out of one (a vote's row is locked only to be counted)."""
    (seen,) = migrating.preview("seven_steps", case.version, to, ids=[case.pk])
    outcome = migrating.migrate(case.pk, to, actor=ADMIN)
    assert seen == outcome
    return outcome


def test_an_old_case_finishes_on_seven_while_a_new_one_has_eight(world):
    old = talks.assessed(world, *"555")
    to = publish(eighth)
    old = world.do(old, "publish", "赵兰", outcome="改好了。")
    assert (old.version, old.state) == (1, "closed")
    new = talks.assessed(world, *"555")
    new = world.do(new, "publish", "赵兰", outcome="改好了。")
    assert (new.version, new.state, new.stage) == (to, "open", "step_1") and events.verify().clean


@pytest.mark.parametrize(
    "way", [talks.topic, talks.agreed, lambda w: talks.assessed(w, *"111"), lambda w: talks.assessed(w, *"555")]
)
def test_a_case_with_votes_goes_over_wherever_it_stands_and_goes_on(world, way):
    case = way(world)
    outcome = go(case, publish(eighth))
    assert outcome.moves, outcome.words
    case = Case.objects.get(pk=case.pk)
    if talks.panel_of(case).state == "open":
        for house in talks.HOUSES[:3]:
            talks.vote(case, house, "yes")
        assert talks.close(world, case, minutes="通过。").stage != case.stage
    assert events.verify().clean


def test_another_rule_of_the_vote_keeps_the_case_on_its_version(world):
    case = talks.agreed(world)

    def stricter(flow):
        panel = next(s["panel"] for s in flow["stages"].values() if s["kind"] == "panel")
        panel["rounds"] = panel.get("rounds", 1) + 1
        return flow

    outcome = go(case, publish(stricter))
    assert outcome.code == "migrate.panel" and Case.objects.get(pk=case.pk).version == 1
