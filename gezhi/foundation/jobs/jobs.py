"""The room's own periodic work: keep the table small."""

from __future__ import annotations

from datetime import timedelta

from gezhi.foundation import db
from gezhi.foundation.calendar import clock

from . import workers
from .models import Job
from .registry import every

# A finished job is remembered this long; until then enqueueing its key again does nothing.
REMEMBERED = timedelta(days=90)
BATCH = 500


@every(3600, "jobs.prune")
def prune() -> None:
    """Forget finished jobs after 90 days, in short writes, and workers long gone."""
    old = Job.objects.filter(state=Job.DONE, done_at__lt=clock.now() - REMEMBERED)
    while ids := list(old.values_list("id", flat=True)[:BATCH]):
        with db.write():
            Job.objects.filter(id__in=ids).delete()
    workers.forget_silent()
