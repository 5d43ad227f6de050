"""Processes of tests/crash/test_importing.py: bring a sheet in, fill it until killed, say what is there.

python -m tests.crash.importing prepare | inside:N | after:N | never | report
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections import Counter

ROWS, BATCH = 60, 20


def work(where: str) -> None:
    """Fill batch by batch; SIGKILL inside the n-th (everything written, nothing committed) or right after it."""
    from gezhi.foundation.jobs import claims, registry
    from gezhi.foundation.sheets import jobs, targets

    jobs.FILL = BATCH
    how, _, number = where.partition(":")
    target = targets.TARGETS["cases"]
    count = 0

    def filling(rows, ask):
        nonlocal count
        made = target.fill(rows, ask)
        count += 1
        if how == "inside" and count == int(number):
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    targets.TARGETS["cases"] = type(target)(**{**target.__dict__, "fill": filling})
    registry.discover()
    claims.release_all("drain")  # as a worker does that takes the place of a dead one
    while claims.drain(limit=1):
        if how == "after" and count == int(number):
            os.kill(os.getpid(), signal.SIGKILL)


def prepare() -> None:
    """A sheet of ROWS rows, checked and confirmed."""
    from gezhi.foundation import people
    from gezhi.foundation.jobs import claims, registry
    from gezhi.foundation.people.models import Person
    from gezhi.foundation.sheets import actions
    from tests.foundation.sheets.workbooks import HEAD, book, row

    street = Person.objects.get(username="street").id
    registry.discover()
    data = io.BytesIO(book([HEAD, *(row(f"K{n}") for n in range(ROWS))]))
    run = actions.upload(data, name="x.xlsx", sender="12345", actor=people.actor_for(street))
    claims.drain()
    actions.confirm(run.pk, actor=people.actor_for(street))


def report() -> None:
    """What is in the database, as JSON."""
    from gezhi.engines.workflows.models import Case, WorkItem
    from gezhi.foundation import events
    from gezhi.foundation.events.models import Event
    from gezhi.foundation.sheets.models import ImportRow, ImportRun

    run = ImportRun.objects.get()
    print(
        json.dumps(
            {
                "state": run.state,
                "rows": Counter(ImportRow.objects.values_list("state", flat=True)),
                "cases": Case.objects.count(),
                "items": WorkItem.objects.count(),
                "opened": Event.objects.filter(kind="case.opened").count(),
                "origins": Case.objects.values("origin").distinct().count(),
                "findings": len(events.verify().findings),
            }
        )
    )


if __name__ == "__main__":
    import django

    django.setup()
    wanted = sys.argv[1]
    {"prepare": prepare, "report": report}.get(wanted, lambda: work(wanted))()
