"""What a step changed goes into the record and the tables: one event, one row of the case, its items in bulk."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gezhi.engines.workflows import clocks, convening, effects, protecting
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, WorkItem
from gezhi.engines.workflows.record import case_patch, item_patch
from gezhi.engines.workflows.stepping import Step
from gezhi.foundation import db, events, files, jobs

# What may change of an item after it was opened.
CHANGEABLE = (
    "state", "owner_seat", "person_id", "barred", "due_at", "warn_at", "next_at", "warned_at", "breached_at", "rung",
    "done_at", "done_by", "action", "ask",
)  # fmt: skip


def write(step: Step, before: dict[str, Any], claimed_at: datetime | None) -> None:
    """Record the step as one event, write the changed columns and items, hand on what follows the commit."""
    case, action = step.case, step.action
    if case.due_at != before["due_at"]:
        case.close_by = clocks.close_by(step.flow, case.due_at)
    stream = f"case:{case.id}"
    text, after, shut = said(step), case_patch(case), effects.sealed(action, step.values)
    texts = {"said": text} if text else {}
    if shut:
        texts["sealed"] = json.dumps(shut, ensure_ascii=False)
    refs = events.keep(stream, texts) if texts else {}
    patch = patch_of(step, before, after, refs.get("said"))
    if shut:
        patch["act"]["sealed"] = refs["sealed"].as_json() | {"fields": sorted(shut)}
    head = events.record(
        stream,
        f"case.{action.id}",
        actor=step.actor,
        head=events.Head(case.event_seq, bytes(case.event_hash)),
        patch=patch,
        claimed_at=claimed_at,
        seat=seat_of(step),
    )
    case.event_seq, case.event_hash = head.seq, head.hash
    columns = [k for k in after if before[k] != after[k]]
    kept_otherwise = bool(step.against) or before["protected"] != case.protected
    if kept_otherwise:
        columns.append("contact_hash")  # no column of the state: nobody finds a protected matter by a phone
    case.save(update_fields=[*columns, "event_seq", "event_hash"])
    save_items(step)
    if more := to_send(step, ended=case.state == CLOSED and before["state"] != CLOSED):
        jobs.enqueue_many(more)
    for field in action.form.fields:
        if field.type == "photos":
            files.attach(step.values.get(field.id) or (), stream=stream)
    if action.id == "add" or kept_otherwise:
        index_again([case])


def index_again(cases: Iterable[Case]) -> None:
    """The words of these cases are indexed once more, as what they are now. One statement."""
    jobs.enqueue_many([("case.index", f"{case.id}:{case.event_seq}", {"case": case.id}) for case in cases])


def said(step: Step) -> str:
    """What was written in the action's form, as it goes to the private store; "" when nothing was."""
    texts = effects.split(step.action, step.values)[1]
    return json.dumps(texts, ensure_ascii=False) if texts else ""


def patch_of(
    step: Step, before: dict[str, Any], after: dict[str, Any], text: events.PrivateRef | None
) -> dict[str, Any]:
    """What the event of a step says: the columns that changed, the act, the items it touched."""
    action = step.action
    act: dict[str, Any] = {
        "action": action.id,
        "stage": step.stage.id,
        "item": step.item.number if step.item else None,
        "form": effects.split(action, step.values)[0],
    }
    if text is not None:
        act["said"] = text.as_json()
    act |= step.told
    if step.created:
        act["opened"] = [item.number for item in step.created]
    if step.actor.kind == "staff" and action.by == ("reporter",):
        act["for_reporter"] = True
    patch: dict[str, Any] = {k: v for k, v in after.items() if before[k] != v}
    patch["act"] = act
    for item in [*step.changed, *step.created]:
        patch[f"item:{item.number}"] = item_patch(item)
    return patch | protecting.told(step.against)


def seat_of(step: Step) -> int | None:
    """The seat as which the actor acts, for the record."""
    return step.item.owner_seat if step.item and step.item.owner_seat in step.actor.answering else None


def save_items(step: Step) -> None:
    """Items that end are written before new ones begin: the database allows one running item a branch.

    Two statements at most for one item each, and as many for a fork with many branches.
    """
    for item in step.created:
        item.case = step.case
    protecting.save(step.against)
    if len(step.changed) == 1:
        step.changed[0].save(update_fields=CHANGEABLE)
    elif step.changed:
        WorkItem.objects.bulk_update(step.changed, CHANGEABLE)
    if len(step.created) == 1:
        db.insert(step.created[0])
    elif step.created:
        WorkItem.objects.bulk_create(step.created)
    convening.write(step)


def to_send(step: Step, *, ended: bool = False) -> list[tuple[str, str, dict[str, Any]]]:
    """Jobs (name, key, payload) that the step gives rise to: child cases to be opened; a parent to be told of the end."""
    case = step.case
    found: list[tuple[str, str, dict[str, Any]]] = [
        ("case.children", f"{case.id}:{item.number}", {"case": case.id, "item": item.number})
        for item in step.created
        if item.state == OPEN and step.flow.stages[item.stage].kind == "children"
    ]
    if ended and case.parent_id is not None:
        key = f"{case.parent_id}:{case.id}:{case.cycle}"
        found.append(("case.child_closed", key, {"parent": case.parent_id, "child": case.id}))
    return found
