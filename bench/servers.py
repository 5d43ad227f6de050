"""The product's own server and worker as child processes, what they cost in CPU, and clients that load them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

CLIENTS = 8
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """A running server at 127.0.0.1:`port`; `pids()` are all its processes."""

    port: int
    process: subprocess.Popen[bytes]

    def pids(self) -> list[int]:
        return [self.process.pid, *descendants(self.process.pid)]


@contextmanager
def serving(*, workers: int = 2, threads: int = 4, background: bool = False) -> Iterator[Server]:
    """`gezhi serve` (and with `background` a `gezhi worker`) on the home this process points at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    gezhi = [sys.executable, "-m", "gezhi.interfaces.commands.main"]
    serve = ["serve", "--port", str(port), "--workers", str(workers), "--threads", str(threads)]
    children = [subprocess.Popen([*gezhi, *serve], stdout=subprocess.DEVNULL)]
    if background:
        children.append(subprocess.Popen([*gezhi, "worker", "--slot", "0"], stdout=subprocess.DEVNULL))
    try:
        server = Server(port, children[0])
        _wait_ready(server)
        yield server
    finally:
        for child in children:
            child.send_signal(signal.SIGTERM)
        for child in children:
            try:
                child.wait(timeout=20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _wait_ready(server: Server) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status < 500:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise RuntimeError("the server did not answer")


def descendants(pid: int) -> list[int]:
    """Every process below one, from /proc."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended while we looked
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def cpu_ms(pids: list[int]) -> float:
    """CPU milliseconds these processes have used so far, user and system."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total * 1000 / _TICK


def postmaster(data: Path) -> int:
    """Process id of the PostgreSQL server of a data directory."""
    return int((data / "postmaster.pid").read_text().splitlines()[0])


@dataclass
class Load:
    """What the clients saw: milliseconds of each answer, seconds in all, what went wrong."""

    taken: list[float] = field(default_factory=list)
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.taken) / self.seconds


def load(
    server: Server,
    count: int,
    request: Callable[[int], tuple[str, str, dict[str, object] | None, dict[str, str]]],
    *,
    clients: int = CLIENTS,
) -> Load:
    """`count` requests from `clients` threads, each on one connection that stays open.

    `request(n)` gives (method, path, JSON body or None, headers). Answers of 400 and above are `wrong`.
    """
    result, guard = Load(), threading.Lock()
    numbers = iter(range(count))

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        taken, wrong = [], []
        while True:
            with guard:
                number = next(numbers, None)
            if number is None:
                break
            method, path, body, headers = request(number)
            raw = json.dumps(body).encode() if body is not None else None
            begun = perf_counter()
            connection.request(method, path, raw, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            said = answer.read()
            taken.append((perf_counter() - begun) * 1000)
            if answer.status >= 400:
                wrong.append(f"{answer.status} {said[:200]!r}")
        connection.close()
        with guard:
            result.taken += taken
            result.wrong += wrong

    threads = [threading.Thread(target=client) for _ in range(clients)]
    begun = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.seconds = perf_counter() - begun
    if result.wrong:
        raise RuntimeError(f"{len(result.wrong)} requests failed: {result.wrong[0]}")
    return result
