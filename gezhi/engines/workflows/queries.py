"""Lists of cases and work: what an actor may see, page by page, in a bounded number of queries.

A page is k indexed scans over the actor's scopes, merged: no scan reads more rows than the page shows.
Cursors are signed, so that a page address cannot be turned into a probe. Counts stop at 1,000.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db import connection
from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import access, origins, rules
from gezhi.engines.workflows.access import Scope
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, WorkItem
from gezhi.engines.workflows.schema import Stage, definition
from gezhi.foundation import events, people, places, text
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, register
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor

register(
    "page.cursor",
    422,
    _("翻页的位置不对。"),
    _("这个翻页地址不完整，或不是这个列表的。"),
    _("请从第一页重新看。"),
)

CAP = 1000
INBOX = 200
CHUNK, ROUNDS = 200, 25  # candidates of a search looked at together, and how often


@dataclass(frozen=True)
class Filters:
    """What narrows a list. `ids`: exactly these cases (a number that was opened)."""

    state: str | None = None
    place: int | None = None
    category: str | None = None
    owner: int | None = None
    overdue: bool = False
    q: str = ""
    kind: str | None = None
    channel: str | None = None
    workflow: str | None = None
    stage: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: tuple[int, ...] | None = None


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


@dataclass(frozen=True)
class Page:
    rows: list[Row]
    next: str | None


@dataclass(frozen=True)
class Count:
    value: int
    capped: bool

    def __str__(self) -> str:
        return f"{self.value}+" if self.capped else str(self.value)


@dataclass
class _Scan:
    """The conditions all scans of a list share, as SQL."""

    where: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, sql: str, *values: Any) -> None:
        self.where.append(sql)
        self.values.extend(values)


def page(actor: Actor, filters: Filters | None = None, *, cursor: str | None = None, size: int = 50) -> Page:
    """Cases the actor may see, newest first (overdue lists: latest promise broken longest first).

    `cursor`: the `next` of the page before. Raises Invalid("page.cursor").
    """
    filters = filters or Filters()
    after = _read_cursor(cursor, filters)
    if filters.ids is not None or filters.q:
        found = _found(actor, filters, after, size + 1)
    else:
        found = _ids(actor, filters, after, size + 1)
    more = len(found) > size
    found = found[:size]
    rows = rows_of([i for i, _key in found])
    return Page(rows, _write_cursor(found[-1], filters) if more else None)


def count(actor: Actor, filters: Filters | None = None, *, cap: int = CAP) -> Count:
    """How many cases the same filters give, counting no further than the cap."""
    filters = filters or Filters()
    if filters.ids is not None or filters.q:
        value = len(_found(actor, filters, None, cap + 1))
    else:
        value = len(_ids(actor, filters, None, cap + 1))
    return Count(min(value, cap), value > cap)


def _scopes(actor: Actor, filters: Filters) -> list[tuple[Scope, Scope | None]]:
    """(scan, extra condition) pairs whose union is visible and inside the wanted place or seat."""
    wanted: Scope | None = None
    if filters.place is not None:
        directory = places.directory()
        info = directory.get(filters.place)
        if info is None:
            return []
        column = {"county": "county_id", "town": "town_id", "village": "village_id"}.get(info.kind)
        if column is None and info.kind in ("province", "city"):
            wanted = None
        else:
            wanted = Scope(column or "grid_id", filters.place)
    pairs: list[tuple[Scope, Scope | None]] = []
    for scope in access.scopes(actor):
        if wanted is None:
            pairs.append((scope, None))
        elif scope.column == "handler_seat":
            pairs.append((scope, wanted))
        else:
            directory = places.directory()
            if directory.is_within(wanted.value, scope.value):
                pairs.append((wanted, None))
            elif directory.is_within(scope.value, wanted.value):
                pairs.append((scope, None))
    return list(dict.fromkeys(pairs))


def _ids(actor: Actor, filters: Filters, after: tuple[int, str] | None, limit: int) -> list[tuple[int, str]]:
    """(id, sort key) of the first `limit` cases after the cursor: one statement of merged scans."""
    shared = _conditions(filters)
    now = clock.now()
    scans: list[str] = []
    values: list[Any] = []
    states = [filters.state] if filters.state else [OPEN, CLOSED]
    if filters.overdue or filters.owner is not None:
        # Only an open case has a date to miss, and a seat that answers for it.
        states = [state for state in states if state == OPEN]
    # Without the date the scan is answered from the index alone.
    columns = "id, late_at" if filters.overdue else "id"
    order = "late_at, id" if filters.overdue else "id DESC"
    for scope, extra in _scopes(actor, filters):
        for state in states:
            # A stage is rarer than a place: the plus keeps both planners from walking the place's whole index.
            plus = "+" if filters.stage and state == OPEN else ""
            where = [f"{plus}{scope.column} = %s", "state = %s", *shared.where]
            here = [scope.value, state, *shared.values]
            if extra is not None:
                where.append(f"{extra.column} = %s")
                here.append(extra.value)
            if filters.overdue:
                where.append("late_at < %s")
                here.append(_at(now))
                if after is not None:
                    where.append("(late_at, id) > (%s, %s)")
                    here += [_at(datetime.fromisoformat(after[1])), after[0]]
            elif after is not None:
                where.append("id < %s")
                here.append(after[0])
            if state == OPEN:
                # The literal lets the planner use the partial indexes.
                where[1] = f"state = '{OPEN}'"
                del here[1]
            scans.append(
                f"SELECT * FROM (SELECT {columns} FROM workflows_case WHERE {' AND '.join(where)} "
                f"ORDER BY {order} LIMIT {int(limit)}) AS scan{len(scans)}"
            )
            values += here
    if not scans:
        return []
    sql = f"SELECT DISTINCT {columns} FROM ({' UNION ALL '.join(scans)}) AS merged ORDER BY {order} LIMIT {int(limit)}"
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [(row[0], _key(row[1]) if filters.overdue else "") for row in cursor.fetchall()]


def _conditions(filters: Filters) -> _Scan:
    scan = _Scan()
    for column in ("category", "kind", "channel", "workflow", "stage"):
        value = getattr(filters, column)
        if value:
            scan.add(f"{column} = %s", value)
    if filters.owner is not None:
        scan.add("owner_seat = %s", filters.owner)
    if filters.since is not None:
        scan.add("id >= %s", rules.first_id(filters.since))
    if filters.until is not None:
        scan.add("id < %s", rules.first_id(filters.until))
    return scan


def _found(actor: Actor, filters: Filters, after: tuple[int, str] | None, limit: int) -> list[tuple[int, str]]:
    """Cases found by words or opened from a number, among those the actor may see, newest first."""
    before = after[0] if after else None
    found: list[int] = []
    if filters.ids is not None:
        candidates: Iterable[list[int]] = [
            sorted((i for i in filters.ids if before is None or i < before), reverse=True)
        ]
    else:
        candidates = _by_words(filters.q, before, actor)
    may_see = access.seeing(actor)
    wanted = _wanted(filters)
    for chunk in candidates:
        # By id alone: with the places in the condition a planner may read all of a county instead.
        rows = Case.objects.filter(pk__in=chunk).values_list("id", *_FOUND_COLUMNS)
        found += sorted((row[0] for row in rows if may_see(facts := _facts(row)) and wanted(facts)), reverse=True)
        if len(found) >= limit:
            break
    return [(i, "") for i in found[:limit]]


_FOUND_COLUMNS = (
    "county_id", "town_id", "village_id", "grid_id", "handler_seat", "owner_seat", "state", "late_at", "category",
    "kind", "channel", "workflow", "stage",
)  # fmt: skip


def _facts(row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(_FOUND_COLUMNS, row[1:], strict=True))


def _wanted(filters: Filters) -> Callable[[dict[str, Any]], bool]:
    """The filters as a test of one row's columns."""
    equal = {c: getattr(filters, c) for c in ("state", "category", "kind", "channel", "workflow", "stage")}
    equal = {column: value for column, value in equal.items() if value}
    if filters.owner is not None:
        equal["owner_seat"] = filters.owner
    if filters.place is not None:
        info = places.directory().get(filters.place)
        kind = info.kind if info else ""
        equal[f"{kind}_id" if kind in ("county", "town", "village") else "grid_id"] = filters.place
    now = clock.now()

    def test(facts: dict[str, Any]) -> bool:
        if filters.overdue and not (facts["state"] == OPEN and facts["late_at"] < now):
            return False
        return all(facts[column] == value for column, value in equal.items())

    return test


def _by_words(q: str, before: int | None, actor: Actor) -> Iterable[list[int]]:
    """Chunks of candidate ids: a code or a case number first, then the words, newest first.

    Whoever sees whole places searches in them, however far back; what their seats handle elsewhere, like all that
    the seats of a department handle, is looked for among the newest ROUNDS * CHUNK candidates.
    """
    inside = [scope.value for scope in access.scopes(actor) if scope.column != "handler_seat"]
    code = rules.tidy_code(q)
    exact = list(Case.objects.filter(code=code).values_list("id", flat=True)) if code else []
    exact += list(Case.objects.filter(number=q.strip()).values_list("id", flat=True))
    if given := origins.candidates(q):  # the number another hotline knows it by
        exact += list(Case.objects.filter(origin__in=given).values_list("id", flat=True))
    exact = [i for i in exact if before is None or i < before]
    if exact:
        yield exact
    elsewhere: list[int] = []
    if inside:
        elsewhere = text.search("case", q, before=before, limit=CHUNK)
    for _round in range(ROUNDS):
        chunk = text.search("case", q, places=inside, before=before, limit=CHUNK)
        if not chunk and not elsewhere:
            return
        # Newest first over both: what lies above this chunk's last id comes with it.
        last = chunk[-1] if len(chunk) == CHUNK else -1
        both = {*chunk, *(i for i in elsewhere if i > last)} - set(exact)
        elsewhere = [i for i in elsewhere if i <= last]
        yield sorted(both, reverse=True)
        if len(chunk) < CHUNK:
            return
        before = last


def rows_of(ids: Sequence[int], *, by_item: dict[int, WorkItem] | None = None) -> list[Row]:
    """The rows of a page in the order of the ids: three queries however many."""
    cases = Case.objects.in_bulk(list(ids))
    ordered = [cases[i] for i in ids if i in cases]
    titles = titles_of(ordered)
    if by_item is None:
        running = WorkItem.objects.filter(
            case_id__in=[c.id for c in ordered if c.state == OPEN], state=OPEN, side=False, branch=""
        )
        by_item = {i.case_id: i for i in running}
    now = clock.now()
    return [_row(case, titles.get(case.text_ref, ""), by_item.get(case.id), now) for case in ordered]


def titles_of(cases: Iterable[Case]) -> dict[int, str]:
    """Titles by text_ref; an erased text says so. One query."""
    raw = events.read_private([c.text_ref for c in cases])
    return {ref: json.loads(value)["title"] if value else str(_("（内容已依法删除）")) for ref, value in raw.items()}


def _row(case: Case, title: str, item: WorkItem | None, now: datetime) -> Row:
    flow, _hash = definition(case.workflow, case.version)
    stage = flow.stages[item.stage if item else case.stage]
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


# --- work -----------------------------------------------------------------------------------------------------


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
    cases = Case.objects.in_bulk([i.case_id for i in items])
    titles = titles_of(cases.values())
    directory = people.directory()
    tasks = []
    for item in items:
        case = cases[item.case_id]
        flow, _hash = definition(case.workflow, case.version)
        stage = flow.stages[item.stage]
        row = replace(
            _row(case, titles.get(case.text_ref, ""), item, now),
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
    midnight = clock.local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    items = list(WorkItem.objects.filter(done_by=actor.person_id, done_at__gte=midnight).order_by("-done_at")[:limit])
    return _tasks(items, actor, now)


def inbox_count(actor: Actor) -> tuple[int, int]:
    """(open, overdue) items of the actor's seats, each counted to 1,000. One query."""
    now = clock.now()
    dues = list(
        WorkItem.objects.filter(state=OPEN, owner_seat__in=list(actor.answering)).values_list("due_at", flat=True)[:CAP]
    )
    return len(dues), sum(d < now for d in dues)


@dataclass(frozen=True)
class Board:
    """The supervision board: overdue, disputed returns, waiting for approval; each list as Rows."""

    overdue: list[Row]
    overdue_count: Count
    disputed: list[Row]
    waiting: list[Task]


def supervision(actor: Actor, *, place: int | None = None, owner: int | None = None, size: int = 30) -> Board:
    """What a supervising seat must look at, inside the actor's scopes."""
    now = clock.now()
    late = Filters(place=place, owner=owner, overdue=True)
    disputed = page(actor, Filters(place=place, owner=owner, state=OPEN, stage="arbitrate"), size=size)
    sides = [
        i
        for i in WorkItem.objects.filter(state=OPEN, side=True, owner_seat__in=list(actor.answering)).order_by(
            "due_at"
        )[:size]
        if actor.person_id not in i.barred
    ]
    return Board(page(actor, late, size=size).rows, count(actor, late), disputed.rows, _tasks(sides, actor, now))


# --- suggestions ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UnitSuggestion:
    """A unit that finished cases of this category here lately. `share` 0..1 of `total`."""

    seat_id: int
    label: str
    handled: int
    total: int

    @property
    def share(self) -> float:
        return self.handled / self.total if self.total else 0.0


def suggest_units(case: Case, category: str, *, days: int = 90, limit: int = 3) -> list[UnitSuggestion]:
    """Who handled this category in this town (else county) within `days`: a suggestion with its evidence."""
    if not category:
        return []
    since = rules.first_id(clock.now() - timedelta(days=days))
    column = "town_id" if case.town_id else "county_id"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT handler_seat, COUNT(*) FROM workflows_case WHERE {column} = %s AND category = %s "
            "AND state = 'closed' AND id >= %s AND handler_seat IS NOT NULL GROUP BY handler_seat ORDER BY 2 DESC",
            [getattr(case, column), category, since],
        )
        found = cursor.fetchall()
    total = sum(n for _s, n in found)
    directory = people.directory()
    return [
        UnitSuggestion(seat, directory.seat(seat).label, n, total)
        for seat, n in found[:limit]
        if directory.seat(seat).closed_at is None
    ]


# --- cursors --------------------------------------------------------------------------------------------------


def _salt(filters: Filters) -> str:
    return "cases:" + ("late" if filters.overdue and not filters.q else "newest")


def _write_cursor(last: tuple[int, str], filters: Filters) -> str:
    return signing.dumps([last[0], last[1]], salt=_salt(filters), compress=True)


def cursor_after(case_id: int, filters: Filters) -> str:
    """The cursor of the page that begins after a case, for lists by newest; a page needs none before it."""
    return _write_cursor((case_id, ""), filters)


def _read_cursor(cursor: str | None, filters: Filters) -> tuple[int, str] | None:
    if not cursor:
        return None
    try:
        id_, key = signing.loads(cursor, salt=_salt(filters))
    except signing.BadSignature:
        raise Invalid("page.cursor") from None
    return int(id_), str(key)


def _at(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment) if connection.vendor == "sqlite" else moment


def _key(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    # SQLite hands the column back as text in UTC.
    return f"{value}+00:00" if value else ""


# --- choices and counts for pages ---------------------------------------------------------------------------------


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


def seat_choices(place_id: int) -> list[tuple[str, list[tuple[int, str]]]]:
    """Seats a matter at this place may be given to: (group title, [(seat id, label)]), nearest first.

    The community and its grid workers, the township's units, the county's departments. No query.
    """
    known, directory = places.directory(), people.directory()
    path = known.path(place_id)
    groups: list[tuple[str, list[tuple[int, str]]]] = []

    def seats_of(place: int | None, posts: Sequence[str]) -> list[tuple[int, str]]:
        if place is None:
            return []
        return [(s.id, s.label) for post in posts for s in directory.seats_at(place, post) if not s.closed]

    near = seats_of(path.village_id, ("village_secretary", "village_mediator"))
    for grid in (path.grid_id, known.parent(path.grid_id) if path.grid_id else None):
        if grid is not None and grid != path.village_id:
            near += seats_of(grid, ("grid_worker", "village_grid_worker", "grid_head"))
    groups.append((str(_("村（社区）")), near))
    groups.append((str(_("乡镇（街道）")), seats_of(path.town_id, ("town_unit", "street_officer"))))
    groups.append((str(_("县直部门")), seats_of(path.county_id, ("department",))))
    return [g for g in groups if g[1]]
