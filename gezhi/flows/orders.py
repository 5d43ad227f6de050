"""An order that somebody takes binds their time in the one calendar of sessions and orders: nobody is in two places at once."""

from __future__ import annotations

from datetime import date, datetime

from gezhi.engines.matching import lanes, learning, rules, schema
from gezhi.engines.workflows import holding
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict


def register() -> None:
    """Let the calendar of engine 配 keep the time that cases bind."""
    holding.keep_time(keep)


def keep(
    case_id: int, persons: tuple[int, ...], since: datetime | None, until: datetime | None, needs: str = ""
) -> None:
    """Inside a write: the case's time, and no other. Raises Conflict session.busy when somebody is bound elsewhere then,
    order.unqualified when somebody does not hold what the order `needs` on that day."""
    lanes.release(lanes.of_case(case_id))
    if persons and since is not None and until is not None:
        _qualified(persons, clock.local(since).date(), needs)
        keys = [lanes.person(f"p:{person}") for person in persons]
        lanes.hold(keys, since, until, session_id=lanes.of_case(case_id), code="session.busy")


def _qualified(persons: tuple[int, ...], on: date, needs: str) -> None:
    if not needs:
        return
    held = learning.held(persons)
    if any(needs not in held.get(person, {}) or not rules.valid(held[person][needs], on) for person in persons):
        raise Conflict("order.unqualified", what=schema.competences().get(needs, needs))
