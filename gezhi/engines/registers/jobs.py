"""What the worker does for registers: states that follow from age and days are derived anew each night."""

from __future__ import annotations

from typing import Any

from gezhi.foundation import jobs, people, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.subjects import definitions


@jobs.every(3600, "registers.recheck")
def recheck() -> None:
    """Once a day, a job for each register whose states may flip by themselves; batches follow one another."""
    today = clock.today().isoformat()
    for declared in definitions.registers():
        if declared.flips:
            jobs.enqueue("registers.restate", f"{declared.name}:{today}:0", {"register": declared.name, "after": 0})


@jobs.handler("registers.restate")
def restate(job: Any) -> None:
    """One batch of a register, and the next one asked for."""
    name, after = job.payload["register"], job.payload["after"]
    with job.complete():
        last = subjects.restate(name, actor=people.system("registers"), after=after)
        if last is not None:
            key = f"{name}:{clock.today().isoformat()}:{last}"
            jobs.enqueue("registers.restate", key, {"register": name, "after": last})
