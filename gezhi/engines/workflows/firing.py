"""Act on a case: lock, look, decide, then let stepping change it and writing record it.

Idempotent by key: the same key and body answer as the first time; the same key with another body is refused. The
number of queries is bounded whatever the case's age and however many branches it has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import (
    access,
    apart,
    clocks,
    effects,
    holding,
    merged,
    refusals,
    registering,
    repeating,
    rules,
    writing,
)
from gezhi.engines.workflows.facing import environment
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, WorkItem
from gezhi.engines.workflows.record import case_patch
from gezhi.engines.workflows.schema import Workflow, definition
from gezhi.engines.workflows.stepping import Step
from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor

__all__ = ["fire", "refusals"]


def fire(
    case_id: int,
    action_id: str,
    *,
    item: int | None,
    expected_seq: int | None,
    actor: Actor,
    data: Mapping[str, Any] | None = None,
    key: str | None = None,
    claimed_at: datetime | None = None,
) -> Case:
    """Do one drawn action on a case. `item` is the number of the work item the actor saw.

    `expected_seq` is the event number the actor saw: when the item has moved since, Conflict("case.stale")
    says who did what. Raises NotFound, NotAllowed (with the seat that owns the step), Invalid (fields),
    Conflict. The same key again returns the case and changes nothing.
    """
    data = dict(data or {})
    key_hash = rules.fingerprint("act", case_id, actor.kind, actor.person_id or actor.name, key) if key else None
    body = rules.fingerprint("body", action_id, item, json.dumps(data, sort_keys=True, default=str))
    return repeating.once(
        case_id,
        key_hash,
        body,
        lambda: _fire(case_id, action_id, item, expected_seq, actor, data, key_hash, body, claimed_at),
    )


def _fire(
    case_id: int,
    action_id: str,
    item_number: int | None,
    expected_seq: int | None,
    actor: Actor,
    data: dict[str, Any],
    key_hash: bytes | None,
    body: bytes,
    claimed_at: datetime | None,
) -> Case:
    now = clock.now()
    case, items = access.case_to_change(case_id)
    if case.protected and actor.kind == "staff" and not access.sees_at_all(case, items, actor):
        raise NotFound("case.not_found")  # a page that was open when it was kept apart: not even that it has moved
    # Before any judgement: a repeated call must answer as the first did, however the case has moved on.
    repeating.note(case, key_hash, body)
    flow, _hash = definition(case.workflow, case.version)
    item = _item(flow, case, items, item_number, expected_seq, action_id, actor, now)
    stage = flow.stages[item.stage if item else case.stage]
    action = merged.drawn(flow, case, stage.id).get(action_id)
    if action is None:
        if not access.sees(case, actor):
            raise NotFound("case.not_found")
        raise Invalid("case.no_action", action=action_id)
    refusal = access.why_not(action, case=case, item=item, items=items, actor=actor, now=now)
    if refusal is None and (early := merged.refusal(case, action, actor)) is not None:
        raise early
    if refusal is not None:
        if not access.sees(case, actor) and refusal.code == "not_allowed":
            raise NotFound("case.not_found")
        raise refusal
    known = environment(flow, case, items, now, item.branch if item else "")
    if action.reads:
        data = data | registering.read(action, data, case)
    values, errors = action.form.clean(data, context=known)
    errors.update(effects.field_problems(action, values, case, flow) | registering.problems(action, values, case))
    if action.must and not errors:
        errors.update(effects.unmet(action, flow, known, values))
    if errors:
        raise Invalid(field_errors=errors)
    clocks.in_time(action, case, item, now)
    before = case_patch(case)
    step = Step(flow, action, case, item, items, actor, values, now)
    step.run()
    registering.book(step)
    holding.follow(step)
    writing.write(step, before, claimed_at)
    if step.against or before["protected"] != case.protected:
        apart.along(case, actor)
    return case


def _item(
    flow: Workflow,
    case: Case,
    items: list[WorkItem],
    number: int | None,
    expected_seq: int | None,
    action_id: str,
    actor: Actor,
    now: datetime,
) -> WorkItem | None:
    """The item meant; a number that is no longer open is a stale click."""
    if case.state == CLOSED:
        if number is not None and not any(i.number == number for i in items):
            raise Invalid("case.no_action", action=str(number))
        if number is not None and expected_seq is not None and expected_seq != case.event_seq:
            raise _stale(case, items)
        return None
    open_items = {i.number: i for i in items if i.state == OPEN}
    if number is None:
        return _only_one(flow, case, items, action_id, actor, now)
    if number not in open_items:
        raise _stale(case, items)
    return open_items[number]


def _only_one(
    flow: Workflow, case: Case, items: list[WorkItem], action_id: str, actor: Actor, now: datetime
) -> WorkItem:
    """No number was given: the trunk's item when it is a task, else the one that the actor can mean."""
    running = [i for i in items if i.state == OPEN and not i.side]
    trunk = next(i for i in running if i.branch == "")
    if flow.stages[trunk.stage].kind in ("task", "panel"):
        return trunk
    drawn = [(i, a) for i in running if (a := flow.actions_at(i.stage).get(action_id)) is not None]
    mine = [i for i, a in drawn if access.why_not(a, case=case, item=i, items=items, actor=actor, now=now) is None]
    if trunk in mine or not drawn:
        return trunk
    if len(mine) > 1:
        raise Invalid("case.which_item", action=action_id)
    return mine[0] if mine else drawn[0][0]


def _stale(case: Case, items: list[WorkItem]) -> Conflict:
    last = max((i for i in items if i.done_at), key=lambda i: (i.done_at, i.number), default=None)
    flow, _hash = definition(case.workflow, case.version)
    who, did = str(_("别人")), str(_("改动"))
    if last is not None:
        if last.done_by is not None:
            who = people.directory().person(last.done_by).name_public
        action = flow.actions_at(last.stage).get(last.action) if last.stage in flow.stages else None
        if action is not None:
            did = localised(action.title)
    return Conflict("case.stale", who=who, what_happened=did)
