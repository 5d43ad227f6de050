"""Sub-cases: a children stage opens a case for each place, and goes on when enough of them have ended.

Opening and telling are jobs, so that a parent and its child are never locked at once. The parent counts its children
by rows; a job that runs twice opens nothing twice (the keys of openings) and moves nothing twice (the lock).
"""

from __future__ import annotations

import json
from typing import Any

from gezhi.engines.workflows.marking import enough
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, WorkItem
from gezhi.engines.workflows.schema import Stage, definition
from gezhi.foundation import db, events, people, places

ACTOR = "workflow"
MOST = 2_000  # places of one sweep


def places_of(stage: Stage, case: Case) -> list[int]:
    """The places for which the stage opens a case, each once: a kept list, or every open place of a kind below."""
    assert stage.each is not None
    if stage.each.kept is not None:
        return list(dict.fromkeys((case.kept or {}).get(stage.each.kept, ())))[:MOST]
    known = places.directory()
    below = (p for p in known.descendants(case.place_id) if known.get(p).kind == stage.each.under and known.open(p))
    return sorted(below)[:MOST]


def open_all(case_id: int, number: int) -> None:
    """Open the cases of a children item that are not open yet; one transaction each. Then look whether it goes on."""
    from gezhi.engines.workflows.opening import open_case

    item = WorkItem.objects.select_related("case").filter(case_id=case_id, number=number, state=OPEN).first()
    if item is None:
        return  # ended early, by a drawn action
    parent = item.case
    flow, _hash = definition(parent.workflow, parent.version)
    stage = flow.stages[item.stage]
    words = _words(parent)
    for place in item.ask["places"]:
        if not places.directory().open(place):
            continue  # closed since the stage was entered
        data: dict[str, Any] = {"text": words, "category": parent.category, "urgent": parent.urgent}
        open_case(
            stage.workflow or "",
            data,
            actor=people.system(ACTOR),
            place_id=place,
            channel="case",
            key=f"child:{case_id}:{number}:{place}",
            parent_id=case_id,
        )
    look(case_id)


def look(parent_id: int) -> None:
    """Let every open children item of the case go on whose cases have ended as it needs."""
    from gezhi.engines.workflows.firing import fire

    with db.write():
        case = Case.objects.select_for_update().filter(pk=parent_id, state=OPEN).first()
        if case is None:
            return
        flow, _hash = definition(case.workflow, case.version)
        for item in WorkItem.objects.filter(case_id=parent_id, state=OPEN, side=False).order_by("number"):
            stage = flow.stages[item.stage]
            if stage.kind == "children" and _over(stage, item):
                fire(
                    parent_id,
                    "gathered",
                    item=item.number,
                    expected_seq=None,
                    actor=people.system(ACTOR),
                    key=f"gathered:{item.number}",
                )


def _over(stage: Stage, item: WorkItem) -> bool:
    born = Case.objects.filter(parent_id=item.case_id, opened_at__gte=item.opened_at, workflow=stage.workflow)
    rows = list(born.values_list("place_id", "state", "outcome"))
    there = {place for place, _state, _outcome in rows}
    known = places.directory()
    if any(place not in there and known.open(place) for place in item.ask["places"]):
        return False  # still being opened: a child that ended early does not speak for the rest
    ended = [outcome for _place, state, outcome in rows if state == CLOSED]
    counted = sum(1 for outcome in ended if not stage.counts or outcome in stage.counts)
    return enough(stage.needs, len(rows), len(ended), counted)


def _words(parent: Case) -> str:
    raw = events.read_private([parent.text_ref]).get(parent.text_ref)
    return str(json.loads(raw)["text"]) if raw else parent.number
