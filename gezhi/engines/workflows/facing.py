"""What the expressions of a workflow see of a case: the columns a guard may read, and what was kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gezhi.engines.workflows import rules
from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.engines.workflows.schema import KEPT, Workflow
from gezhi.foundation.calendar import is_work_time


def environment(flow: Workflow, case: Case, items: Iterable[WorkItem], now: datetime) -> dict[str, Any]:
    """READABLE names and the scalars among the kept values, with their values now (None: not known)."""
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
        **{name: _kept(kind, (case.kept or {}).get(name)) for name, kind in flow.kept.items() if KEPT.get(kind)},
    }


def _kept(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "date":
        return date.fromisoformat(value)
    return Decimal(value) if kind == "number" else value
