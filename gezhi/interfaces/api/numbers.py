"""Numbers as they come in addresses: digits within bounds, nothing else."""

from __future__ import annotations

import re
from typing import Any

from gezhi.foundation import errors


def whole(text: str, low: int, high: int) -> int | None:
    """A whole number between the bounds; None for anything else."""
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII):
        return None
    return int(text) if low <= int(text) <= high else None


def row_id(text: str, code: str, **facts: Any) -> int:
    """The id of a row. Raises NotFound with this code: what is no number is no row."""
    number = whole(text, 1, 2**63 - 1)
    if number is None:
        raise errors.NotFound(code, **facts)
    return number


def case_id(text: str) -> int:
    """The id of a case. Raises NotFound: what is no number is no case."""
    return row_id(text, "case.not_found")
