"""A running house: a small demo county in a home of its own, served by `gezhi run` as anybody would start it."""

from __future__ import annotations

import atexit
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
CASES = 150
PASSWORD = "gezhi-demo"
ROLES = ("grid", "secretary", "street", "county", "department", "auditor", "admin")


@dataclass
class House:
    """A served home. `url` is where it answers; `database` what independent eyes may open (a path or a URL)."""

    url: str
    home: Path
    database: str
    process: subprocess.Popen[bytes]
    settings: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, httpx.Client] = field(default_factory=dict)

    def client(self, role: str = "") -> httpx.Client:
        """A browser without a screen, signed in as a demo role ("" = a resident); redirects are followed."""
        if role not in self._clients:
            made = httpx.Client(
                base_url=self.url, follow_redirects=True, timeout=60, headers={"Accept-Language": "zh-CN"}
            )
            if role:
                made.get("/signin").raise_for_status()
                answer = made.post(
                    "/signin",
                    data={"username": role, "password": PASSWORD, "csrfmiddlewaretoken": made.cookies["csrftoken"]},
                    headers={"Referer": f"{self.url}/signin"},
                )
                answer.raise_for_status()
                assert urlsplit(str(answer.url)).path != "/signin", f"{role} was not let in"
            self._clients[role] = made
        return self._clients[role]

    def command(self, *words: str) -> str:
        """`gezhi …` in this house, beside the running server; what it printed. Raises when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "gezhi.interfaces.commands.main", *words], cwd=ROOT, env=self.settings, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout

    def token(self, role: str) -> dict[str, str]:
        """The header that lets a demo role into the API."""
        answer = httpx.post(f"{self.url}/api/v1/session", json={"username": role, "password": PASSWORD}, timeout=60)
        answer.raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    def travel(self, to: datetime) -> None:
        """The house's present becomes `to`; what falls due on the way is done by its worker within seconds."""
        answer = httpx.post(
            f"{self.url}/api/v1/demo/clock", json={"to": to.isoformat()}, headers=self.token("admin"), timeout=60
        )
        answer.raise_for_status()

    def now(self) -> datetime:
        answer = httpx.get(f"{self.url}/api/v1/demo/clock", headers=self.token("admin"), timeout=60)
        return datetime.fromisoformat(answer.json()["now"])

    def plates(self) -> list[str]:
        """Addresses `/b/<token>` of the door plates of the demo community's buildings, read off the printed sheet."""
        admin = self.client("admin")
        village = re.search(r'<option value="(\d+)" selected>', self.client("secretary").get("/desk/counter").text)
        assert village is not None
        return plates_of(admin, int(village[1]))

    def stop(self) -> None:
        """End the supervisor; the kernel ends what is below it. In order, the worker would first finish the work in
        hand, twenty seconds of it; nobody looks at this home again, and stopping in order has a test of its own."""
        for client in self._clients.values():
            client.close()
        self.process.kill()
        self.process.wait()


def plates_of(admin: httpx.Client, place: int) -> list[str]:
    """The addresses that the codes of a place's sheet stand for, in the order of the sheet."""
    sheet = unescape(admin.get(f"/desk/places/{place}/plates").text)
    return list(dict.fromkeys(re.findall(r"/b/[A-Za-z0-9_-]+", sheet)))


def start(
    *, cases: int = CASES, weeks: int = 0, database_url: str = "", filled_by: str = "tests.browser.fill"
) -> House:
    """Fill a fresh home (`filled_by`: a module that does; `weeks` of life, 0 = as many as it likes) and serve it; raises RuntimeError with the log when it does not come up."""
    folder = Path(tempfile.mkdtemp(prefix="gezhi-house-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    port = free_port()
    settings = {k: v for k, v in os.environ.items() if not k.startswith(("GEZHI_", "DJANGO_"))}
    settings |= {"GEZHI_HOME": str(folder / "home"), "GEZHI_KEYS": str(folder / "keys"), "PORT": str(port)}
    settings |= {"GEZHI_SERVER_WORKERS": "1"}
    if database_url:
        settings["GEZHI_DATABASE_URL"] = database_url
    if database_url:
        _fill(filled_by, cases, weeks, settings)
    else:
        _copy(filled_by, cases, weeks, settings, folder)
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gezhi.interfaces.commands.main", "run"], cwd=ROOT, env=settings, stdout=out,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    house = House(
        f"http://localhost:{port}", folder / "home", database_url or str(folder / "home" / "gezhi.sqlite3"), process,
        settings,
    )  # fmt: skip
    atexit.register(house.stop)
    _wait(house, log)
    return house


def _fill(filled_by: str, cases: int, weeks: int, settings: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-m", filled_by, str(cases), *([str(weeks)] if weeks else [])], cwd=ROOT, env=settings, check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _copy(filled_by: str, cases: int, weeks: int, settings: dict[str, str], folder: Path) -> None:
    """Filling takes most of a minute: done once in a run of the suite, by whichever process needs it first."""
    kept = Path(os.environ["GEZHI_TEST_ROOT"]) / "filled" / f"{filled_by}-{cases}-{weeks}"
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (kept / "done").exists():
            for part in ("home", "keys"):
                shutil.rmtree(kept / part, ignore_errors=True)
            _fill(
                filled_by, cases, weeks, settings | {"GEZHI_HOME": str(kept / "home"), "GEZHI_KEYS": str(kept / "keys")}
            )
            (kept / "done").touch()
    for part in ("home", "keys"):
        shutil.copytree(kept / part, folder / part)


def _wait(house: House, log: Path) -> None:
    until = time.monotonic() + 240
    while time.monotonic() < until:
        if house.process.poll() is not None:
            break
        try:
            if httpx.get(f"{house.url}/healthz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.2)
    raise RuntimeError(f"the house did not come up:\n{log.read_text(errors='replace')[-4000:]}")


@cache
def shared() -> House:
    """The one house of this test process, started when the first test asks and ended with the process."""
    return start()


@pytest.fixture(scope="session")
def house() -> House:
    return shared()
