"""What no honest browser sends, put on the wire of a real server: a refusal with a code, never a fault, and it goes on."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.ports import free_port

ROOT = Path(__file__).parents[3]


class Wire:
    """A server of an empty home; `say` puts bytes on its wire and reads the answer."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        env = {k: v for k, v in os.environ.items() if not k.startswith(("GEZHI_", "DJANGO_"))}
        env |= {"GEZHI_HOME": str(folder / "home"), "GEZHI_KEYS": str(folder / "keys"), "PORT": str(self.port)}
        env |= {"GEZHI_SERVER_WORKERS": "1", "GEZHI_SERVER_THREADS": "2"}
        command = [sys.executable, "-m", "gezhi.interfaces.commands.main"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*command, "migrate"], cwd=ROOT, env=env, check=True, **quiet)
        self.process = subprocess.Popen([*command, "serve"], cwd=ROOT, env=env, start_new_session=True, **quiet)
        until = time.monotonic() + 180
        while time.monotonic() < until and not self.alive():
            time.sleep(0.1)

    def alive(self) -> bool:
        try:
            return self.get("/signin")[0] == 200
        except OSError:
            return False

    def say(self, raw: bytes, patience: float = 60) -> tuple[int, str]:
        """(status, everything after the status line); status 0 when the server only closed the line."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=patience) as line:
            answer = b""
            # Closed while we were still talking; or it waits for the rest of what is no request.
            with suppress(ConnectionResetError, BrokenPipeError, TimeoutError):
                line.sendall(raw)
            with suppress(ConnectionResetError, BrokenPipeError, TimeoutError):  # the answer may lie here already
                while part := line.recv(65536):
                    answer += part
        found = re.match(rb"HTTP/1\.1 (\d{3})", answer)
        return int(found[1]) if found else 0, answer.decode("utf-8", "replace")

    def get(self, path: str, *headers: str) -> tuple[int, str]:
        return self.say(
            "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", "Connection: close", *headers, "", ""]).encode()
        )

    def post(self, path: str, body: str, kind: str, *headers: str) -> tuple[int, str]:
        head = [f"POST {path} HTTP/1.1", "Host: x", "Connection: close", f"Content-Type: {kind}"]
        return self.say("\r\n".join([*head, f"Content-Length: {len(body)}", *headers, "", body]).encode())

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(60)


@pytest.fixture(scope="module")
def wire(tmp_path_factory) -> Iterator[Wire]:
    made = Wire(tmp_path_factory.mktemp("hostile"))
    try:
        assert made.alive()
        yield made
    finally:
        made.stop()


FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def code_of(answer: str) -> str:
    body = answer.partition("\r\n\r\n")[2]
    return json.JSONDecoder().raw_decode(body, body.index("{"))[0]["error"]["code"]  # it may come in chunks


def test_endless_addresses_and_headers_have_codes_of_their_own(wire):
    status, answer = wire.get("/api/v1/places?q=" + "a" * 9000)
    assert (status, code_of(answer)) == (414, "request.address_too_long")
    status, answer = wire.get("/" + "a" * 9000)
    assert status == 414 and "网址太长" in answer and len(answer) < 3000  # nothing of it comes back
    many = [f"X-{n}: {'b' * 900}" for n in range(60)]
    status, answer = wire.get("/api/v1/places", *many)
    assert (status, code_of(answer)) == (431, "request.headers_too_large")
    status, answer = wire.get("/", "Cookie: sessionid=" + "c" * 40_000)
    assert status == 431 and "Cookie" in answer
    for raw in ("/" + "d" * 200_000, "/?" + "e" * 2_000_000):  # beyond what the server itself reads
        assert wire.get(raw)[0] in (0, 400, 414, 431)
    assert wire.get("/", "X-Long: " + "f" * 2_000_000)[0] in (0, 400, 431)
    assert wire.alive()


def test_thousands_of_fields_and_deep_json(wire):
    body = "&".join(f"f{n}={n}" for n in range(5000))
    assert wire.post("/signin", body, FORM)[0] == 403  # without the cookie of a form nothing is read at all
    assert wire.post("/signin", body, FORM, f"Cookie: csrftoken={'b' * 32}")[0] == 413
    assert wire.get("/?" + "&".join(f"a{n}" for n in range(1500)))[0] == 413
    status, answer = wire.post("/api/v1/session", "[" * 100_000, JSON)
    assert (status, code_of(answer)) == (400, "request.malformed")
    deep = '{"username":' * 20_000 + "1" + "}" * 20_000
    status, answer = wire.post("/api/v1/session", deep, JSON)
    assert status in (400, 413) and code_of(answer)
    status, answer = wire.post("/api/v1/session", '{"username": "' + "x" * 300_000 + '"}', JSON)
    assert status == 413 and code_of(answer)
    assert wire.alive()


def test_forged_cookies_tokens_and_forms(wire):
    for cookie in ("sessionid=" + "a" * 32, "sessionid=../../etc/passwd", "sessionid=\u00e9\u00ff", "sessionid=%00"):
        status, _answer = wire.get("/desk/", f"Cookie: {cookie}", "Accept: application/json")
        assert status == 401
    for token in ("x", "a" * 8000, "null", "%00", "Bearer Bearer"):
        status, answer = wire.get("/api/v1/cases", f"Authorization: Bearer {token}")
        assert status == 401 and code_of(answer)
    good = re.search(r"csrftoken=(\w+)", wire.get("/signin")[1])
    assert good
    for headers in (
        (),
        (f"Cookie: csrftoken={'b' * 32}",),
        (f"Cookie: csrftoken={good[1]}",),
        ("Cookie: csrftoken=%00",),
    ):
        status, answer = wire.post(
            "/signin",
            "username=a&password=b&csrfmiddlewaretoken=" + "z" * 64,
            FORM,
            *headers,
            "Accept: application/json",
        )
        assert (status, code_of(answer)) == (403, "request.expired_form")


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  /  HTTP/1.1 x\r\nHost: x\r\n\r\n",
        b"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nabc",
        b"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nabcde",
        b"POST /signin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n",
        b"GET /%ff%fe%00/%2e%2e/etc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /r/\xe6\x97 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\nConnection: close\r\n\r\n",
        b"GET /?lang=\x00 HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_not_http_ends_in_no_fault(wire, raw):
    status, _answer = wire.say(raw, patience=5)
    assert status < 500
    assert wire.alive()
