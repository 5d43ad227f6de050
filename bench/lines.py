"""What a benchmark found, and the one table it is printed in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from time import perf_counter, process_time


@dataclass(frozen=True)
class Line:
    """One measured thing.

    `measured` and `limit` are in `unit`; `limit` is the best the machine gave in the same run (None when there is
    nothing to compare with). `bound` is the requirement in words and `ok` whether it is kept (None: only reported).
    """

    db: str
    what: str
    measured: float
    unit: str
    limit: float | None = None
    ratio: float | None = None
    cpu_ms: float | None = None
    queries: int | None = None
    bound: str = ""
    ok: bool | None = None

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


HEAD = ("database", "what", "measured", "limit", "ratio", "CPU ms", "queries", "bound", "")


def _number(value: float | None, unit: str = "") -> str:
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}{' ' + unit if unit else ''}"


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.db,
        line.what,
        _number(line.measured, line.unit),
        _number(line.limit, line.unit),
        _number(line.ratio),
        _number(line.cpu_ms),
        "" if line.queries is None else str(line.queries),
        line.bound,
        {True: "ok", False: "NOT OK", None: ""}[line.ok],
    )


def table(lines: Iterable[Line]) -> str:
    """The table in Markdown, columns padded so that it reads in a terminal as well."""
    rows = [HEAD, *(_cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    written = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    rule = " | ".join("-" * max(3, width) for width in widths)
    return "\n".join(f"| {row} |" for row in [written[0], rule, *written[1:]])


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` (0..1) of the values do not exceed. Raises ValueError when there are none."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def timed(call: Callable[[], object], times: int) -> tuple[list[float], float]:
    """(milliseconds of each of `times` calls, CPU milliseconds of this process per call); one call before, unmeasured."""
    call()
    taken = []
    cpu = process_time()
    for _n in range(times):
        begun = perf_counter()
        call()
        taken.append((perf_counter() - begun) * 1000)
    return taken, (process_time() - cpu) * 1000 / times
