"""Local servers that behave as gateways do, well and badly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Fake:
    """What came in, and what to answer: a status with a JSON body, or a wait in seconds before it."""

    def __init__(self) -> None:
        self.came: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], tuple[int, Any]] = lambda _body: (200, {"errcode": 0, "code": 0})
        self.wait = 0.0
        self.url = ""


@contextmanager
def gateway():
    """A fake HTTP gateway on a free port."""
    fake = Fake()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake.came.append({"path": self.path, "body": body, "auth": self.headers.get("Authorization", "")})
            if fake.wait:
                time.sleep(fake.wait)
            status, answer = fake.answer(body)
            said = json.dumps(answer).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            with suppress(BrokenPipeError):
                self.wfile.write(said)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
