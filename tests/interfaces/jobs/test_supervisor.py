"""`gezhi run`, as an operator has it: it comes up, heals, refuses a second one, and stops in order."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ports import free_port


class Site:
    """One running `gezhi run` in a home of its own, empty of demo data."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "GEZHI_DATABASE_URL"},
            "GEZHI_HOME": str(home),
            "GEZHI_KEYS": str(home.parent / "keys"),
            "GEZHI_DEMO": "0",
            "GEZHI_SERVER_WORKERS": "1",
            "PORT": str(self.port),
        }
        self.log = (home.parent / "log").open("w+b")
        self.process = self.start(self.log)

    def start(self, output) -> subprocess.Popen:
        command = [sys.executable, "-m", "gezhi.interfaces.commands.main", "run"]
        return subprocess.Popen(command, env=self.environment, stdout=output, stderr=subprocess.STDOUT)

    def health(self) -> dict | None:
        """The answer of /healthz when it is 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            response = connection.getresponse()
            return json.loads(response.read()) if response.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def pid(self, name: str) -> int:
        """Of a child, as the supervisor wrote it down; 0 while it is writing."""
        try:
            return int((self.home / "run" / f"{name}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def wait(self, true: Callable[[], object], what: str) -> None:
        for _ in range(1800):
            if true():
                return
            time.sleep(0.1)
        self.log.seek(0)
        raise AssertionError(f"not {what} after minutes\n{self.log.read().decode()}")


def alive(pid: int) -> bool:
    """Running, and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path / "home")
    site.wait(site.health, "healthy")
    yield site
    if site.process.poll() is None:
        site.process.kill()
    site.process.wait()
    site.log.close()


@pytest.mark.slow
def test_it_heals_refuses_a_second_one_and_stops_in_order(site):
    site.wait(lambda: (site.health() or {}).get("worker_age") is not None, "beating")
    for name in ("worker-0", "server"):
        killed = site.pid(name)
        os.kill(killed, signal.SIGKILL)
        site.wait(lambda name=name, killed=killed: site.pid(name) not in (0, killed), f"restarted: {name}")
    site.wait(site.health, "healthy again")

    second = site.start(subprocess.PIPE)
    words, _ = second.communicate()
    assert second.returncode == 1
    assert "run.home_in_use" in words.decode()
    assert site.health() is not None

    children = [site.pid("server"), site.pid("worker-0")]
    assert all(children)
    site.process.send_signal(signal.SIGTERM)
    assert site.process.wait(180) == 0
    assert not any(map(alive, children))
    assert not list((site.home / "run").glob("*.pid"))


@pytest.mark.slow
def test_no_orphan_goes_on_serving_when_the_supervisor_is_killed(site):
    children = [site.pid("server"), site.pid("worker-0")]
    assert all(children)
    site.process.kill()
    site.process.wait()
    site.wait(lambda: not any(map(alive, children)), "ended with their supervisor")
    site.wait(lambda: site.health() is None, "silent")
    assert site.health() is None and not any(map(alive, children))


@pytest.mark.once("two processes and no database")
def test_whose_parent_died_while_they_were_starting_do_not_stay():
    """The kernel tells of a death only whoever asked before it: a child that asks too late has to look for itself."""
    say = "from gezhi.interfaces.jobs.process import die_with_parent; die_with_parent(); print('here')"
    for parent, code, said in ((os.getpid(), 0, "here\n"), (os.getppid(), -signal.SIGKILL, "")):
        env = os.environ | {"GEZHI_DIE_WITH_PARENT": str(parent)}
        child = subprocess.run([sys.executable, "-c", say], env=env, capture_output=True, text=True, check=False)
        assert (child.returncode, child.stdout) == (code, said), child.stderr
