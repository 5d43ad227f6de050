"""Taking work out: claim under a lease, do, complete; or fail, wait, try again, and in the end lie as a dead letter."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import F

from gezhi.foundation import db
from gezhi.foundation.calendar import clock

from .models import Job
from .queue import machine_ms
from .registry import BATCHES, HANDLERS, SLOW

log = logging.getLogger("gezhi.jobs")

# A lease outlives several heartbeats (3 s), so a busy machine loses none; a dead worker's work waits this long.
LEASE_MS = 30_000
# Twelve tries with doubling waits take about two hours and a half: an outage of a morning loses nothing
# to impatience, and a job that kills its worker every time stops doing so the same day.
MAX_ATTEMPTS = 12
LONGEST_WAIT = timedelta(hours=1)


class LeaseLost(Exception):
    """Somebody else holds this job by now; what was being written is rolled back."""


@dataclass
class Claimed:
    """A job in hand. `attempts` counts this try; `(holder, attempts)` tells this claim from every other."""

    id: int
    name: str
    key: str
    payload: dict[str, Any]
    attempts: int
    holder: str
    completed: bool = field(default=False, init=False)

    @contextmanager
    def complete(self) -> Iterator[None]:
        """A write block whose commit also completes the job; the effects inside happen exactly once.

        Raises LeaseLost at the start when the job was taken over or completed meanwhile.
        """
        with db.write():
            mine = Job.objects.select_for_update().filter(**self._identity()).exists()
            if not mine:
                raise LeaseLost(f"{self.name}:{self.key}")
            yield
            Job.objects.filter(**self._identity()).update(
                state=Job.DONE, done_at=clock.now(), leased_by="", leased_until=0, last_error=""
            )
        self.completed = True

    def _identity(self) -> dict[str, Any]:
        return {"id": self.id, "state": Job.READY, "leased_by": self.holder, "attempts": self.attempts}


def claim(holder: str, *, limit: int = 1, slow: bool | None = None) -> list[Claimed]:
    """Up to `limit` due jobs that this program has handlers for, oldest first, leased to `holder`.

    `slow` True or False: only those of that lane (`registry.handler`).

    PostgreSQL skips rows another worker is claiming; on SQLite the claim is one short write, made only
    when a read has found something due.
    """
    names = [name for name in HANDLERS if slow is None or (name in SLOW) == slow]
    due = Job.objects.filter(state=Job.READY, run_at__lte=clock.now(), leased_until__lt=machine_ms(), name__in=names)
    if not due.exists():
        return []
    with db.write():
        jobs = list(due.select_for_update(skip_locked=True).order_by("run_at", "id")[:limit])
        worn_out = [job.id for job in jobs if job.attempts >= MAX_ATTEMPTS]
        if worn_out:
            # Only a worker that died while holding it leaves a job with all its attempts used and no verdict.
            Job.objects.filter(id__in=worn_out).update(state=Job.DEAD, last_error="the worker died while doing it")
        taken = [job for job in jobs if job.attempts < MAX_ATTEMPTS]
        Job.objects.filter(id__in=[job.id for job in taken]).update(
            leased_by=holder, leased_until=machine_ms() + LEASE_MS, attempts=F("attempts") + 1
        )
    return [Claimed(job.id, job.name, job.key, job.payload, job.attempts + 1, holder) for job in taken]


def perform(job: Claimed) -> bool:
    """Do one claimed job. True when it is completed; a failure is recorded and False returned."""
    try:
        HANDLERS[job.name](job)
        if not job.completed:
            with job.complete():
                pass
    except LeaseLost:
        log.warning("job %s:%s was taken over by another worker", job.name, job.key)
        return False
    except Exception as fault:
        log.exception("job %s:%s failed (attempt %d)", job.name, job.key, job.attempts)
        fail(job, fault)
        return False
    return True


def perform_all(jobs: list[Claimed]) -> int:
    """Do claimed jobs of one kind together when the kind has a batch handler; returns how many were completed.

    A batch that fails is done again one by one: the flaw is then recorded with the job that has it.
    """
    together = BATCHES.get(jobs[0].name)
    if together is None or len(jobs) == 1:
        return sum(perform(job) for job in jobs)
    try:
        together(jobs)
    except LeaseLost as lost:
        log.warning("taken over by another worker: %s", lost)
    except Exception:
        log.exception("%d jobs %s failed together; trying them one by one", len(jobs), jobs[0].name)
        return sum(perform(job) for job in jobs if not job.completed)
    return sum(job.completed for job in jobs)


@contextmanager
def complete_all(jobs: list[Claimed]) -> Iterator[list[Claimed]]:
    """`Claimed.complete` for jobs of one holder: gives those still held, completes exactly them with the commit.

    Raises LeaseLost when none is held any more.
    """
    with db.write():
        rows = Job.objects.select_for_update().filter(
            id__in=[job.id for job in jobs], state=Job.READY, leased_by=jobs[0].holder
        )
        held = {row.id: row.attempts for row in rows}
        mine = [job for job in jobs if held.get(job.id) == job.attempts]
        if not mine:
            raise LeaseLost(f"{jobs[0].name}: {len(jobs)} jobs")
        yield mine
        Job.objects.filter(id__in=[job.id for job in mine]).update(
            state=Job.DONE, done_at=clock.now(), leased_by="", leased_until=0, last_error=""
        )
    for job in mine:
        job.completed = True


def by_kind(jobs: list[Claimed]) -> list[list[Claimed]]:
    """Claimed jobs in runs that may be done together: one run for each batch kind, others one by one, in order."""
    runs: list[list[Claimed]] = []
    together: dict[str, list[Claimed]] = {}
    for job in jobs:
        if job.name not in BATCHES:
            runs.append([job])
        elif job.name in together:
            together[job.name].append(job)
        else:
            together[job.name] = [job]
            runs.append(together[job.name])
    return runs


def fail(job: Claimed, fault: BaseException) -> None:
    """Record a failure: try again after a doubling wait, or stop as a dead letter after the last attempt."""
    last = job.attempts >= MAX_ATTEMPTS
    wait = min(timedelta(seconds=2**job.attempts), LONGEST_WAIT)
    with db.write():
        Job.objects.filter(**job._identity()).update(
            state=Job.DEAD if last else Job.READY,
            run_at=clock.now() + wait,
            leased_by="",
            leased_until=0,
            last_error=_where(fault),
        )


def _where(fault: BaseException) -> str:
    """Kind of the exception and the innermost line; never its message, which may quote personal text."""
    frames = traceback.extract_tb(fault.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/gezhi/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{type(fault).__name__}{place}"[:300]


def extend(jobs: list[Claimed]) -> None:
    """Renew the leases of jobs still being done."""
    if jobs:
        with db.write():
            Job.objects.filter(id__in=[job.id for job in jobs], leased_by=jobs[0].holder, state=Job.READY).update(
                leased_until=machine_ms() + LEASE_MS
            )


def release(jobs: list[Claimed]) -> None:
    """Give back claimed jobs that were not begun, as if they had never been claimed."""
    with db.write():
        for job in jobs:
            Job.objects.filter(**job._identity()).update(leased_by="", leased_until=0, attempts=F("attempts") - 1)


def release_all(holder: str) -> int:
    """Give back whatever `holder` has leased. Only for a worker whose former process is known to be dead."""
    with db.write():
        return Job.objects.filter(state=Job.READY, leased_by=holder).update(leased_by="", leased_until=0)


def drain(holder: str = "drain", *, limit: int = 1_000_000) -> int:
    """Do every job that is due now, in this thread, until none is left; returns how many were completed.

    For seeding a demo and for tests. Failed jobs wait for their next try like any other.
    """
    completed = 0
    while completed < limit and (jobs := claim(holder, limit=min(50, limit - completed))):
        completed += sum(perform_all(run) for run in by_kind(jobs))
    return completed


def dead_letters() -> list[Job]:
    """Jobs that were given up, oldest first."""
    return list(Job.objects.filter(state=Job.DEAD).order_by("id"))


def retry(job_id: int) -> bool:
    """Give one dead letter all its attempts again; False when it is not one."""
    with db.write():
        return bool(
            Job.objects.filter(id=job_id, state=Job.DEAD).update(state=Job.READY, attempts=0, run_at=clock.now())
        )
