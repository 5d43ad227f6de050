"""`gezhi run` on a small county in a home of its own, for tests that speak to it over HTTP and kill it.

`python -m tests.crash.running` fills the home named by the environment.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.ports import free_port

GEZHI = [sys.executable, "-m", "gezhi.interfaces.commands.main"]
PATIENCE = 300.0


def environment(root: Path, database_url: str = "") -> dict[str, str]:
    """What processes of a home under `root` are started with; `database_url` empty means SQLite."""
    dropped = {"GEZHI_DATABASE_URL", "GEZHI_ROOTS", "GEZHI_ENV", "GEZHI_ERASURES", "GEZHI_PACKS", "GEZHI_ZONES"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    own = {
        "GEZHI_HOME": str(root / "home"),
        "GEZHI_KEYS": str(root / "keys"),
        "PORT": str(free_port()),
        "DJANGO_SETTINGS_MODULE": "gezhi.interfaces.site.settings",
    }
    return kept | own | ({"GEZHI_DATABASE_URL": database_url} if database_url else {})


def fill() -> None:
    """Tables, the standard pack, places, seats and the cast of tests/world.py; a seat that may move the clock."""
    import django

    django.setup()
    from django.core.management import call_command

    from gezhi.foundation.people import actions
    from tests.world import World

    call_command("migrate", interactive=False, verbosity=0)
    world = World()
    world.seat("admin", "county", "管严")
    for username, name in (("secretary", "赵兰"), ("street", "周敏"), ("admin", "管严"), ("city", "马东")):
        actions.set_username(world.people[name], username, actor=_system())
        actions.set_password(world.people[name], "gezhi-demo", actor=_system())


def _system():
    from gezhi.foundation import people

    return people.system("setup")


def children(pid: int) -> list[int]:
    """Processes whose parent is `pid` and that are more than zombies."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(stat.parent.name))
    return found


class Site:
    """A running county. `env`: as `environment` made it; `log` takes everything its processes say."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self.env, self.log = env, log
        self.home = Path(env["GEZHI_HOME"])
        self.url = f"http://127.0.0.1:{env['PORT']}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*GEZHI, "run"], env=self.env, stdout=log, stderr=subprocess.STDOUT)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One `gezhi` command on this home; what it says is kept in the log as well."""
        done = subprocess.run([*GEZHI, *arguments], env=self.env, capture_output=True, text=True)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(done.stdout + done.stderr)
        return done

    def pid(self, name: str) -> int | None:
        """The process of `server` or `worker-0`, as the supervisor wrote it down; None when there is none."""
        try:
            return int((self.home / "run" / f"{name}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def server_workers(self) -> list[int]:
        """The processes that answer requests: the server's own children."""
        server = self.pid("server")
        return children(server) if server else []

    def healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def wait(self, true: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        until = time.monotonic() + seconds
        while not true():
            if time.monotonic() > until:
                raise AssertionError(f"not {what} after {seconds:.0f} s\n{self.log.read_text('utf-8')[-4000:]}")
            time.sleep(0.05)

    def stop(self) -> int:
        """Stop in order; returns the supervisor's exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Take the supervisor away; the kernel ends its children."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


if __name__ == "__main__":
    fill()
