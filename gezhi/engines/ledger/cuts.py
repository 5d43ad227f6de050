"""Which days a payout list may be cut on. Pure."""

from __future__ import annotations

from datetime import date


def problem(every: str, cut: str) -> bool:
    """Whether a list of this rhythm cannot be cut on this day."""
    if cut in ("", "first", "last"):
        return every == "once" and cut != ""
    try:
        if every == "month":
            return not 1 <= int(cut) <= 28
        if every == "year":
            date.fromisoformat(f"2023-{cut}")  # a year without 29 February: a day that every year has
            return False
    except ValueError:
        return True
    return True
