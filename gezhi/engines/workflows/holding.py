"""Time that an action binds or frees: whoever keeps the calendar is asked in the same transaction, and may refuse.

Nothing is asked in a replay or a migration: what was bound then is bound.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from gezhi.engines.workflows.reader_holding import minutes
from gezhi.foundation import people
from gezhi.foundation.calendar import clock

if TYPE_CHECKING:
    from gezhi.engines.workflows.stepping import Step

#: (case id, the persons, from, to, what they must be able to do): bind their time for the case instead of what it bound
#: before. No persons: free it.
Keeper = Callable[[int, tuple[int, ...], datetime | None, datetime | None, str], None]
KEEPERS: list[Keeper] = []


def keep_time(keeper: Keeper) -> None:
    """Register who keeps the calendar; it raises Conflict when somebody is bound elsewhere then, or may not do it."""
    if keeper not in KEEPERS:
        KEEPERS.append(keeper)


def follow(step: Step) -> None:
    """Tell the keepers what the action that was just done binds or frees."""
    action, case = step.action, step.case
    if action.frees:
        _tell(case.pk, (), None, None)
    if action.holds is None:
        return
    kept = case.kept or {}
    day, part = kept.get(action.holds.day), kept.get(action.holds.part)
    if not day or part not in action.holds.hours:
        return
    first = clock.midnight(day if isinstance(day, date) else date.fromisoformat(str(day)))
    begins, ends = (first + timedelta(minutes=n) for n in minutes(action.holds.hours[str(part)]))
    person = step.actor.person_id
    if action.effect == "accept" and person is not None:
        persons: tuple[int, ...] = (person,)
    else:
        persons = people.directory().holders(case.handler_seat, begins) if case.handler_seat else ()
    _tell(case.pk, persons, begins, ends, action.holds.needs)


def _tell(
    case_id: int, persons: tuple[int, ...], since: datetime | None, until: datetime | None, needs: str = ""
) -> None:
    for keeper in KEEPERS:
        keeper(case_id, persons, since, until, needs)
