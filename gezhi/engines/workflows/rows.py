"""A case as a line of a list: its words, whose clock runs and how it stands, in a bounded number of queries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import rules
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, WorkItem
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import events, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.packs.reading import localised


@dataclass(frozen=True)
class Row:
    """A case in a list: the row, its words, whose clock runs and how it stands."""

    case: Case
    title: str
    item: WorkItem | None
    stage_title: str
    seat_label: str
    person: str
    place_label: str
    clock: str  # running | soon | overdue | done | ...
    due_at: datetime

    @property
    def id(self) -> int:
        return self.case.id


def rows_of(ids: Sequence[int], *, by_item: dict[int, WorkItem] | None = None) -> list[Row]:
    """The rows of a page in the order of the ids: three queries however many. The caller asked who may see them."""
    cases = Case.objects.in_bulk(list(ids))
    ordered = [cases[i] for i in ids if i in cases]
    titles = titles_of(ordered)
    if by_item is None:
        running = WorkItem.objects.filter(
            case_id__in=[c.id for c in ordered if c.state == OPEN], state=OPEN, side=False, branch=""
        )
        by_item = {i.case_id: i for i in running}
    now = clock.now()
    return [row_of(case, titles.get(case.text_ref, ""), by_item.get(case.id), now) for case in ordered]


def titles_of(cases: Iterable[Case]) -> dict[int, str]:
    """Titles by text_ref; an erased text says so, and a list never says the words of a protected matter. One query."""
    given = list(cases)
    kept = {c.text_ref: str(_("保密事项")) for c in given if c.protected}
    return own_titles(c for c in given if not c.protected) | kept


def own_titles(cases: Iterable[Case]) -> dict[int, str]:
    """Titles as they were written, also of protected matters: for whom guarding.sees_original. One query."""
    raw = events.read_private([c.text_ref for c in cases])
    return {ref: json.loads(value)["title"] if value else str(_("（内容已依法删除）")) for ref, value in raw.items()}


def row_of(case: Case, title: str, item: WorkItem | None, now: datetime) -> Row:
    """One line; no query."""
    flow, _hash = definition(case.workflow, case.version)
    stage = flow.stages.get(item.stage if item else case.stage) or flow.stages[case.stage]
    directory = people.directory()
    seat = item.owner_seat if item else None
    return Row(
        case=case,
        title=title,
        item=item,
        stage_title=localised(stage.title),
        seat_label=seat_label(seat, item.barred if item else (), now),
        person=directory.person(item.person_id).name_public if item and item.person_id else "",
        place_label=places.directory().label(case.place_id),
        clock=state_of(case, item, now),
        due_at=(item.due_at if item and (item.side or case.handled_at) else case.late_at) or case.due_at,
    )


def seat_label(seat_id: int | None, barred: Iterable[int], now: datetime) -> str:
    """Who has it now, in words: the seat that answers (a vacant one has fallen to its ancestor)."""
    if seat_id is None:
        return ""
    directory = people.directory()
    return directory.seat(directory.effective(seat_id, now, unlike=frozenset(barred)).seat_id).label


def state_of(case: Case, item: WorkItem | None, now: datetime) -> str:
    """The hue of a case's clock."""
    if case.state == CLOSED:
        return "done"
    assert case.late_at is not None
    due = item.due_at if item is not None and item.side else case.late_at
    parked = case.parked_until is not None and not (item is not None and item.side)
    return rules.clock_state(state=OPEN, due_at=due, warn_at=item.warn_at if item else None, now=now, parked=parked)
