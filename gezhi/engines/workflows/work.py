"""Open work on somebody's list: the inbox, what was done today, the supervision board and the menu's counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from gezhi.engines.workflows import guarding, rules
from gezhi.engines.workflows.listing import CAP, Count, Filters, count, page
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.rows import Row, row_of, titles_of
from gezhi.engines.workflows.schema import Stage, definition
from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor

INBOX = 200


@dataclass(frozen=True)
class Task:
    """An open work item on somebody's list."""

    row: Row
    item: WorkItem
    stage: Stage
    stage_title: str
    main_action: str | None  # id of the main action the owner has here
    main_title: str
    mine: bool  # taken by the actor
    taken_by: str

    @property
    def case(self) -> Case:
        return self.row.case


def inbox(actor: Actor, *, stages: Iterable[str] | None = None, limit: int = INBOX) -> list[Task]:
    """Open work of the seats the actor answers for, and what was taken personally; overdue first.

    Yesterday's unfinished are in today's list, because the list is the open items and nothing else.
    Items the actor may not act on (their own doing) are left out. Four queries.
    """
    now = clock.now()
    wanted = WorkItem.objects.filter(state=OPEN, owner_seat__in=list(actor.answering))
    if stages is not None:
        wanted = wanted.filter(stage__in=list(stages))
    items = [i for i in wanted.order_by("due_at", "id")[: limit + 50] if actor.person_id not in i.barred][:limit]
    return _tasks(items, actor, now)


def _tasks(items: list[WorkItem], actor: Actor, now: datetime) -> list[Task]:
    # What became protected against somebody since it was theirs is gone from their lists.
    cases = {c.id: c for c in guarding.only_cases(Case.objects.in_bulk([i.case_id for i in items]).values(), actor)}
    titles = titles_of(cases.values())
    directory = people.directory()
    tasks = []
    for item in items:
        case = cases.get(item.case_id)
        if case is None:
            continue
        flow, _hash = definition(case.workflow, case.version)
        # A step done before the case was kept apart is drawn by another process.
        stage = flow.stages.get(item.stage) or flow.stages[case.stage]
        row = replace(
            row_of(case, titles.get(case.text_ref, ""), item, now),
            clock=rules.clock_state(state=OPEN, due_at=item.due_at, warn_at=item.warn_at, now=now),
            due_at=item.due_at,
        )
        main = next((a for a in stage.actions.values() if a.main and "owner" in a.by), None)
        tasks.append(
            Task(
                row=row,
                item=item,
                stage=stage,
                stage_title=localised(stage.title),
                main_action=main.id if main else None,
                main_title=localised(main.title) if main else "",
                mine=item.person_id is not None and item.person_id == actor.person_id,
                taken_by=directory.person(item.person_id).name_public if item.person_id else "",
            )
        )
    return tasks


def done_today(actor: Actor, *, limit: int = 50) -> list[Task]:
    """What the actor finished since midnight, newest first: the quiet pile at the bottom of the day."""
    if actor.person_id is None:
        return []
    now = clock.now()
    midnight = clock.midnight(clock.local(now).date())
    items = list(WorkItem.objects.filter(done_by=actor.person_id, done_at__gte=midnight).order_by("-done_at")[:limit])
    return _tasks(items, actor, now)


def inbox_count(actor: Actor) -> tuple[int, int]:
    """(open, overdue) items of the actor's seats, each counted to 1,000. One query."""
    now = clock.now()
    open_items = WorkItem.objects.filter(state=OPEN, owner_seat__in=list(actor.answering))
    # As in the list itself: what the person may not act on, and may not even know of, is not counted.
    dues = [due for due, barred in open_items.values_list("due_at", "barred")[:CAP] if actor.person_id not in barred]
    return len(dues), sum(d < now for d in dues)


@dataclass(frozen=True)
class Board:
    """The supervision board: overdue, disputed returns, parked, waiting for approval; each list as Rows."""

    overdue: list[Row]
    overdue_count: Count
    disputed: list[Row]
    parked: list[Row]
    waiting: list[Task]


def supervision(actor: Actor, *, place: int | None = None, owner: int | None = None, size: int = 30) -> Board:
    """What a supervising seat must look at, inside the actor's scopes."""
    now = clock.now()
    late = Filters(place=place, owner=owner, overdue=True)
    disputed = page(actor, Filters(place=place, owner=owner, state=OPEN, stage="arbitrate"), size=size)
    parked = page(actor, Filters(place=place, owner=owner, parked=True), size=size)
    sides = [
        i
        for i in WorkItem.objects.filter(state=OPEN, side=True, owner_seat__in=list(actor.answering)).order_by(
            "due_at"
        )[:size]
        if actor.person_id not in i.barred
    ]
    waiting = _tasks(sides, actor, now)
    return Board(page(actor, late, size=size).rows, count(actor, late), disputed.rows, parked.rows, waiting)


@dataclass(frozen=True)
class Counts:
    """What a staff menu shows beside its entries; the words stop at 1000+."""

    inbox: int
    inbox_late: int
    overdue: Count
    open: Count


def counts(actor: Actor) -> Counts:
    """The menu's figures for one member of staff. Three queries."""
    waiting, late = inbox_count(actor)
    return Counts(waiting, late, count(actor, Filters(overdue=True)), count(actor, Filters(state=OPEN)))
