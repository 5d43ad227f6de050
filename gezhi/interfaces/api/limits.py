"""Polite rate limits of the public doors: a token bucket per door and client, in this process's memory.

Memory is enough: a limit protects one server process from one impatient client, and a limit shared through
the database would itself be load. With n worker processes a client may get up to n times the rate; docs/api.md
says so. Nothing about a client outlives the process, and addresses are kept only as a keyed hash.

`GEZHI_RATE` ("60/m") is the rate of each public writing door per client; reading doors allow ten times that.
`GEZHI_RATE_GUESSES` ("10/m") is how many unknown codes one client may try. `GEZHI_PROXIES` (0) is how many
reverse proxies stand before us and add to X-Forwarded-For.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from gezhi.interfaces.api import refusals
from gezhi.interfaces.site.callers import client_ip

__all__ = ["Buckets", "Rate", "buckets", "client_ip", "guesses", "knock", "parse_rate", "rate", "wrong_code"]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_MAX_CLIENTS = 50_000
_SALT = secrets.token_bytes(16)


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` calls in `seconds`; a client who was quiet may use the whole count at once."""

    count: float
    seconds: float

    def times(self, factor: float) -> Rate:
        return Rate(self.count * factor, self.seconds)


def parse_rate(words: str) -> Rate:
    """ "60/m" -> Rate(60, 60). Units s, m, h. Raises ValueError naming what was read."""
    count, slash, unit = words.strip().partition("/")
    if not slash or unit not in _UNITS or not count.isdigit() or int(count) < 1:
        raise ValueError(f"GEZHI_RATE: expected for example 60/m, not {words!r}")
    return Rate(float(count), _UNITS[unit])


class Buckets:
    """Token buckets by key; the least recently used are dropped when there are too many."""

    def __init__(self, max_keys: int = _MAX_CLIENTS) -> None:
        self._lock = threading.Lock()
        self._levels: OrderedDict[bytes, tuple[float, float]] = OrderedDict()
        self._max = max_keys

    def take(self, key: bytes, rate: Rate, now: float, cost: float = 1.0) -> float:
        """Take `cost` tokens; 0.0 when there were enough, else the seconds until there are (none taken)."""
        with self._lock:
            level, then = self._levels.pop(key, (rate.count, now))
            level = min(rate.count, level + max(0.0, now - then) * rate.count / rate.seconds)
            wait = 0.0 if level >= cost else (cost - level) * rate.seconds / rate.count
            self._levels[key] = (level if wait else level - cost, now)
            while len(self._levels) > self._max:
                self._levels.popitem(last=False)
        return wait

    def clear(self) -> None:
        """Forget everyone (for tests and after a change of limits)."""
        with self._lock:
            self._levels.clear()


buckets = Buckets()


def _setting(name: str, default: str) -> Rate:
    return parse_rate(str(getattr(settings, name, None) or os.environ.get(name) or default))


def rate() -> Rate:
    """The rate of a public writing door. A demo is not public: it lets a replay of thousands through."""
    return _setting("GEZHI_RATE", "60/m" if settings.PRODUCTION else "60000/m")


def guesses() -> Rate:
    """How many unknown codes one client may try."""
    return _setting("GEZHI_RATE_GUESSES", "10/m" if settings.PRODUCTION else "30/m")


def _key(request: HttpRequest, door: str) -> bytes:
    return hashlib.blake2b(f"{door}|{client_ip(request)}".encode(), digest_size=16, key=_SALT).digest()


def _take(request: HttpRequest, door: str, allowed: Rate) -> None:
    # time.monotonic: a bucket measures waiting, which the demo's clock must not shorten.
    wait = buckets.take(_key(request, door), allowed, time.monotonic())
    if wait:
        raise refusals.too_many(wait)


def knock(request: HttpRequest, door: str, *, writes: bool) -> None:
    """Count one call at a public door; raises TooMany with `retry_after` when it comes too soon."""
    _take(request, door, rate() if writes else rate().times(10))


def wrong_code(request: HttpRequest) -> None:
    """Count one unknown code; raises TooMany once a client has tried too many."""
    _take(request, "guess", guesses())
