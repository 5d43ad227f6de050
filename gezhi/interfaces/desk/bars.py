"""The clock bar of a case: each main item of the present round is a piece, named by its seat."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.interfaces.site.clockbar import Bar, Segment

from .names import seat_name


def bar(case: Case, items: Iterable[WorkItem], now: datetime) -> Bar:
    """The 时条 from the start of the round to the promise; past it, what is late."""
    mine = sorted((i for i in items if not i.side and i.cycle == case.cycle), key=lambda i: i.number)
    start = mine[0].opened_at if mine else case.opened_at
    running = next((i for i in mine if i.state == OPEN), None)
    due = case.due_at
    if running is not None and case.handled_at is not None:
        due = running.due_at
    segments = [Segment(seat_name(i.owner_seat), i.opened_at, i.done_at) for i in mine]
    return Bar(
        start, max(due, start), now, segments, warn=running.warn_at if running else None, done_at=case.closed_at
    )


def bars(cases: Iterable[Case], now: datetime) -> dict[int, Bar]:
    """The bars of a list of cases, one query."""
    known = {case.id: case for case in cases}
    items: dict[int, list[WorkItem]] = {id: [] for id in known}
    for item in WorkItem.objects.filter(case_id__in=list(known), side=False).order_by("number"):
        items[item.case_id].append(item)
    return {id: bar(case, items[id], now) for id, case in known.items()}
