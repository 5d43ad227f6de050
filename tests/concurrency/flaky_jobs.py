"""A worker for the killing test: `python -m tests.concurrency.flaky_jobs NAME`, killed and started again at will.

Its handler has an effect in the database (one row per job) and takes a moment before and after it, so
that a kill can fall before the effect, between effect and commit, and after the commit.
"""

from __future__ import annotations

import sys
import time

import django


def main() -> None:
    django.setup()
    from gezhi.foundation import jobs
    from gezhi.foundation.db.models import Revision
    from gezhi.interfaces.jobs.worker import Worker

    @jobs.handler("tests.effect")
    def effect(job):
        time.sleep(0.005)
        with job.complete():
            # A second effect of the same job would break the primary key, or count twice below.
            Revision.objects.create(name=job.key, value=job.attempts)
            total, _made = Revision.objects.select_for_update().get_or_create(name="total", defaults={"value": 0})
            total.value += 1
            total.save(update_fields=["value"])
            time.sleep(0.005)

    Worker(sys.argv[1], inherits=True).run()


if __name__ == "__main__":
    main()
