"""What the expressions of a workflow see of a case: the columns a guard may read, and what was kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gezhi.engines.workflows import drawing, rules
from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.engines.workflows.schema import KEPT, READABLE, Stage, Workflow
from gezhi.foundation import expressions
from gezhi.foundation.calendar import is_work_time


def environment(
    flow: Workflow, case: Case, items: Iterable[WorkItem], now: datetime, branch: str = ""
) -> dict[str, Any]:
    """READABLE names and the scalars among the kept values, with their values now (None: not known).

    Numbers kept in branches of their own are read there as that branch's, and outside as their sum.
    """
    return {
        "sort": case.sort or None,
        "category": case.category or None,
        "kind": case.kind or None,
        "urgent": case.urgent,
        "instant": case.instant,
        "solved": case.solved or None,
        "rating": case.rating or None,
        "channel": case.channel,
        "on_behalf": case.on_behalf,
        "returns": case.returns,
        "reworks": case.reworks,
        "reopenings": case.reopenings,
        "draw": rules.draw(case.id, case.cycle),
        "off_hours": not is_work_time(now),
        "parked_times": sum(1 for i in items if i.stage in flow.stages and flow.stages[i.stage].parked),
        "false_closures": case.false_closures,
        "asked": drawing.drawn(case),
        **{
            name: _kept(kind, _found(name, kind, case.kept or {}, branch))
            for name, kind in flow.kept.items()
            if KEPT.get(kind)
        },
    }


def place_of(name: str, branch: str) -> str:
    """Under which name a number is kept: a unit's own branch ("haul:each#2") keeps its own."""
    own = re.match(r".*#\d+", branch)
    return f"{name}@{own.group()}" if own else name


def _found(name: str, kind: str, kept: Mapping[str, Any], branch: str) -> Any:
    own = place_of(name, branch)
    if kind != "number" or own in kept:
        return kept.get(own if kind == "number" else name)
    below = [Decimal(v) for k, v in kept.items() if k.startswith(f"{name}@")] if own == name else []
    return sum(below) if below else kept.get(name)


def _kept(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "date":
        return date.fromisoformat(value)
    return Decimal(value) if kind == "number" else value


def begins(flow: Workflow, *, urgent: bool, now: datetime) -> Stage:
    """Where a matter of which only this is known would begin now: the start, or where its gates lead."""
    known: dict[str, Any] = dict.fromkeys(READABLE) | {"urgent": urgent, "off_hours": not is_work_time(now)}
    stage = flow.stages[flow.start]
    while stage.kind == "gate":
        ways = (b.to for b in stage.branches if b.when is None or _program(b.when).holds(known))
        stage = flow.stages[next(ways, flow.first.id)]
    return stage


def _program(source: str) -> expressions.Program:
    return expressions.compile(source, READABLE)
