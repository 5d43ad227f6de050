"""An order that somebody takes binds their time in the one calendar of sessions and orders: nobody is in two places at once."""

from __future__ import annotations

from datetime import datetime

from gezhi.engines.matching import lanes
from gezhi.engines.workflows import holding


def register() -> None:
    """Let the calendar of engine 配 keep the time that cases bind."""
    holding.keep_time(keep)


def keep(case_id: int, persons: tuple[int, ...], since: datetime | None, until: datetime | None) -> None:
    """Inside a write: the case's time, and no other. Raises Conflict session.busy when somebody is bound elsewhere then."""
    lanes.release(lanes.of_case(case_id))
    if persons and since is not None and until is not None:
        keys = [lanes.person(f"p:{person}") for person in persons]
        lanes.hold(keys, since, until, session_id=lanes.of_case(case_id), code="session.busy")
