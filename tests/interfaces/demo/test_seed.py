"""A filling of the demo county that dies half-way is not taken for a county."""

from __future__ import annotations

import pytest

from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict
from gezhi.interfaces.commands import demo
from gezhi.interfaces.demo import seed, staff
from gezhi.interfaces.jobs import steps

pytestmark = pytest.mark.django_db


def test_a_home_filled_half_is_refused_with_what_to_do(monkeypatch):
    def dies(*_given):
        raise RuntimeError("the machine went down")

    assert steps.wants_demo() and not seed.half_done()
    monkeypatch.setattr(seed.packs, "install", lambda *_a, **_k: None)
    monkeypatch.setattr(seed.packs, "registry", dies)
    with pytest.raises(RuntimeError):
        demo.seed()
    assert seed.half_done() and steps.wants_demo()
    for again in (demo.seed, steps.seed_demo):
        with pytest.raises(Conflict) as refused:
            again()
        assert refused.value.code == "demo.half" and "GEZHI_HOME" in refused.value.next


def test_one_filled_to_the_end_is_left_alone(monkeypatch):
    monkeypatch.setattr(seed.packs, "install", lambda *_a, **_k: None)
    monkeypatch.setattr(seed.packs, "registry", lambda: type("Registry", (), {"body": lambda *_a: {}})())
    monkeypatch.setattr(seed.places, "load_pack", lambda *_a, **_k: None)
    monkeypatch.setattr(staff, "fill", lambda _since: None)
    monkeypatch.setattr(seed, "_todays_list", lambda _run: None)
    monkeypatch.setattr(seed.gatherings, "schedule", lambda _at, _until: 0)
    monkeypatch.setattr(seed.rounds, "schedule", lambda _run: None)
    monkeypatch.setattr(seed.lent, "schedule", lambda _run: None)
    monkeypatch.setattr(seed.stories, "schedule", lambda _run: 0)
    monkeypatch.setattr(seed.households, "fill", lambda _seed: None)
    monkeypatch.setattr(seed.partners, "fill", lambda: None)
    before = clock.now()
    seed.fill(cases=0)
    assert not seed.half_done() and abs((clock.now() - before).total_seconds()) < 3600
