"""The clock job: every warning, breach, rung and silence happens once, soon after its instant.

Candidates come from one indexed query; each is decided again under the case's lock, so a second
worker, a crash or a late commit cannot make it happen twice or not at all.
"""

from __future__ import annotations

from datetime import datetime

from gezhi.engines.workflows import actions, clocks, reseating
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.record import item_patch
from gezhi.engines.workflows.schema import Rung, Stage, definition
from gezhi.foundation import db, events, people
from gezhi.foundation.calendar import clock, deadline, parse_limit

BATCH = 200


def tick(limit: int = BATCH) -> int:
    """Do what is due; returns how many items were looked at. Call again while it returns `limit`."""
    now = clock.now()
    due = list(
        WorkItem.objects.filter(state=OPEN, next_at__lte=now)
        .order_by("next_at")
        .values_list("case_id", "number", "stage")[:limit]
    )
    for case_id, number, _stage in due:
        look(case_id, number, now)
    reseating.settle(now)
    return len(due)


def look(case_id: int, number: int, now: datetime) -> None:
    """Bring one item's clock up to `now`: at most one event for warning, breach and rungs together."""
    with db.write():
        case = Case.objects.select_for_update().get(pk=case_id)
        item = WorkItem.objects.filter(case_id=case_id, number=number, state=OPEN).first()
        if item is None or item.next_at is None or item.next_at > now:
            return
        flow, _hash = definition(case.workflow, case.version)
        stage = flow.stages[item.stage]
        silent = stage.silence_after is not None and deadline(item.opened_at, parse_limit(stage.silence_after)) <= now
        if not silent:
            _advance(case, item, stage, now)
            return
        assert stage.silence_action is not None
        # Under the same lock: nobody can have acted on the item since it was looked at.
        actions.fire(
            case_id,
            stage.silence_action,
            item=number,
            expected_seq=None,
            actor=people.system("clock"),
            key=f"silence:{number}",
        )


def _advance(case: Case, item: WorkItem, stage: Stage, now: datetime) -> None:
    kind = ""
    climbed: list[Rung] = []
    if item.warned_at is None and item.warn_at is not None and item.warn_at <= now:
        item.warned_at, kind = now, "item.warned"
    if item.breached_at is None and item.due_at <= now:
        item.breached_at, kind = now, "item.breached"
    while item.breached_at is not None and item.rung < len(stage.ladder):
        rung = stage.ladder[item.rung]
        if deadline(item.due_at, parse_limit(rung.after)) > now:
            break
        item.rung += 1
        climbed.append(rung)
        kind = "item.escalated"
        case.supervised_by = people.directory().seat_for(rung.post, case.place_id)
        case.supervised_at = now
    item.next_at = clocks.next_at(item, stage)
    if not kind:
        item.save(update_fields=["next_at"])
        return
    head = events.record(
        f"case:{case.id}",
        kind,
        actor=people.system("clock"),
        head=events.Head(case.event_seq, bytes(case.event_hash)),
        patch={
            "supervised_by": case.supervised_by,
            "supervised_at": case.supervised_at,
            f"item:{item.number}": item_patch(item),
            "act": {
                "action": kind,
                "stage": stage.id,
                "item": item.number,
                "rungs": [r.post for r in climbed],
            },
        },
    )
    case.event_seq, case.event_hash = head.seq, head.hash
    case.save(update_fields=["supervised_by", "supervised_at", "event_seq", "event_hash"])
    item.save(update_fields=["next_at", "warned_at", "breached_at", "rung"])
