"""An SMS gateway on this machine: what a house sends to residents' phones lies here."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.browser.house import House


class Sink:
    """`sent`: the bodies the house posted, in the order in which they came."""

    def __init__(self, port: int):
        self.url, self.sent = f"http://127.0.0.1:{port}/sms", list[dict[str, Any]]()

    def to(self, template: str) -> set[str]:
        """The phones that were told this."""
        return {body["phone"] for body in self.sent if body["template"] == template}

    def switch_on(self, house: House) -> None:
        """The administrator of a house names this as its gateway, through the page for it."""
        admin = house.client("admin")
        form = admin.get("/desk/notices/gateways?new")
        names = ("received", "promised", "please_say", "joined")
        sent = {
            "csrfmiddlewaretoken": admin.cookies["csrftoken"], "channel": "sms", "title": "短信", "enabled": "on",
            "url": self.url, "templates": "\n".join([*(f"{name}={name}" for name in names), "*=other"]),
        }  # fmt: skip
        answer = admin.post("/desk/notices/gateways", data=sent, headers={"Referer": str(form.url)})
        assert answer.status_code == 200 and "存好了" in answer.text, answer.text[:500]


@contextmanager
def sms_gateway() -> Iterator[Sink]:
    """A gateway that takes everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sink.sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"code": 0}')

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sink = Sink(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
