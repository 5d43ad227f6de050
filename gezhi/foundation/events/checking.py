"""verify(): is the log what it was, and is the present what the log says?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import current_process
from time import monotonic
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from . import folding
from .blocks import BlocksPart, check_blocks, compare_exported, read_exported
from .crew import Task, crew
from .erasures import erased_lines
from .export import root_files
from .findings import Finding, Report, finding
from .reading import ALIAS, current, one, reader, rows
from .states import check_orphans
from .streams import Row, StreamsPart, check_streams

# Below this many events one process is done before a second one has started.
ALONE = 60_000
# Swaps are looked for among this many altered events: each is tried against each.
_PAIRS = 200


def verify(*, processes: int | None = None, progress: Callable[[int, int], None] | None = None) -> Report:
    """Read the whole log once and compare it with itself, the state rows, the private texts, the blocks
    and the exported roots. Reads one moment of the database and keeps nobody from writing.

    `processes`: how many work at it (default: one for a small log, else one per core, at most four).
    `progress(done, of)` is called after each piece of about equal size.
    Called inside a transaction it checks what that transaction sees, in this process.
    """
    started = monotonic()
    report = Report()
    # Before the moment is fixed: a root exported later than that must not look like a lost block.
    exported = [read_exported(path) for path in root_files()]
    with _readers(processes) as (own, workers, run):
        erased, information = _erased()
        tasks = _tasks(own, workers if progress is None else max(workers, 2), erased)
        parts = []
        for part in run(tasks):
            parts.append(part)
            if progress is not None:
                progress(len(parts), len(tasks))
        findings = _merge(own, report, parts)
        for file in exported:
            findings += compare_exported(own, file)
            information += file.information
    report.findings, report.information = _tidy(findings), list(dict.fromkeys(information))
    report.seconds = monotonic() - started
    return report


def _tasks(own: BaseDatabaseWrapper, workers: int, erased: frozenset[int]) -> list[Task]:
    """Cut the work into pieces of about equal size; a few more than there are workers, so none waits long."""
    cuts: list[str | None] = [None, *(_stream_cuts(own, workers * 4) if workers > 1 else ()), None]
    tasks: list[Task] = [(check_streams, (low, high, erased)) for low, high in zip(cuts, cuts[1:], strict=False)]
    last = one(own, "SELECT coalesce(max(position), 0) FROM events_block")[0]
    step = max(1, -(-last // (workers * 4 if workers > 1 else 1)))
    tasks += [(check_blocks, (low, min(low + step, last + 1))) for low in range(1, last + 1, step)]
    tasks += [(check_orphans, (prefix,)) for prefix in folding.STATES]
    tasks += [(check, ()) for check in folding.CHECKS]
    return tasks


def _stream_cuts(own: BaseDatabaseWrapper, pieces: int) -> list[str]:
    """Stream names that cut the log into about equal pieces, from a sample; in the database's order."""
    low, high = one(own, "SELECT min(id), max(id) FROM events_event")
    if low is None:  # nothing was ever written
        return []
    ids = sorted({low + (high - low) * n // (pieces * 16) for n in range(pieces * 16)})
    marks = ", ".join(["%s"] * len(ids))
    sample = [
        stream for (stream,) in rows(own, f"SELECT stream FROM events_event WHERE id IN ({marks}) ORDER BY stream", ids)
    ]
    return list(dict.fromkeys(sample[len(sample) * n // pieces] for n in range(1, pieces) if sample))


@contextmanager
def _readers(
    processes: int | None,
) -> Iterator[tuple[BaseDatabaseWrapper, int, Callable[[list[Task]], Iterable[Any]]]]:
    """A reader, how many work, and what runs tasks: here, or in a crew of processes."""
    inside = connection.in_atomic_block
    if not inside and processes is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM events_event")
            processes = 1 if cursor.fetchone()[0] < ALONE else min(4, os.cpu_count() or 1)
    if current_process().daemon:  # a server's worker may not have children
        processes = 1
    if inside or processes == 1:
        with current() if inside else reader() as own:
            yield own, 1, lambda tasks: (function(own, *arguments) for function, arguments in tasks)
    else:
        with crew(processes or 1) as (own, run):
            yield own, processes or 1, run


def _erased() -> tuple[frozenset[int], list[Finding]]:
    ids: set[int] = set()
    count: dict[str, int] = {}
    for line in erased_lines(ALIAS):
        ids.update(line["ids"])
        count[line["stream"]] = count.get(line["stream"], 0) + len(line["ids"])
    return frozenset(ids), [finding("private.erased", stream, count=n) for stream, n in count.items()]


def _merge(own: BaseDatabaseWrapper, report: Report, parts: list[Any]) -> list[Finding]:
    """Put the parts together, and say each thing once, by its best name."""
    findings: list[Finding] = []
    altered: list[Row] = []
    removed: list[tuple[str, int]] = []
    for part in parts:
        if isinstance(part, StreamsPart):
            report.events += part.events
            report.omitted += part.omitted
            altered += part.altered
        elif isinstance(part, BlocksPart):
            report.blocks += part.blocks
            removed += part.removed
        findings += part if isinstance(part, list) else part.findings
    swaps = _swaps(altered[:_PAIRS])
    findings = [f for f in findings if not (f.code == "event.altered" and (f.stream, f.seq) in swaps)]
    findings += swaps.values()
    return _without_removed(own, findings, removed)


def _swaps(altered: list[Row]) -> dict[tuple[str, int | None], Finding]:
    """Altered events that are another one in disguise: moved to its place, or dressed in its content."""
    found: dict[tuple[str, int | None], Finding] = {}
    for here in altered:
        for there in altered:
            if here is there:
                continue
            moved = here.hashed_as(there.stream, there.seq, here.prev) == here.hash
            dressed = there.hashed_as(here.stream, here.seq, here.prev) == here.hash
            if moved or dressed:
                other = f"{there.stream}#{there.seq}"
                found[here.stream, here.seq] = finding("event.swapped", here.stream, here.seq, other=other)
                break
    return found


def _without_removed(
    own: BaseDatabaseWrapper, findings: list[Finding], removed: list[tuple[str, int]]
) -> list[Finding]:
    """Add what the blocks miss: a stream that is wholly gone once, others event by event, none twice."""
    said = {f.stream for f in findings if f.code == "stream.removed"}
    tails = {f.stream: dict(f.facts)["last"] for f in findings if f.code == "event.tail_removed"}
    left: dict[str, bool] = {}
    for stream, seq in dict.fromkeys(removed):
        if stream not in left:
            left[stream] = one(own, "SELECT count(*) FROM events_event WHERE stream = %s", [stream])[0] > 0
        if not left[stream]:
            if stream not in said:
                said.add(stream)
                findings.append(finding("stream.removed", stream))
        elif seq <= tails.get(stream, seq):
            findings.append(finding("event.removed", stream, seq))
    return findings


def _tidy(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(dict.fromkeys(findings), key=lambda f: (f.stream, f.seq or 0, f.code, str(f.facts)))
