"""回访: the list of those to be asked today. A report that was handled with another one is asked apart.

docs/rules/follow-up.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from gezhi.engines.workflows import access, effects
from gezhi.engines.workflows.drawing import drawn, plan
from gezhi.engines.workflows.models import CLOSED, Case, WorkItem
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import packs
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor

SHOWN = 200


@dataclass(frozen=True)
class Asked:
    """One person to be asked. `item`: of the step that waits for it, None for a merged report; `main` its main case."""

    case: Case
    item: int | None
    main: Case | None
    tries: int
    tried_now: bool  # this half-day counts already


def to_ask(actor: Actor) -> list[Asked]:
    """Whom this person asks: steps of their seats that wait for it, then merged reports of their places; oldest due first.

    Whoever did the work is left out. Three queries, and one more for protected ones.
    """
    now = clock.now()
    half = effects.half_day(now)
    items = WorkItem.objects.filter(state="open", side=False, owner_seat__in=list(actor.answering)).order_by("due_at")
    waiting = [i for i in items.filter(stage__in=_stages()) if actor.person_id not in i.barred][:SHOWN]
    cases = Case.objects.in_bulk([i.case_id for i in waiting])
    found = [_asked(cases[i.case_id], i.number, None, half) for i in waiting if access.sees(cases[i.case_id], actor)]
    return found + [_asked(case, None, main, half) for case, main in _reports(actor)]


def _reports(actor: Actor) -> list[tuple[Case, Case]]:
    within = Q(pk__in=[])
    for kind, place in actor.places("case.raise_for"):
        within |= Q(**{f"{'grid' if kind.startswith('grid') else kind}_id": place})
    since = clock.now() - timedelta(days=plan().days)
    handled = Case.objects.filter(pk=OuterRef("merged_into"), protected="").filter(
        Q(phase="your_word") | Q(state=CLOSED, closed_at__gte=since)
    )
    rows = Case.objects.filter(
        within, Exists(handled), merged_into__isnull=False, followed_at__isnull=True, protected=""
    )
    cases = [case for case in rows.order_by("id")[:SHOWN] if drawn(case)]
    mains = Case.objects.in_bulk({case.merged_into for case in cases if case.merged_into is not None})
    did = set(WorkItem.objects.filter(case_id__in=list(mains), done_by=actor.person_id).values_list("case_id", "stage"))
    own = {case_id for case_id, stage in did if _worked(mains[case_id], stage)}
    return [(case, mains[case.merged_into or 0]) for case in cases if case.merged_into not in own]


def _worked(case: Case, stage: str) -> bool:
    found = definition(case.workflow, case.version)[0].stages.get(stage)
    return found is not None and found.phase == "working"


def _asked(case: Case, item: int | None, main: Case | None, half: str) -> Asked:
    tried = case.attempts or []
    return Asked(case, item, main, len(tried), any(one["half"] == half for one in tried))


def _stages() -> list[str]:
    """Steps of the newest workflows at which somebody is asked: those where nobody may have answered."""
    flows = [definition(e.name, e.version)[0] for e in packs.registry().running("workflow")]
    return sorted({s.id for flow in flows for s in flow.stages.values() if _asks(s.actions)})


def _asks(actions: Mapping[str, Any]) -> bool:
    return any(action.effect == "attempt" for action in actions.values())
