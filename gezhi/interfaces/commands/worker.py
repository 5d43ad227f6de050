"""Do background work: due jobs, clocks, sealing. `gezhi run` starts one and one for slow jobs; more may run beside them."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from django.db import connection

from gezhi.foundation.db.sqlite import door
from gezhi.foundation.jobs import workers
from gezhi.interfaces.jobs import process, steps
from gezhi.interfaces.jobs.worker import Worker

#: Whoever waits for a page goes first: how far below the server a worker stands with the machine's scheduler (less so
#: on PostgreSQL, where a worker without its turn keeps a transaction open and the seal waiting) …
NICE = {"all": 10, "quick": 10, "slow": 15}
#: … and seconds that its writes let others through SQLite's door first.
PATIENCE = {"all": 0.03, "quick": 0.03, "slow": 0.2}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--slot", type=int, help="a lasting name: the worker after this one takes over its work at once"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--lane", choices=("all", "quick", "slow"), default="all", help="slow jobs too, not, or only")


def run(args: argparse.Namespace) -> int:
    steps.refuse_unsafe()
    process.die_with_parent()
    os.nice(3 if connection.vendor == "postgresql" and args.lane != "slow" else NICE[args.lane])
    sys.setswitchinterval(0.0005)  # the sealer and the clocks do not wait for a batch of jobs to give them their turn
    door.patience = PATIENCE[args.lane]
    worker = Worker(threads=args.threads, lane=args.lane)
    if args.slot is not None:
        slow = args.lane == "slow"
        # Waits until the process that had the slot before is gone; then its leases are ours to give back.
        process.hold_slot(args.slot, slow=slow)
        name = process.slot_name(args.slot) + (workers.SLOW_NAME if slow else "")
        worker = Worker(name, inherits=True, threads=args.threads, lane=args.lane)
    process.keep_what_is_loaded()
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    signal.signal(signal.SIGINT, lambda *_: worker.stop())
    worker.run()
    return 0
