"""Many cases in one write: opened together from a sheet, and taken back together where nobody has touched them.

The same decisions as one opening (`actions.decide`), a statement a table instead of one a row. All or nothing: the
caller's transaction holds a whole batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from gezhi.engines.workflows import protecting
from gezhi.engines.workflows.actions import decide, opening_patch
from gezhi.engines.workflows.models import CLOSED, OPEN, UNDONE, Case, WorkItem
from gezhi.engines.workflows.numbering import next_numbers
from gezhi.engines.workflows.record import case_patch, item_patch
from gezhi.engines.workflows.schema import definition, definition_at
from gezhi.engines.workflows.writing import to_send
from gezhi.foundation import db, events, jobs
from gezhi.foundation.calendar import clock
from gezhi.foundation.events.log import Draft as EventDraft
from gezhi.foundation.events.private import keep_many
from gezhi.foundation.people import Actor

# What the system does to an open case by itself; anything else is somebody's work.
BY_ITSELF = ("item.warned", "item.breached", "item.escalated", "case.reclocked", "case.reseated")


def open_many(
    workflow: str, matters: Sequence[tuple[int, Mapping[str, Any]]], *, actor: Actor, channel: str
) -> list[Case]:
    """Open a case for each (place id, data), in order, in one write. `data` as `actions.decide` takes it, without
    photos, and `claimed_at` (ISO): when the sender says it took the matter in.

    Raises Invalid for the first matter that cannot be opened, IntegrityError when an `origin` is a case already;
    either way nothing is opened.
    """
    with db.write():
        now = clock.now()
        drafts = [decide(*definition_at(workflow, place), data, actor, place, channel, now) for place, data in matters]
        for draft, number in zip(drafts, next_numbers(now, len(drafts)), strict=True):
            draft.case.number = number
        streams = [f"case:{draft.case.id}" for draft in drafts]
        kept = keep_many(
            (stream, name, text)
            for stream, draft in zip(streams, drafts, strict=True)
            for name, text in draft.texts.items()
        )
        told = []
        for stream, draft, (_place, data) in zip(streams, drafts, matters, strict=True):
            refs = {name: kept[stream, name] for name in draft.texts}
            claimed = datetime.fromisoformat(data["claimed_at"]) if data.get("claimed_at") else None
            told.append(
                EventDraft(stream, "case.opened", opening_patch(draft, refs), head=events.GENESIS, claimed_at=claimed)
            )
        for draft, head in zip(drafts, events.record_many(told, actor=actor), strict=True):
            draft.case.event_seq, draft.case.event_hash = head.seq, head.hash
            for item in draft.step.created:
                item.case = draft.case
        cases = [draft.case for draft in drafts]
        db.insert_many(cases)
        db.insert_many([item for draft in drafts for item in draft.step.created])
        protecting.save(row for draft in drafts for row in draft.step.against)
        index = [("case.index", f"{case.id}:1", {"case": case.id}) for case in cases]
        jobs.enqueue_many([*index, *(job for draft in drafts for job in to_send(draft.step))])
    return cases


def touched(case_ids: Iterable[int]) -> list[int]:
    """Those of the cases on which somebody has done something since they were opened. A query per thousand."""
    wanted = list(case_ids)
    found: list[int] = []
    for start in range(0, len(wanted), 1_000):
        part = wanted[start : start + 1_000]
        moved = list(Case.objects.filter(pk__in=part, event_seq__gt=1).values_list("pk", flat=True))
        found += [int(stream.partition(":")[2]) for stream in _worked_on(moved)]
    return sorted(set(found))


def _worked_on(case_ids: Sequence[int]) -> set[str]:
    from gezhi.foundation.events.models import Event

    streams = [f"case:{id}" for id in case_ids]
    return set(
        Event.objects.filter(stream__in=streams, seq__gt=1).exclude(kind__in=BY_ITSELF).values_list("stream", flat=True)
    )


def undo_many(case_ids: Sequence[int], *, actor: Actor) -> list[int]:
    """Close the cases as undone, by event, except those somebody has worked on; ids of those closed.

    Nothing is deleted: the number stays given out, the event says who took it back, and the sender's number is free
    for another case.
    """
    with db.write():
        now = clock.now()
        cases = list(Case.objects.select_for_update().filter(pk__in=case_ids, state=OPEN).order_by("pk"))
        busy = _worked_on([case.id for case in cases if case.event_seq > 1])
        cases = [case for case in cases if f"case:{case.id}" not in busy]
        items: dict[int, list[WorkItem]] = {}
        for item in WorkItem.objects.filter(case__in=cases, state=OPEN):
            items.setdefault(item.case_id, []).append(item)
        told = []
        for case in cases:
            told.append(_undone(case, items.get(case.id, []), now))
        for case, head in zip(cases, events.record_many(told, actor=actor) if told else (), strict=True):
            case.event_seq, case.event_hash = head.seq, head.hash
        Case.objects.bulk_update(
            cases,
            ["state", "outcome", "stage", "phase", "owner_seat", "late_at", "closed_at", "event_seq", "event_hash"],
            batch_size=200,
        )
        ended = [item for case in cases for item in items.get(case.id, [])]
        WorkItem.objects.bulk_update(ended, ["state", "next_at", "done_at"], batch_size=400)
    return [case.id for case in cases]


def _undone(case: Case, items: Sequence[WorkItem], now: Any) -> EventDraft:
    before = case_patch(case)
    flow, _hash = definition(case.workflow, case.version)
    # An end of the definition from which nothing leads on: what was never a matter cannot be reopened.
    ends = [stage for stage in flow.stages.values() if stage.kind == "end"]
    end = next((stage for stage in ends if not stage.actions), ends[0])
    case.state, case.outcome, case.closed_at = CLOSED, UNDONE, now
    case.stage, case.phase, case.owner_seat, case.late_at = end.id, end.phase, None, None
    after = case_patch(case)
    patch: dict[str, Any] = {name: value for name, value in after.items() if value != before[name]}
    patch["act"] = {"action": "case.undone", "stage": before["stage"], "item": None}
    for item in items:
        item.state, item.done_at, item.next_at = "cancelled", now, None
        patch[f"item:{item.number}"] = item_patch(item)
    return EventDraft(f"case:{case.id}", "case.undone", patch, head=events.Head(case.event_seq, bytes(case.event_hash)))
