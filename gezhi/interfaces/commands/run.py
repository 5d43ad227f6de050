"""Run a whole server: migrate, install packs, fill an empty demo, then keep server and worker alive.

Honours PORT (8000), GEZHI_HOME (./var) and the other GEZHI_ variables of docs/operate.md. An empty home
outside production is filled with a synthetic demo county; set GEZHI_DEMO=0 to start empty.
"""

from __future__ import annotations

import argparse
import os
import sys

from django.conf import settings

from gezhi.interfaces.jobs import process, steps
from gezhi.interfaces.jobs.supervisor import Supervisor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    parser.add_argument("--host", default=os.environ.get("GEZHI_HOST", "127.0.0.1"))
    parser.add_argument("--workers", type=int, default=1, help="worker processes (1)")


def run(args: argparse.Namespace) -> int:
    process.hold_home()
    steps.migrate()
    steps.refuse_unsafe()
    steps.install_packs()
    steps.say_without_administrators()
    if steps.wants_demo():
        steps.seed_demo()
    steps.close_database()
    gezhi = [sys.executable, "-m", "gezhi.interfaces.commands.main"]
    children = {"server": [*gezhi, "serve", "--host", args.host, "--port", str(args.port)]}
    children |= {
        f"worker-{slot}": [*gezhi, "worker", "--slot", str(slot), "--lane", "quick"] for slot in range(args.workers)
    }
    children["slow"] = [*gezhi, "worker", "--slot", "0", "--lane", "slow", "--threads", "1"]
    return Supervisor(children, run_dir=settings.GEZHI_HOME / "run", address=(args.host, args.port)).run()
