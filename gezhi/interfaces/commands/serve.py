"""Serve the pages and the interface over HTTP. `gezhi run` does this and keeps it alive."""

from __future__ import annotations

import argparse
import os

from granian import Granian
from granian.constants import Interfaces

from gezhi.interfaces.jobs import process, steps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default=os.environ.get("GEZHI_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    parser.add_argument("--workers", type=int, default=int(os.environ.get("GEZHI_SERVER_WORKERS", "2")))
    parser.add_argument("--threads", type=int, default=int(os.environ.get("GEZHI_SERVER_THREADS", "4")))


def run(args: argparse.Namespace) -> int:
    steps.refuse_unsafe()
    process.die_with_parent()
    os.environ["GEZHI_DIE_WITH_PARENT"] = str(os.getpid())  # for the processes granian starts
    Granian(
        "gezhi.interfaces.site.wsgi:application",
        address=args.host,
        port=args.port,
        interface=Interfaces.WSGI,
        workers=args.workers,
        blocking_threads=args.threads,
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=0.2,
        workers_kill_timeout=10,
    ).serve()
    return 0
