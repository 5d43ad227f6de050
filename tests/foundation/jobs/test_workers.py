"""One leader at a time; silence is seen."""

from __future__ import annotations

import pytest

from gezhi.foundation import jobs
from gezhi.foundation.jobs import queue, workers
from gezhi.foundation.jobs.models import Worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def time(monkeypatch):
    """Machine time under the test's hand: `time(ms)` moves it on."""
    now = [queue.machine_ms()]
    monkeypatch.setattr(workers, "machine_ms", lambda: now[0])
    monkeypatch.setattr(queue, "machine_ms", lambda: now[0])

    def on(ms: int) -> None:
        now[0] += ms

    return on


def test_the_first_leads_and_keeps_the_lead_while_it_beats(time):
    assert workers.beat("one")
    for _ in range(5):
        time(3000)
        assert not workers.beat("two")
        assert workers.beat("one")


def test_a_silent_leader_is_replaced_and_does_not_get_the_lead_back(time):
    assert workers.beat("one")
    time(workers.LEAD_MS + 1)
    assert workers.beat("two")
    assert not workers.beat("one")


def test_a_leader_that_leaves_makes_room_at_once(time):
    assert workers.beat("one")
    workers.leave("one")
    assert workers.beat("two")


def test_a_restarted_worker_of_the_same_name_leads_at_once(time):
    assert workers.beat("home-0")
    time(1)
    assert workers.beat("home-0")


def test_the_age_of_the_last_heartbeat(time):
    assert jobs.heartbeat_age() is None
    workers.beat("one")
    time(4000)
    assert jobs.heartbeat_age() == 4.0
    workers.beat("two")
    assert jobs.heartbeat_age() == 0.0


def test_workers_gone_for_a_day_are_forgotten(time):
    workers.beat("one")
    time(workers.FORGET_MS + 1)
    workers.beat("two")
    assert workers.forget_silent() == 1
    assert Worker.objects.get().name == "two"
