"""Random definitions against the abstract interpreter: what is accepted behaves, what is refused shows its flaw."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gezhi.engines.workflows import proof
from gezhi.engines.workflows.reader import read_workflow
from gezhi.engines.workflows.schema import Workflow
from gezhi.foundation.packs import Context

from .abstract import Impossible, Machine
from .definitions import POSTS, broken, definitions
from .test_proof_blocks import show

KNOWN = {post: {"falls_to": "root", "level": "town", "powers": []} for post in POSTS} | {
    "root": {"falls_to": None, "level": "county", "powers": []}
}
QUICK = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def read(flow: dict):
    """(typed workflow or None when it could not be read, flaws, problems)."""
    context = Context("random.yaml", shared={"posts": KNOWN})
    body = read_workflow(flow, context)
    try:
        typed = Workflow.of(body)
    except (KeyError, TypeError):
        return None, [], context.problems
    return typed, proof.prove(typed, posts=KNOWN), context.problems


def behaves(flow: Workflow, most: int = 600) -> None:
    """Nothing is left running at an end, no join is met by another's branch, and every marking can still end."""
    machine = Machine(flow)
    following: dict = {}
    ended = set()
    for here in machine.explore(machine.start(), most):
        assert not (here.ended and here.tokens), f"work is left running: {here.tokens}"
        assert here.ended or here.tokens, "open, and nobody has it"
        following[here] = set()
        if here.ended:
            ended.add(here)
            continue
        for token, _kind, target, action in machine.moves(here):
            following[here].add(
                machine.make(here, token, target, action)
            )  # raises when the branch is at the wrong join
    whole = len(following) < most - 50 and all(n in following for near in following.values() for n in near)
    if not whole:
        return
    alive, grown = set(ended), True
    while grown:
        grown = {m for m, near in following.items() if m not in alive and near & alive}
        alive |= grown
    assert alive == set(following), "a marking from which the matter can no longer end"


@QUICK
@given(definitions())
def test_what_is_sound_by_construction_is_accepted_and_behaves(flow):
    typed, _flaws, problems = read(flow)
    assert [str(p) for p in problems] == []
    behaves(typed)


seen: Counter = Counter()


@settings(QUICK, max_examples=120)
@given(st.data())
def test_what_is_accepted_behaves_and_what_is_refused_shows_its_flaw(data):
    flow = data.draw(broken(data.draw(definitions(size=12))))
    typed, flaws, problems = read(flow)
    if typed is None:
        assert problems
        return
    if not problems:
        seen["accepted"] += 1
        behaves(typed)
        return
    for flaw in flaws:
        seen[flaw.code] += 1
        if flaw.run:
            seen["shown"] += 1
            show(typed, flaw)


def test_the_broken_ones_were_of_many_kinds():
    # Runs after the one above; alone it has nothing to look at.
    if seen:
        assert seen["accepted"] >= 5 and seen["shown"] >= 20, seen
        assert len([code for code in seen if "." in code]) >= 8, seen


def test_the_interpreter_finds_what_the_proof_would_have_let_through():
    """The twin: without the proof's refusal the interpreter meets the flaw by itself."""
    from .test_proof_blocks import SOUND, flaws

    left = flaws(SOUND.replace("        ends_all: true\n", ""))[0]
    wrong = flaws(
        SOUND.replace("        by: [owner]\n        to: publicity\n", "        by: [owner]\n        to: joined\n")
    )[0]
    for flow, error in ((left, AssertionError), (wrong, Impossible)):
        with pytest.raises(error):
            behaves(flow)
