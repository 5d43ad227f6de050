"""A worker that only follows and notifies, for the killing test: killed and started again at will.

It dawdles inside its transactions, so that a kill can fall between reading on and commit, and between a notice and its
job's completion.
"""

from __future__ import annotations

import sys
import time

import django


def main() -> None:
    django.setup()
    from gezhi.flows import catalogue
    from gezhi.foundation.jobs import registry
    from gezhi.interfaces.jobs.worker import Worker

    registry.discover()
    for name in set(registry.PERIODIC) - {"flows.follow", "events.seal"}:
        del registry.PERIODIC[name]
    for name in set(registry.HANDLERS) - {"flows.do"}:
        del registry.HANDLERS[name]
    notify = catalogue.ACTIONS["notify"]

    def slow(matches):
        notify.do(matches)
        time.sleep(0.15)

    catalogue.ACTIONS["notify"] = catalogue.ActionKind("notify", notify.read, slow)
    Worker(sys.argv[1], inherits=True).run()


if __name__ == "__main__":
    main()
