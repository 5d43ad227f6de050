"""Speaking to a server over HTTP: patient retries, one thread-safe client. Used by `replay` and `demo work`."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

# One line per request would drown the progress line.
logging.getLogger("httpx").setLevel(logging.WARNING)

RETRIED = frozenset({429, 500, 502, 503, 504})
FIRST_WAIT = 0.2  # seconds; doubles up to LONGEST_WAIT
LONGEST_WAIT = 5.0


class GaveUp(Exception):
    """No answer in the time allowed; `args[0]` says what was seen last."""


@dataclass
class Remote:
    """A server's API at `url` (scheme, host, port). `patience`: seconds to go on trying one call.

    `transport` lets a test speak to the application in its own process.
    """

    url: str
    patience: float = 120.0
    language: str = "zh-Hans"
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    _client: httpx.Client | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def client(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(
                    base_url=self.url.rstrip("/"),
                    transport=self.transport,
                    timeout=httpx.Timeout(30.0),
                    headers={"Accept-Language": self.language},
                    limits=httpx.Limits(max_connections=32, max_keepalive_connections=32),
                    trust_env=False,
                )
            return self._client

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One call below /api/v1, retried on 429, 5xx and lost connections. Raises GaveUp.

        Only safe for calls that may be repeated: reads, and writes with an idempotency key.
        """
        waited, wait, seen = 0.0, FIRST_WAIT, ""
        while True:
            try:
                answer = self.client.request(method, f"/api/v1{path}", **more)
            except httpx.TransportError as error:
                seen, pause = f"{type(error).__name__}: {error}", wait
            else:
                if answer.status_code not in RETRIED:
                    return answer
                seen = f"HTTP {answer.status_code}"
                pause = _retry_after(answer) or wait
            if waited + pause > self.patience:
                raise GaveUp(seen)
            # A little chance, so that several senders do not come back at the same moment.
            self.sleep(pause * random.uniform(1.0, 1.2))
            waited += pause
            wait = min(2 * wait, LONGEST_WAIT)

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None


def _retry_after(answer: httpx.Response) -> float:
    given = answer.headers.get("Retry-After", "")
    return float(given) if given.isdigit() else 0.0


def refusal(answer: httpx.Response) -> tuple[str, str]:
    """(code, what happened) of an error answer; ("http.<status>", "") when it is not one of ours."""
    try:
        error = answer.json()["error"]
        fields = "；".join(f"{name}: {words}" for name, words in error["fields"].items())
        return error["code"], error["what"] + (f"（{fields}）" if fields else "")
    except (ValueError, KeyError, TypeError):
        return f"http.{answer.status_code}", ""
