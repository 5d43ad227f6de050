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
from typing import BinaryIO

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
    """`gezhi serve` (and with `background` its two `gezhi worker`s) on the home this process points at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    gezhi = [sys.executable, "-m", "gezhi.interfaces.commands.main"]
    serve = ["serve", "--port", str(port), "--workers", str(workers), "--threads", str(threads)]
    children = [subprocess.Popen([*gezhi, *serve], stdout=subprocess.DEVNULL)]
    if background:
        for lane in ("quick", "slow"):  # as `gezhi run` does
            worker = [*gezhi, "worker", "--slot", "0", "--lane", lane]
            children.append(subprocess.Popen(worker, stdout=subprocess.DEVNULL))
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
        taken, wrong = [], []
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line, line.makefile("rb") as answers:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                with guard:
                    number = next(numbers, None)
                if number is None:
                    break
                asked = _bytes(*request(number))
                begun = perf_counter()
                line.sendall(asked)
                status, said = _answer(answers)
                taken.append((perf_counter() - begun) * 1000)
                if status >= 400:
                    wrong.append(f"{status} {said[:200]!r}")
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


def _bytes(method: str, path: str, body: dict[str, object] | None, headers: dict[str, str]) -> bytes:
    """A request as it goes over the wire. By hand: the clients share two cores with what they measure."""
    raw = json.dumps(body).encode() if body is not None else b""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(raw)}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + raw


def _answer(answers: BinaryIO) -> tuple[int, bytes]:
    """(status, body) of the next answer, whose length the server states."""
    status = int(answers.readline().split(b" ", 2)[1])
    length = 0
    while (header := answers.readline().strip()) != b"":
        name, _colon, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        elif name.lower() == b"transfer-encoding":
            raise RuntimeError("this client reads answers of a stated length only")
    return status, answers.read(length)
