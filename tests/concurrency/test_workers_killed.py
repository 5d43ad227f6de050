"""Workers are killed again and again while they work: every job takes effect exactly once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection

from gezhi.foundation import jobs
from gezhi.foundation.db.models import Revision
from gezhi.foundation.jobs.models import Job

JOBS, KILLS = 120, 8


def start(name: str) -> subprocess.Popen:
    """A worker process on this test's database."""
    database = connection.settings_dict
    program = (
        "import sys; from django.conf import settings; "
        f"settings.DATABASES['default']['NAME'] = {str(database['NAME'])!r}; "
        "from tests.concurrency import flaky_jobs; flaky_jobs.main()"
    )
    environment = {**os.environ, "GEZHI_LOG": "ERROR", "GEZHI_HOME": str(settings.GEZHI_HOME)}
    return subprocess.Popen([sys.executable, "-c", program, name], env=environment, stderr=subprocess.PIPE)


def effects() -> int:
    return Revision.objects.filter(name__startswith="job-").count()


def until(true: Callable[[], bool]) -> None:
    for _ in range(3600):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("the workers made no progress for three minutes")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_every_job_takes_effect_once_however_often_workers_are_killed():
    draw = random.Random(7)
    jobs.enqueue_many([("tests.effect", f"job-{number}", {}) for number in range(JOBS)])
    running = {name: start(name) for name in ("one", "two")}
    try:
        for kill in range(1, KILLS + 1):
            until(lambda kill=kill: effects() >= kill * JOBS // (KILLS + 2))
            name = draw.choice(sorted(running))
            running[name].kill()
            running[name].wait()
            running[name] = start(name)
        until(lambda: not Job.objects.filter(state=Job.READY).exists())
        assert all(worker.poll() is None for worker in running.values())
    finally:
        for worker in running.values():
            worker.terminate()
        for worker in running.values():
            worker.communicate()
    assert Job.objects.filter(state=Job.DONE).count() == JOBS
    assert effects() == JOBS
    # The kills fell into the work: some jobs were begun, lost with their worker, and begun again.
    assert Revision.objects.filter(name__startswith="job-", value__gt=1).exists()
    assert Revision.objects.get(name="total").value == JOBS
