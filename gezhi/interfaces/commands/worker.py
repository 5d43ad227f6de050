"""Do background work: due jobs, clocks, sealing. `gezhi run` starts one; more may run beside it."""

from __future__ import annotations

import argparse
import signal

from django.db import connection

from gezhi.interfaces.jobs import process, steps
from gezhi.interfaces.jobs.worker import Worker


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--slot", type=int, help="a lasting name: the worker after this one takes over its work at once"
    )
    parser.add_argument("--threads", type=int, default=1 if connection.vendor == "sqlite" else 2)


def run(args: argparse.Namespace) -> int:
    steps.refuse_unsafe()
    process.die_with_parent()
    worker = Worker(threads=args.threads)
    if args.slot is not None:
        # Waits until the process that had the slot before is gone; then its leases are ours to give back.
        process.hold_slot(args.slot)
        worker = Worker(process.slot_name(args.slot), inherits=True, threads=args.threads)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    signal.signal(signal.SIGINT, lambda *_: worker.stop())
    worker.run()
    return 0
