"""A case is decided before the write lock is taken, and decided again inside it when the house has changed."""

import pytest

from gezhi.engines.workflows import opening
from gezhi.engines.workflows.models import Case
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Invalid
from gezhi.foundation.places import actions as places
from tests.foundation.people.county import SETUP


def closing_meanwhile(world, monkeypatch):
    """The place closes after the case was decided and before it is written."""
    real, calls = opening.decide, []

    def decide(*args, **kwargs):
        draft = real(*args, **kwargs)
        calls.append(draft)
        if len(calls) == 1:
            places.close(world.places["lake2"], actor=SETUP)
        return draft

    monkeypatch.setattr(opening, "decide", decide)
    return calls


def test_a_place_that_closes_meanwhile_takes_no_case(world, monkeypatch):
    calls = closing_meanwhile(world, monkeypatch)
    with pytest.raises(Invalid) as refused:
        world.open(place="lake2")
    assert refused.value.code == "case.place_closed"
    assert len(calls) == 1 and not Case.objects.exists()


def test_without_asking_again_the_case_would_lie_in_a_closed_place(world, monkeypatch):
    closing_meanwhile(world, monkeypatch)
    known = revisions.current()
    monkeypatch.setattr(opening.revisions, "current", lambda: known)
    assert world.open(place="lake2").place_id == world.places["lake2"]


def test_an_id_that_another_process_took_is_taken_anew(world, monkeypatch):
    first = world.open("甲事")
    real, given_out = opening.rules.new_id, iter([first.id])
    monkeypatch.setattr(opening.rules, "new_id", lambda at: next(given_out, None) or real(at))
    second = world.open("乙事")
    assert Case.objects.count() == 2
    assert (second.id != first.id, second.event_seq) == (True, 1)
