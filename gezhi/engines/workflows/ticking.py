"""The clock job: every warning, breach, rung and silence happens once, soon after its instant.

Candidates come from one indexed query; each is decided again under the case's lock, so a second
worker, a crash or a late commit cannot make it happen twice or not at all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gezhi.engines.workflows import actions, clocks, reseating, rules, seating
from gezhi.engines.workflows import named as naming
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.record import case_patch, item_patch
from gezhi.engines.workflows.schema import Rung, Stage, Workflow, definition
from gezhi.foundation import db, events, people
from gezhi.foundation.calendar import clock, deadline, parse_limit

BATCH = 200


def tick(limit: int = BATCH, *, settle: bool = True) -> int:
    """Do what is due; returns how many items were looked at. Call again while it returns `limit`.

    `settle`: bring open work in line with who sits where as well; that reads all open work when people have changed,
    so the worker does it beside the clock, not within it.
    """
    now = clock.now()
    due = list(
        WorkItem.objects.filter(state=OPEN, next_at__lte=now)
        .order_by("next_at")
        .values_list("case_id", "number", "stage")[:limit]
    )
    for case_id, number, _stage in due:
        look(case_id, number, now)
    if settle:
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
        if stage.kind == "timer" or (clocks.closes_by_itself(stage) and item.due_at <= now):
            _by_itself(case_id, "time_over", item)
            return
        silent_at = clocks.silent_at(item, stage)
        if silent_at is None or silent_at > now:
            _advance(flow, case, item, stage, now)
            return
        assert stage.silence_action is not None
        _by_itself(case_id, stage.silence_action, item)


def _by_itself(case_id: int, action: str, item: WorkItem) -> None:
    """Fire an action of the clock; nobody can have acted on the item since it was looked at."""
    actor = people.system("clock")
    # The key of old: a database that was upgraded between a silence and its repetition does it once.
    key = f"silence:{item.number}" if action != "time_over" else f"time:{item.number}"
    if asked := len(item.ask.get("passed", ())):
        key += f":{asked}"  # the same item is silent again at the next seat
    actions.fire(case_id, action, item=item.number, expected_seq=None, actor=actor, key=key)


def _advance(flow: Workflow, case: Case, item: WorkItem, stage: Stage, now: datetime) -> None:
    kind = ""
    before = case_patch(case)
    climbed: list[dict[str, Any]] = []
    if item.warned_at is None and item.warn_at is not None and item.warn_at <= now:
        item.warned_at, kind = now, "item.warned"
    if item.breached_at is None and item.due_at <= now:
        item.breached_at, kind = now, "item.breached"
    elif clocks.second_breach_open(item) and item.due_at <= now:
        item.ask = {**item.ask, "breached_again": now.isoformat()}
        kind = "item.breached"
    while item.breached_at is not None and item.rung < len(stage.ladder):
        rung = stage.ladder[item.rung]
        if deadline(item.due_at, parse_limit(rung.after)) > now:
            break
        item.rung += 1
        climbed.append(_climb(case, item, stage, rung, now))
        kind = "item.escalated"
    item.next_at = clocks.next_at(item, stage)
    if not kind:
        item.save(update_fields=["next_at"])
        return
    if any(rung["do"] == "take_over" for rung in climbed):
        _follow(flow, case, item)
    patch: dict[str, Any] = {k: v for k, v in case_patch(case).items() if before[k] != v}
    head = events.record(
        f"case:{case.id}",
        kind,
        actor=people.system("clock"),
        head=events.Head(case.event_seq, bytes(case.event_hash)),
        patch={
            **patch,
            f"item:{item.number}": item_patch(item),
            "act": {
                "action": kind,
                "stage": stage.id,
                "item": item.number,
                "rungs": climbed,
            },
        },
    )
    case.event_seq, case.event_hash = head.seq, head.hash
    case.save(update_fields=[*patch, "event_seq", "event_hash"])
    item.save(
        update_fields=[
            "next_at", "warned_at", "breached_at", "rung", "owner_seat", "person_id", "due_at", "warn_at", "ask",
        ]
    )  # fmt: skip


def _climb(case: Case, item: WorkItem, stage: Stage, rung: Rung, now: datetime) -> dict[str, Any]:
    """Do one rung; returns what the event says of it: {do, post, seat}."""
    directory = people.directory()
    if rung.do == "remind":
        return {"do": rung.do, "post": "", "seat": item.owner_seat}
    seat = directory.seat_for(rung.post, case.place_id)
    if case.protected:
        seat = naming.lifted(seat, naming.of(case), now)
    case.supervised_by, case.supervised_at = seat, now
    if rung.do == "take_over":
        assert rung.clock is not None and item.owner_seat is not None
        seat = seating.owner_of(seat, frozenset(item.barred), now)
        asked = {k: v for k, v in item.ask.items() if k not in ("added", "warn_from")}
        item.ask = asked | {"taken_from": item.owner_seat, "taken_at": now.isoformat(), "warn_from": now.isoformat()}
        item.owner_seat, item.person_id = seat, None
        item.due_at = deadline(now, parse_limit(rung.clock))
        item.warn_at = rules.warn_time(now, item.due_at, stage.clock.warn if stage.clock else 0.75)
        item.warned_at = None
    return {"do": rung.do, "post": rung.post, "seat": seat}


def _follow(flow: Workflow, case: Case, item: WorkItem) -> None:
    """The case's own columns after an item changed hands and deadline."""
    if item.side:
        return
    others = WorkItem.objects.filter(case_id=case.id, state=OPEN, side=False).exclude(number=item.number)
    case.late_at = clocks.late_at(flow, case, [item, *others])
    if item.branch == "":
        case.owner_seat = item.owner_seat
