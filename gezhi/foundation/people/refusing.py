"""How this room makes a refusal: a code with its three sentences, to be raised by calling it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from gezhi.foundation.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    Refusal,
    SignInNeeded,
    TooMany,
    Unavailable,
    register,
)

_HTTP: dict[type[Refusal], int] = {
    Conflict: 409,
    Invalid: 422,
    NotAllowed: 403,
    NotFound: 404,
    SignInNeeded: 401,
    TooMany: 429,
    Unavailable: 503,
}


def refusal(kind: type[Refusal], code: str, what: Any, why: Any, next: Any) -> Callable[..., Refusal]:
    """A code, registered once; calling what comes back gives the error to raise."""
    return partial(kind, register(code, _HTTP[kind], what, why, next))
