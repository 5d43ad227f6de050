"""Putting in, claiming, completing, failing: on whichever database this pass uses."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.foundation import db, jobs
from gezhi.foundation.calendar import clock
from gezhi.foundation.db.models import Revision
from gezhi.foundation.jobs import claims, registry
from gezhi.foundation.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def handlers(monkeypatch):
    """An empty registry for this test; fill it with `jobs.handler`."""
    monkeypatch.setattr(registry, "HANDLERS", {})
    monkeypatch.setattr(claims, "HANDLERS", registry.HANDLERS)
    return registry.HANDLERS


@pytest.fixture
def noted(handlers):
    """A handler "note" with an effect in the database: one revision row per key."""

    @jobs.handler("note")
    def note(job):
        with job.complete():
            Revision.objects.create(name=job.key, value=job.attempts)

    return lambda: dict(Revision.objects.values_list("name", "value"))


def test_a_key_is_done_once_however_often_it_is_enqueued(noted):
    jobs.enqueue("note", "a")
    jobs.enqueue("note", "a")
    assert claims.drain() == 1
    jobs.enqueue("note", "a")
    assert claims.drain() == 0
    assert noted() == {"a": 1}


def test_enqueue_is_one_insert_and_goes_with_its_transaction(noted):
    with pytest.raises(LookupError), db.write():
        jobs.enqueue("note", "a")
        raise LookupError
    assert not Job.objects.exists()
    with db.write():
        clock.now()
        with db.count_queries() as q:
            jobs.enqueue("note", "a", {"n": 1})
            jobs.enqueue("note", "a", {"n": 2})
    assert [statement.split()[0] for statement in q.statements] == ["INSERT", "INSERT"]
    assert Job.objects.get().payload == {"n": 1}


def test_a_job_waits_for_its_time(noted):
    jobs.enqueue("note", "later", run_at=clock.now() + timedelta(minutes=5))
    assert claims.claim("me") == []


def test_a_leased_job_is_left_to_its_holder_until_the_lease_runs_out(noted, monkeypatch):
    jobs.enqueue("note", "a")
    (first,) = claims.claim("one")
    assert claims.claim("two") == []
    later = claims.machine_ms() + claims.LEASE_MS + 1
    monkeypatch.setattr(claims, "machine_ms", lambda: later)
    (second,) = claims.claim("two")
    assert second.attempts == 2
    assert claims.perform(second)
    # The first worker was only slow: its effect is refused, the job's stands once.
    assert not claims.perform(first)
    assert noted() == {"a": 2}


def test_a_lease_that_ran_out_but_was_not_taken_still_completes(noted, monkeypatch):
    jobs.enqueue("note", "a")
    (mine,) = claims.claim("one")
    later = claims.machine_ms() + claims.LEASE_MS + 1
    monkeypatch.setattr(claims, "machine_ms", lambda: later)
    assert claims.perform(mine)
    assert noted() == {"a": 1}


def test_a_failure_waits_longer_each_time_and_becomes_a_dead_letter(handlers):
    @jobs.handler("break")
    def break_(job):
        raise ValueError("the phone of 张三 is 13800000000")

    jobs.enqueue("break", "a")
    waits = []
    for _ in range(claims.MAX_ATTEMPTS):
        Job.objects.update(run_at=clock.now() - timedelta(seconds=1))
        (job,) = claims.claim("me")
        before = clock.now()
        assert not claims.perform(job)
        waits.append(Job.objects.get().run_at - before)
    assert waits == sorted(waits)
    assert waits[-1] <= claims.LONGEST_WAIT + timedelta(seconds=5)
    (dead,) = claims.dead_letters()
    assert dead.last_error.startswith("ValueError at ")
    assert "张三" not in dead.last_error
    assert claims.claim("me") == []
    assert claims.retry(dead.id)
    assert not claims.retry(dead.id)
    assert len(claims.claim("me")) == 1


def test_a_job_that_kills_its_worker_each_time_is_given_up(noted):
    jobs.enqueue("note", "a")
    for attempt in range(1, claims.MAX_ATTEMPTS + 1):
        (job,) = claims.claim("me")
        assert job.attempts == attempt
        claims.release_all("me")  # what a restarted worker does: it never learns what happened
    assert claims.claim("me") == []
    (dead,) = claims.dead_letters()
    assert "died" in dead.last_error


def test_work_given_back_unbegun_has_not_used_an_attempt(noted):
    jobs.enqueue("note", "a")
    claims.release(claims.claim("me"))
    (job,) = claims.claim("other")
    assert job.attempts == 1


def test_a_job_of_an_unknown_kind_is_left_alone(noted):
    jobs.enqueue("from.a.newer.version", "a")
    assert claims.claim("me") == []
    assert Job.objects.get().state == Job.READY


def test_an_effect_that_fails_leaves_nothing_and_the_job_ready(handlers):
    @jobs.handler("half")
    def half(job):
        with job.complete():
            Revision.objects.create(name="half", value=1)
            raise LookupError

    jobs.enqueue("half", "a")
    assert claims.drain() == 0
    assert not Revision.objects.filter(name="half").exists()
    assert Job.objects.get().state == Job.READY


def test_a_handler_that_completes_nothing_is_completed_for_it(handlers):
    seen = []
    jobs.handler("outside")(lambda job: seen.append(job.payload))
    jobs.enqueue("outside", "a", {"to": "printer"})
    assert claims.drain() == 1
    assert seen == [{"to": "printer"}]
    assert Job.objects.get().state == Job.DONE


def test_two_handlers_or_tasks_of_one_name_are_refused(handlers):
    jobs.handler("x")(print)
    with pytest.raises(ValueError, match="Two handlers"):
        jobs.handler("x")(repr)


def test_done_jobs_are_forgotten_after_ninety_days(noted):
    from gezhi.foundation.jobs.jobs import REMEMBERED, prune

    jobs.enqueue_many([("note", key, {}) for key in ("old", "new")])
    claims.drain()
    Job.objects.filter(key="old").update(done_at=clock.now() - REMEMBERED - timedelta(days=1))
    prune()
    assert list(Job.objects.values_list("key", flat=True)) == ["new"]
