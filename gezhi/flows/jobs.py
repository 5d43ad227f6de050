"""What the worker does for the flows: read on, and do what matched."""

from __future__ import annotations

from gezhi.foundation.jobs import every

from . import following, postings  # registers the handlers

_TURNS = 20


@every(1, "flows.follow")
def follow() -> None:
    """Read on in the log, a bounded piece at a turn."""
    for _turn in range(_TURNS):
        if not following.follow():
            break
    for _turn in range(_TURNS):
        if not postings.follow():
            return
