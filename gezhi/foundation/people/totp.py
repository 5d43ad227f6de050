"""Codes that change every thirty seconds: RFC 6238 over RFC 4226, as every authenticator app makes them. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from urllib.parse import quote, urlencode

STEP = 30  # seconds
DIGITS = 6
# A phone may be this many steps early or late.
DRIFT = 1


def step_at(seconds: float) -> int:
    """The number of the thirty seconds in which a moment (seconds since 1970) lies."""
    return int(seconds // STEP)


def code(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a step (HMAC-SHA-1, which is what the apps implement)."""
    mac = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    start = mac[-1] & 15
    number = struct.unpack(">I", mac[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def step_of(secret: bytes, given: str, seconds: float) -> int | None:
    """The step around this moment whose code was given, the newest first; None when it is none of them.

    All are compared, in the same time, so that an answer's delay says nothing.
    """
    found = None
    for step in range(step_at(seconds) - DRIFT, step_at(seconds) + DRIFT + 1):
        if hmac.compare_digest(code(secret, max(step, 0)).encode(), given.encode("utf-8", "replace")):
            found = step
    return found


def text_of(secret: bytes) -> str:
    """The secret as apps take it by hand: base32 in groups of four."""
    plain = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(plain[n : n + 4] for n in range(0, len(plain), 4))


def address(secret: bytes, account: str, issuer: str) -> str:
    """The otpauth:// address that the QR code holds."""
    facts = {"secret": base64.b32encode(secret).decode().rstrip("="), "issuer": issuer}
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?{urlencode(facts, quote_via=quote)}"
