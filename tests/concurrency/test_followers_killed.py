"""Workers are killed −9 while they read on and notify: every (event, rule) is told once, none is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from django.conf import settings
from django.db import connection

from gezhi.flows import following
from gezhi.foundation import events
from gezhi.foundation.jobs.models import Job
from gezhi.foundation.notices.models import Notice
from tests.world import World

CASES, KILLS = 60, 6


def start(name: str) -> subprocess.Popen:
    """A following worker on this test's database."""
    database = connection.settings_dict
    program = (
        "import sys; from django.conf import settings; "
        f"settings.DATABASES['default']['NAME'] = {str(database['NAME'])!r}; "
        "from tests.concurrency import follower; follower.main()"
    )
    environment = {**os.environ, "GEZHI_LOG": "CRITICAL", "GEZHI_HOME": str(settings.GEZHI_HOME)}
    return subprocess.Popen([sys.executable, "-c", program, name], env=environment, stderr=subprocess.PIPE)


def until(true) -> None:
    for _ in range(3600):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("the workers made no progress for three minutes")


def holding() -> str | None:
    """Which worker has a job in hand now."""
    return (
        Job.objects.filter(name=following.JOB, state=Job.READY)
        .exclude(leased_by="")
        .values_list("leased_by", flat=True)
        .first()
    )


def in_its_work(running: dict[str, subprocess.Popen]) -> str:
    """Which worker stands still in the middle of its work: it is stopped first, and then looked whether it still has it."""
    found: list[str] = []

    def stopped() -> bool:
        name = holding()
        if name is None:
            return False
        running[name].send_signal(signal.SIGSTOP)
        time.sleep(0.1)  # a commit that was on its way has arrived
        if holding() == name:
            found.append(name)
            return True
        running[name].send_signal(signal.SIGCONT)
        return False

    until(stopped)
    return found[0]


def done() -> int:
    return Job.objects.filter(name=following.JOB, state=Job.DONE).count()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_every_event_is_told_once_however_often_workers_are_killed():
    world = World()
    draw = random.Random(11)
    running = {name: start(name) for name in ("one", "two")}
    opened = []
    try:
        for turn in range(KILLS):
            opened += [world.open() for _ in range(CASES // KILLS)]
            if turn % 2:
                time.sleep(draw.random() * 1.5)  # anywhere: also while it reads on
                name = draw.choice(sorted(running))
            else:
                name = in_its_work(running)
            running[name].kill()
            running[name].wait()
            running[name] = start(name)
        until(lambda: done() == CASES and not Job.objects.filter(name=following.JOB, state=Job.READY).exists())
        assert all(worker.poll() is None for worker in running.values())
    finally:
        for worker in running.values():
            worker.terminate()
        for worker in running.values():
            worker.communicate()
    told = Counter(Notice.objects.filter(person=world.person("赵兰")).values_list("stream", flat=True))
    assert told == Counter(f"case:{case.id}" for case in opened)
    # The kills fell into the work: some jobs were begun, lost with their worker, and begun again.
    assert Job.objects.filter(name=following.JOB, attempts__gt=1).exists()
    assert [f for f in events.verify().findings if f.stream] == []
