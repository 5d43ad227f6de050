"""Clocks of cases and items: promises, deadlines, warnings, breaches, rungs, silence.

Deadlines come from rows (`next_at`), never from stored timers: `tick` asks which open items have
something to do by now, locks each case, looks again and does it once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from gezhi.engines.workflows import rules
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.reader_holding import minutes
from gezhi.engines.workflows.schema import PHASES, Action, Clock, Stage, Workflow
from gezhi.foundation import packs
from gezhi.foundation.calendar import Limit, Unit, deadline, parse_limit, work_between
from gezhi.foundation.calendar.clock import midnight
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
    `start`: what comes in late is late from its first instant). Approved extensions count from there. `since`, an
    instant, stands for `start`: a round that goes on under another process (apart.py).

    What was promised is kept with the case, so that a change of the calendar counts again what was
    promised then, not what a category would be promised today. An entry of `more` is a limit that was granted, or a
    pause [from, until]: it moves the date on by the time spent in it, as the promise itself is counted.
    """
    start = datetime.fromisoformat(made["since"]) if made.get("since") else start
    due_at = min(deadline(start, parse_limit(limit)) for limit in made["limits"])
    if made.get("given"):
        due_at = max(start, min(due_at, datetime.fromisoformat(made["given"])))
    for more in made.get("more", ()):
        if isinstance(more, str):
            due_at = extend(due_at, parse_limit(more))
        else:
            since, until = (datetime.fromisoformat(at) for at in more)
            due_at = after_pause(due_at, since, until, made["limits"][0])
    return due_at


def after_pause(due_at: datetime, since: datetime, until: datetime, limit: str) -> datetime:
    """A date moved on by the time between two instants, in working time when the limit counts so."""
    if parse_limit(limit).unit not in (Unit.WORK_HOUR, Unit.WORK_DAY):
        return due_at + (until - since)
    seconds = int(work_between(since, until).total_seconds())
    return deadline(due_at, Limit(Decimal(seconds) / 3600, Unit.WORK_HOUR)) if seconds else due_at


def resume(case: Case, since: datetime, until: datetime, start: datetime) -> None:
    """A pause is over: the promise moves on by it. `start`: when the present round began."""
    made = case.promised
    pause = [since.isoformat(), until.isoformat()]
    case.promised = {**made, "more": [*made.get("more", ()), pause]}
    case.due_at = promised(start, case.promised)


def close_by(flow: Workflow, due_at: datetime) -> datetime:
    """By when the case should be closed: the promise, and then the time for verifying and asking the resident."""
    return deadline(due_at, parse_limit(flow.closing))


def respond_by(flow: Workflow, start: datetime) -> datetime:
    """By when somebody must have taken it or spoken to the resident (响应)."""
    return deadline(start, parse_limit(flow.response))


def stage_due(flow: Workflow, stage: Stage, case: Case, start: datetime) -> datetime:
    """When the stage entered at `start` must be done. "promise" is the case's own date, even one that has passed;
    `until` is the end of a kept day (or of a part of it, or an hour of it or before it), no later than `max`."""
    assert stage.clock is not None
    if stage.clock.until is not None:
        latest = deadline(start, parse_limit(stage.clock.max or DEFAULT_LIMIT))
        day = (case.kept or {}).get(stage.clock.until)
        return max(start, min(latest, _end_of(date.fromisoformat(day), stage.clock, case))) if day else latest
    if stage.clock.limit == "promise":
        return case.due_at
    return deadline(start, parse_limit(stage.clock.limit))


def _end_of(day: date, clock: Clock, case: Case) -> datetime:
    """24:00 of a day in China, or the end of the part of it that was kept, or the hour that the clock names."""
    if clock.by is not None:
        return midnight(day - timedelta(days=clock.before)) + timedelta(minutes=clock.by)
    span = clock.hours.get(str((case.kept or {}).get(clock.part or "")))
    if span is not None:
        return midnight(day) + timedelta(minutes=minutes(span)[1])
    return deadline(datetime.combine(day, time(4), UTC), Limit(Decimal(0), Unit.CALENDAR_DAY))


def by_promise(item: WorkItem, stage: Stage) -> bool:
    """Whether the item's deadline is the case's own date (and it was not taken over with one of its own)."""
    return stage.clock is not None and stage.clock.limit == "promise" and "taken_from" not in item.ask


def late_at(flow: Workflow, case: Case, items: Iterable[WorkItem]) -> datetime:
    """From when the open case counts as late: its earliest running deadline, and until it is handled the promise.

    `items`: the case's items. While a pause runs the promise stands still; only the pause's own end counts.
    """
    running = [i for i in items if i.state == OPEN and not i.side]
    soonest = min(i.due_at for i in running)
    trunk = flow.stages[next(i.stage for i in running if i.branch == "")]
    if case.handled_at or trunk.pauses or trunk.parked:
        return soonest
    return min(case.due_at, soonest)


def next_at(item: WorkItem, stage: Stage) -> datetime | None:
    """When `tick` must look at the item again; None when nothing more happens by itself."""
    if item.state != OPEN:
        return None
    if stage.kind == "timer":
        return item.due_at
    instants: list[datetime | None] = []
    if closes_by_itself(stage):
        return rules.next_instant([item.warn_at if item.warned_at is None else None, item.due_at])
    if item.warned_at is None and (item.breached_at is None or second_breach_open(item)):
        instants.append(item.warn_at)
    if item.breached_at is None or second_breach_open(item):
        instants.append(item.due_at)
    elif item.rung < len(stage.ladder):
        instants.append(deadline(item.due_at, parse_limit(stage.ladder[item.rung].after)))
    if stage.silence_after is not None:
        instants.append(silent_at(item, stage))
    return rules.next_instant(instants)


def closes_by_itself(stage: Stage) -> bool:
    """A panel without minutes is over when its time is; with them somebody has to close it who was there."""
    return stage.panel is not None and not stage.panel.minutes


def silent_at(item: WorkItem, stage: Stage) -> datetime | None:
    """When nobody's answering does something by itself; counted anew for each seat that an offer goes to."""
    if stage.silence_after is None or "all_asked" in item.ask:
        return None
    asked = item.ask.get("asked_at")
    return deadline(datetime.fromisoformat(asked) if asked else item.opened_at, parse_limit(stage.silence_after))


def second_breach_open(item: WorkItem) -> bool:
    """Whether the item was taken over and the deadline of the taker has not been breached (yet)."""
    return "taken_from" in item.ask and "breached_again" not in item.ask


def restart(item: WorkItem, stage: Stage, due_at: datetime, now: datetime) -> None:
    """Give an open item a later deadline; what was warned or breached against the old one is history in the events."""
    item.due_at = due_at
    if due_at > now:
        item.warned_at = item.breached_at = None
        item.rung = len(stage.ladder) if "taken_from" in item.ask else 0
        item.ask = {**item.ask, "warn_from": now.isoformat()}
        item.warn_at = None
        if stage.kind != "timer":
            item.warn_at = rules.warn_time(now, due_at, stage.clock.warn if stage.clock else 0.75)
    item.next_at = next_at(item, stage)


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
