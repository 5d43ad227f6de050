"""Background work: taking open cases over to another version."""

from __future__ import annotations

from typing import Any

from gezhi.engines.workflows.methods import runs
from gezhi.engines.workflows.methods.models import Migration
from gezhi.foundation import jobs, people


@jobs.handler("methods.migrate")
def migrate(job: Any) -> None:
    """One transaction a case; the run is finished together with the job."""
    run = Migration.objects.get(pk=job.payload["run"])
    actor = people.actor_for(run.asked_by) if run.asked_by is not None else people.system("packs")
    stay = runs.work(run, actor=actor)
    with job.complete():
        runs.finish(run, stay, actor=actor)
