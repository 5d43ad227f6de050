"""Keeps the server and the workers alive, and stops them in order."""

from __future__ import annotations

import http.client
import logging
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger("gezhi.run")

LOOK_SECONDS = 0.2
FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
# A child that lived this long was well; its next death starts from the shortest wait again.
WELL_SECONDS = 30.0
STOP_SECONDS = 20.0


@dataclass
class Child:
    """One kept-alive process, leader of its own process group."""

    name: str
    argv: list[str]
    pid_file: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = FIRST_WAIT
    due: float = field(default=0.0)

    def start(self) -> None:
        env = {**os.environ, "GEZHI_DIE_WITH_PARENT": str(os.getpid())}
        self.process = subprocess.Popen(self.argv, start_new_session=True, env=env, stdin=subprocess.DEVNULL)
        self.started = time.monotonic()
        self.pid_file.write_text(f"{self.process.pid}\n")
        log.info("%s started (pid %d)", self.name, self.process.pid)

    def look(self, now: float) -> None:
        """Start it when it is due; notice when it has died."""
        if self.process is None:
            if now >= self.due:
                self.start()
        elif (code := self.process.poll()) is not None:
            self.kill_group()  # whatever it had started must not hold the port
            self.wait = FIRST_WAIT if now - self.started > WELL_SECONDS else min(self.wait * 2, LONGEST_WAIT)
            log.warning("%s ended with %d; starting it again in %.1f s", self.name, code, self.wait)
            self.process, self.due = None, now + self.wait

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill_group(self) -> None:
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return  # nobody of the group is left, which is what was wanted
            self.process.wait()


class Supervisor:
    """`run()` blocks until SIGTERM or SIGINT, then stops the children and returns the exit code.

    `children`: name -> argv. Their process ids lie in `run_dir/NAME.pid`. SIGHUP is passed on (the server
    renews its processes one by one). `address` is asked for /healthz once, to say when it is ready.
    """

    def __init__(self, children: dict[str, list[str]], *, run_dir: Path, address: tuple[str, int]) -> None:
        run_dir.mkdir(parents=True, exist_ok=True)
        self._children = [Child(name, argv, run_dir / f"{name}.pid") for name, argv in children.items()]
        self._address = address
        self._stop = threading.Event()

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        signal.signal(signal.SIGHUP, lambda *_: self._pass_on(signal.SIGHUP))
        announce = threading.Thread(target=self._announce, daemon=True)
        announce.start()
        while not self._stop.is_set():
            for child in self._children:
                child.look(time.monotonic())
            self._stop.wait(LOOK_SECONDS)
        return self._end()

    def _pass_on(self, number: int) -> None:
        for child in self._children:
            if child.name == "server":
                child.signal(number)

    def _end(self) -> int:
        log.info("stopping")
        for child in self._children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        late = []
        for child in self._children:
            try:
                if child.process is not None:
                    child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("%s did not stop in time and is killed", child.name)
                late.append(child)
            child.kill_group()
            child.pid_file.unlink(missing_ok=True)
        return 1 if late else 0

    def _announce(self) -> None:
        host, port = self._address
        while not self._stop.wait(0.3):
            connection = http.client.HTTPConnection("127.0.0.1" if host in ("0.0.0.0", "::") else host, port, timeout=5)
            try:
                connection.request("GET", "/healthz", headers={"Host": "localhost"})
                if connection.getresponse().status == 200:
                    log.info("ready at http://%s:%d/", host, port)
                    return
            except (OSError, http.client.HTTPException):
                continue
            finally:
                connection.close()
