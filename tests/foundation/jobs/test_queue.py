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
    monkeypatch.setattr(registry, "BATCHES", {})
    monkeypatch.setattr(claims, "BATCHES", registry.BATCHES)
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


@pytest.fixture
def noted_together(handlers):
    """A batch handler "notes"; a key that begins with "bad" cannot be done."""
    runs = []

    @jobs.batch_handler("notes")
    def notes(claimed):
        runs.append([job.key for job in claimed])
        with claims.complete_all(claimed) as mine:
            if any(job.key.startswith("bad") for job in mine):
                raise ValueError("cannot be done")
            Revision.objects.bulk_create([Revision(name=job.key, value=job.attempts) for job in mine])

    return runs


def test_many_of_a_kind_are_done_in_one_transaction(noted_together):
    for key in "abc":
        jobs.enqueue("notes", key)
    assert claims.drain() == 3
    assert noted_together == [["a", "b", "c"]]
    assert set(Job.objects.values_list("state", flat=True)) == {Job.DONE}


def test_one_that_cannot_be_done_holds_up_nobody(noted_together):
    for key in ("a", "bad", "c"):
        jobs.enqueue("notes", key)
    assert claims.drain() == 2
    assert dict(Revision.objects.filter(name__in=["a", "bad", "c"]).values_list("name", "value")) == {"a": 1, "c": 1}
    left = Job.objects.get(key="bad")
    assert (left.state, left.attempts, left.last_error.split()[0]) == (Job.READY, 1, "ValueError")


def test_what_another_worker_took_over_is_left_out_of_the_batch(noted_together):
    for key in "ab":
        jobs.enqueue("notes", key)
    first = claims.claim("slow", limit=10)
    Job.objects.filter(key="a").update(leased_by="quick", attempts=2)
    assert claims.perform_all(first) == 1
    assert set(Revision.objects.filter(name__in=["a", "b"]).values_list("name", flat=True)) == {"b"}


def test_a_batch_that_was_taken_over_writes_nothing(noted_together):
    for key in "ab":
        jobs.enqueue("notes", key)
    first = claims.claim("slow", limit=10)
    Job.objects.update(leased_by="quick", attempts=2)
    assert claims.perform_all(first) == 0
    assert not Revision.objects.filter(name__in=["a", "b"]).exists()
