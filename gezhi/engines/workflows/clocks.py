"""Clocks of cases and items: promises, deadlines, warnings, breaches, rungs, silence.

Deadlines come from rows (`next_at`), never from stored timers: `tick` asks which open items have
something to do by now, locks each case, looks again and does it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gezhi.engines.workflows import rules
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.schema import PHASES, Action, Stage, Workflow
from gezhi.foundation import packs
from gezhi.foundation.calendar import Limit, deadline, parse_limit
from gezhi.foundation.errors import Invalid

DEFAULT_LIMIT = "5 work_day"  # a category without a limit of its own anywhere; packs/*/limits.yaml set better ones


def promise(flow: Workflow, *, category: str, kind: str, urgent: bool) -> str:
    """The limit of the date told to the resident, as it is written: by when the matter will have been handled."""
    if flow.promise != "category":
        return flow.promise
    limit = packs.registry().limit_for(category or None, kind or None, urgent)
    return str(limit) if limit else DEFAULT_LIMIT


def promised(start: datetime, made: Mapping[str, Any]) -> datetime:
    """The promised date of a round that began at `start`: the soonest of its `limits`, then each of `more`.

    `given` is the deadline a sender set, an instant: the promise is never later than that (and never before
    `start`: what comes in late is late from its first instant). Approved extensions count from there.

    What was promised is kept with the case, so that a change of the calendar counts again what was
    promised then, not what a category would be promised today.
    """
    due_at = min(deadline(start, parse_limit(limit)) for limit in made["limits"])
    if made.get("given"):
        due_at = max(start, min(due_at, datetime.fromisoformat(made["given"])))
    for more in made.get("more", ()):
        due_at = extend(due_at, parse_limit(more))
    return due_at


def close_by(flow: Workflow, due_at: datetime) -> datetime:
    """By when the case should be closed: the promise, and then the time for verifying and asking the resident."""
    return deadline(due_at, parse_limit(flow.closing))


def respond_by(flow: Workflow, start: datetime) -> datetime:
    """By when somebody must have taken it or spoken to the resident (响应)."""
    return deadline(start, parse_limit(flow.response))


def stage_due(flow: Workflow, stage: Stage, case: Case, now: datetime) -> datetime:
    """When the stage must be done. "promise" is the case's own date, even when that has passed already."""
    assert stage.clock is not None
    if stage.clock.limit == "promise":
        return case.due_at
    return deadline(now, parse_limit(stage.clock.limit))


def late_at(case: Case, main: WorkItem) -> datetime:
    """From when the open case counts as late: the running step's deadline, and until it is handled the promise."""
    return main.due_at if case.handled_at else min(case.due_at, main.due_at)


def next_at(item: WorkItem, stage: Stage) -> datetime | None:
    """When `tick` must look at the item again; None when nothing more happens by itself."""
    if item.state != OPEN:
        return None
    instants: list[datetime | None] = []
    if item.warned_at is None and item.breached_at is None:
        instants.append(item.warn_at)
    if item.breached_at is None:
        instants.append(item.due_at)
    elif item.rung < len(stage.ladder):
        instants.append(deadline(item.due_at, parse_limit(stage.ladder[item.rung].after)))
    if stage.silence_after is not None:
        instants.append(deadline(item.opened_at, parse_limit(stage.silence_after)))
    return rules.next_instant(instants)


def extend(due_at: datetime, more: Limit) -> datetime:
    """A deadline moved on by an approved extension."""
    return deadline(due_at, more)


def clear_later_stamps(case: Case, target: Stage) -> None:
    """A matter that goes back is not handled (or not verified) any more."""
    rank = PHASES.index(target.phase)
    if rank < PHASES.index("checked"):
        case.handled_at = None
    if rank < PHASES.index("your_word"):
        case.verified_at = None


def cycle_start(case: Case, items: list[WorkItem]) -> datetime:
    """When the present round began: the opening, or the last reopening."""
    return min((i.opened_at for i in items if i.cycle == case.cycle and not i.side), default=case.opened_at)


def in_time(action: Action, case: Case, item: WorkItem | None, now: datetime) -> None:
    """Refuse what comes too late: a reopening after its term, an extension after the deadline."""
    over = deadline(case.closed_at, parse_limit(action.within)) if action.within and case.closed_at else None
    if over is not None and now > over:
        raise Invalid("case.too_late")
    if action.before_due and item is not None and now > item.due_at:
        raise Invalid("case.past_due")
