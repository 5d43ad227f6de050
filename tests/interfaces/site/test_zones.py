"""Portal and desk apart: two servers on one home, each with its own addresses; sessions are worth nothing at the other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.crash.running import GEZHI
from tests.ports import free_port

PATIENCE = 180
ROOT = Path(__file__).parents[3]
SETUP = """
import django; django.setup()
from gezhi.foundation import people, places
from gezhi.foundation.people import actions
from gezhi.interfaces.jobs import steps
steps.migrate()
setup = people.system("setup")
actions.create_person("安宁", actor=setup, username="anning", password="柳树 铁桥 星期三晚上")
"""
DOORS = {
    "portal": ("/find", "/mine"),  # the home is empty: no place has a front page yet
    "desk": ("/desk/", "/desk/cases", "/field/", "/api/v1/places"),
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory) -> Iterator[dict[str, str]]:
    """Zone -> where it listens."""
    root: Path = tmp_path_factory.mktemp("zones")
    env = {k: v for k, v in os.environ.items() if k not in ("GEZHI_DATABASE_URL", "GEZHI_ROOTS")}
    env |= {
        "GEZHI_HOME": str(root / "home"), "GEZHI_KEYS": str(root / "keys"), "GEZHI_SERVER_WORKERS": "1",
        "DJANGO_SETTINGS_MODULE": "gezhi.interfaces.site.settings",
    }  # fmt: skip
    subprocess.run([sys.executable, "-c", SETUP], env=env, check=True, capture_output=True)
    running, urls = [], {}
    try:
        for zone, faces in (("portal", "portal"), ("desk", "desk,field,api")):
            port = free_port()
            urls[zone] = f"http://127.0.0.1:{port}"
            more = {"GEZHI_ZONES": faces, "PORT": str(port)}
            with (root / f"{zone}.log").open("wb") as log:
                running.append(subprocess.Popen([*GEZHI, "serve"], env=env | more, stdout=log, stderr=log))
        for zone, url in urls.items():
            wait(url, root / f"{zone}.log")
        yield urls
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(PATIENCE)


def wait(url: str, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if httpx.get(f"{url}/healthz", trust_env=False, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(log.read_text()[-3000:])


def get(url: str, **more) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=120, **more)


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["portal", "desk"])
def test_each_answers_at_its_own_addresses_and_knows_no_other(servers, zone):
    other = "desk" if zone == "portal" else "portal"
    answers = {door: get(servers[zone] + door).status_code for door in DOORS[zone]}
    assert set(answers.values()) <= {200, 302, 303, 401}, answers
    for door in DOORS[other]:
        answer = get(servers[zone] + door)
        assert answer.status_code == 404, (door, answer.status_code)


@pytest.mark.slow
def test_a_session_of_the_desk_is_worth_nothing_at_the_portal(servers):
    with httpx.Client(base_url=servers["desk"], trust_env=False, timeout=120) as desk:
        desk.get("/signin")
        answer = desk.post(
            "/signin", data={"username": "anning", "password": "柳树 铁桥 星期三晚上"},
            headers={"X-CSRFToken": desk.cookies["csrftoken"]},
        )  # fmt: skip
        assert answer.status_code == 302, answer.text[:500]
        assert desk.get("/desk/").status_code == 200
        cookies = dict(desk.cookies)
    for door in ("/password", "/signin"):
        assert get(servers["portal"] + door, cookies=cookies).status_code == 404


@pytest.mark.slow
def test_each_serves_the_styles_it_needs_and_only_those(servers):
    for zone, other in (("portal", "desk"), ("desk", "portal")):
        page = get(servers[zone] + ("/find" if zone == "portal" else "/signin")).text
        needed = set(re.findall(r'(?:href|src)="(/static/[^"?]+)', page))
        assert needed and all(get(servers[zone] + path).status_code == 200 for path in needed)
        folder = ROOT / "gezhi" / "interfaces" / other / "static" / other
        files = sorted(path.name for path in folder.iterdir() if path.is_file())
        assert files
        for name in files[:5]:
            assert get(f"{servers[zone]}/static/{other}/{name}").status_code == 404, name
            assert get(f"{servers[other]}/static/{other}/{name}").status_code == 200, name
