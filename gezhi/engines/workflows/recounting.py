"""Holidays were imported or working hours changed: the clocks of open work are counted again.

In the transaction of the change every open case is locked in turn and its deadlines are counted anew from what
was promised then (`Case.promised`, `WorkItem.ask`); what does not move is not written. A case opened or acted on
by a transaction that had read the old calendar and commits later is caught by one job that looks again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from gezhi.engines.workflows import clocks, rules
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.record import case_patch, item_patch
from gezhi.engines.workflows.schema import Stage, Workflow, definition
from gezhi.foundation import db, events, jobs
from gezhi.foundation.calendar import clock, deadline, parse_limit
from gezhi.foundation.people import Actor

BATCH = 200
# Longer than any request lives: whoever began with the old calendar has committed or given up by then.
LATER = timedelta(seconds=60)


def calendar_changed(dates: frozenset[date], actor: Actor) -> None:
    """Hook of the calendar, in its transaction; which dates moved does not matter, every open clock is counted."""
    recount(actor)
    revision = db.revisions.current()["calendar"]
    jobs.enqueue("case.recount", str(revision), run_at=clock.now() + LATER)


def recount(actor: Actor) -> int:
    """Count every open case again; returns how many moved (one event `case.reclocked` each)."""
    moved = last = 0
    while ids := list(Case.objects.filter(state=OPEN, pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with db.write():
            moved += _recount(ids, actor)
        last = ids[-1]
    return moved


def _recount(ids: list[int], actor: Actor) -> int:
    now = clock.now()
    # Locked in the order of ids, one after another: two recounts cannot wait for each other.
    cases = list(Case.objects.select_for_update().filter(pk__in=ids, state=OPEN).order_by("pk"))
    items: dict[int, list[WorkItem]] = defaultdict(list)
    for item in WorkItem.objects.filter(case_id__in=ids).order_by("case_id", "number"):
        items[item.case_id].append(item)
    changed_cases: list[Case] = []
    changed_items: list[WorkItem] = []
    drafts: list[events.Draft] = []
    for case in cases:
        patch, moved = _moved(case, items[case.pk], now)
        if not patch:
            continue
        drafts.append(
            events.Draft(
                f"case:{case.pk}",
                "case.reclocked",
                {**patch, "act": {"action": "case.reclocked", "stage": case.stage, "item": None}},
                head=events.Head(case.event_seq, bytes(case.event_hash)),
            )
        )
        changed_cases.append(case)
        changed_items += moved
    for case, head in zip(changed_cases, events.record_many(drafts, actor=actor) if drafts else (), strict=True):
        case.event_seq, case.event_hash = head.seq, head.hash
    Case.objects.bulk_update(
        changed_cases, ["due_at", "late_at", "respond_by", "close_by", "parked_until", "event_seq", "event_hash"]
    )
    WorkItem.objects.bulk_update(
        changed_items, ["due_at", "warn_at", "next_at", "warned_at", "breached_at", "rung"], batch_size=BATCH
    )
    return len(changed_cases)


def _moved(case: Case, items: list[WorkItem], now: datetime) -> tuple[dict[str, Any], list[WorkItem]]:
    """What the events are told, and the items whose clock moved; ({}, []) when nothing did."""
    flow, _hash = definition(case.workflow, case.version)
    before = case_patch(case)
    case.due_at = clocks.promised(clocks.cycle_start(case, items), case.promised)
    case.close_by = clocks.close_by(flow, case.due_at)
    if case.first_response_at is None:  # an answer was in time or late by the calendar of its day
        case.respond_by = clocks.respond_by(flow, case.opened_at)
    moved = [item for item in _open(items) if recount_item(flow, case, item, now)]
    case.late_at = clocks.late_at(flow, case, items)
    trunk = next((item for item in _open(items) if item.branch == "" and not item.side), None)
    if case.parked_until is not None and trunk is not None:
        case.parked_until = trunk.due_at
    patch: dict[str, Any] = {name: value for name, value in case_patch(case).items() if value != before[name]}
    patch |= {f"item:{item.number}": item_patch(item) for item in moved}
    return patch, moved


def _open(items: Iterable[WorkItem]) -> Iterator[WorkItem]:
    return (item for item in items if item.state == OPEN)


def recount_item(flow: Workflow, case: Case, item: WorkItem, now: datetime) -> bool:
    """Set the item's clock by the calendar as it is now; whether anything moved."""
    stage = flow.stages[item.stage]
    assert stage.clock is not None
    before = (item.due_at, item.warn_at, item.next_at)
    item.due_at = _due(flow, case, item, stage)
    if item.due_at != before[0]:
        since = item.ask.get("warn_from")
        start = datetime.fromisoformat(since) if since else item.opened_at
        item.warn_at = None if stage.kind == "timer" else rules.warn_time(start, item.due_at, stage.clock.warn)
        if item.due_at > now:
            # As with an extension: what was breached against the old deadline is history in the events.
            item.breached_at, item.rung = None, len(stage.ladder) if "taken_from" in item.ask else 0
            if item.warn_at is not None and item.warn_at > now:
                item.warned_at = None
    # Also when the deadline stands: rungs and silence are counted in working time as well.
    item.next_at = clocks.next_at(item, stage)
    return before != (item.due_at, item.warn_at, item.next_at)


def _due(flow: Workflow, case: Case, item: WorkItem, stage: Stage) -> datetime:
    if clocks.by_promise(item, stage):
        return case.due_at
    if "taken_from" in item.ask:
        taken_at = datetime.fromisoformat(item.ask["taken_at"])
        due_at = deadline(taken_at, parse_limit(stage.ladder[-1].clock or clocks.DEFAULT_LIMIT))
    else:
        due_at = clocks.stage_due(flow, stage, case, item.opened_at)
    for more in item.ask.get("added", ()):
        due_at = clocks.extend(due_at, parse_limit(more))
    return due_at
