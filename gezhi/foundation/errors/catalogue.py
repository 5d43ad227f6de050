"""Every refusal the product can give, by code. docs/errors.md is made from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")


@dataclass(frozen=True)
class Entry:
    """`what`, `why`, `next`: gettext-lazy sentences with {facts} in braces."""

    code: str
    http: int
    what: Any
    why: Any
    next: Any


ALL: dict[str, Entry] = {}


def register(code: str, http: int, what: Any, why: Any = "", next: Any = "") -> str:
    """Add one refusal to the catalogue and return its code.

    Raises ValueError for a malformed code, or for a code that already means something else.
    """
    if not _CODE.fullmatch(code):
        raise ValueError(f"{code!r} is not a code: lower-case words joined by dots.")
    entry = Entry(code, http, what, why, next)
    known = ALL.get(code)
    if known is not None and (known.http, str(known.what)) != (http, str(what)):
        raise ValueError(f"{code!r} already stands for another refusal.")
    ALL[code] = entry
    return code
