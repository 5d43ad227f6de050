"""What the worker does for this room."""

from __future__ import annotations

from gezhi.foundation.jobs import every, handler
from gezhi.foundation.jobs.claims import Claimed

from . import runs
from .erasures import flush_erased, journal_erasures
from .export import export_roots
from .sealing import BLOCK_LIMIT, seal_now

# Blocks per turn at most: after a big import the worker still gets round to its other work.
_BLOCKS = 20


@every(1, "events.seal")
def seal() -> None:
    """Seal what was committed since the last second; catch up with a backlog block by block."""
    for _ in range(_BLOCKS):
        block = seal_now()
        if block is None or block.count < BLOCK_LIMIT // 2:
            break


@every(60, "events.tidy")
def tidy() -> None:
    """Repeat what a crash or a long reader may have cut short: exported roots, remains of erased text."""
    export_roots()
    journal_erasures()
    flush_erased()


@handler(runs.JOB)
def check_log(job: Claimed) -> None:
    """A check of the whole log, asked for at the desk."""
    runs.perform(int(job.payload["run"]), job.complete)
