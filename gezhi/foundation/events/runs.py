"""Checks of the whole log that somebody asked for: done by the worker, watched while they run, and kept."""

from __future__ import annotations

import time
from typing import Any

from gezhi.foundation import db, jobs
from gezhi.foundation.calendar import clock

from .checking import verify
from .findings import Finding
from .models import VerifyRun

JOB = "events.verify"
KEPT_FINDINGS = 200
LISTED = 10


def ask(person_id: int | None) -> VerifyRun:
    """Have the log checked; one that waits or runs is given back instead of a second one beside it."""
    with db.write():
        running = VerifyRun.objects.select_for_update().filter(finished_at=None).order_by("-id").first()
        if running is not None:
            return running
        run = VerifyRun.objects.create(asked_by=person_id, asked_at=clock.now())
        jobs.enqueue(JOB, str(run.pk), {"run": run.pk})
    return run


def perform(run_id: int, done_with: Any) -> None:
    """Do an asked check; `done_with()` is the block in which the result is written (a job's `complete`)."""
    VerifyRun.objects.filter(pk=run_id).update(started_at=clock.now(), done=0)
    last = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last >= 1:
            last = time.monotonic()
            VerifyRun.objects.filter(pk=run_id).update(done=done, of=of)

    report = verify(progress=tell)
    with done_with():
        VerifyRun.objects.filter(pk=run_id).update(
            finished_at=clock.now(),
            events=report.events,
            blocks=report.blocks,
            seconds=round(report.seconds, 1),
            count=len(report.findings) + report.omitted,
            findings=[[f.code, f.stream, f.seq, dict(f.facts)] for f in report.findings[:KEPT_FINDINGS]],
        )


def latest(limit: int = LISTED) -> list[VerifyRun]:
    """The newest checks, one that waits or runs among them."""
    return list(VerifyRun.objects.order_by("-id")[:limit])


def said(run: VerifyRun) -> list[str]:
    """What a check found, in the reader's language."""
    return [Finding(code, stream, seq, tuple(sorted(facts.items()))).words for code, stream, seq, facts in run.findings]
