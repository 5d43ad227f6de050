"""Lists of cases: what an actor may see, page by page, in a bounded number of queries.

A page is k indexed scans over the actor's scopes, merged: no scan reads more rows than the page shows. Protected
matters come from scans of their own, which are small, and each is asked about once more (guarding.only_seen).
Cursors are signed, so that a page address cannot be turned into a probe. Counts stop at 1,000.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core import signing
from django.db import connection
from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import access, guarding, rules
from gezhi.engines.workflows.access import Scope
from gezhi.engines.workflows.models import CLOSED, OPEN, Case
from gezhi.engines.workflows.rows import Row, rows_of
from gezhi.foundation import db, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, register
from gezhi.foundation.people import Actor

register(
    "page.cursor",
    422,
    _("翻页的位置不对。"),
    _("这个翻页地址不完整，或不是这个列表的。"),
    _("请从第一页重新看。"),
)

CAP = 1000


@dataclass(frozen=True)
class Filters:
    """What narrows a list. `ids`: exactly these cases (a number that was opened); `kept`: protected ones only; `parked`: 挂账 ones."""

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
    handler: int | None = None
    kept: bool = False
    parked: bool = False


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


After = tuple[int, str]


def page(actor: Actor, filters: Filters | None = None, *, cursor: str | None = None, size: int = 50) -> Page:
    """Cases the actor may see, newest first (overdue lists: latest promise broken longest first).

    `cursor`: the `next` of the page before. Raises Invalid("page.cursor").
    """
    filters = filters or Filters()
    found = _ids(actor, filters, _read_cursor(cursor, filters), size + 1)
    more = len(found) > size
    found = found[:size]
    return Page(rows_of([i for i, _key in found]), _write_cursor(found[-1], filters) if more else None)


def count(actor: Actor, filters: Filters | None = None, *, cap: int = CAP) -> Count:
    """How many cases the same filters give, counting no further than the cap."""
    value = len(_ids(actor, filters or Filters(), None, cap + 1))
    return Count(min(value, cap), value > cap)


def _ids(actor: Actor, filters: Filters, after: After | None, limit: int) -> list[After]:
    """(id, sort key) of the first `limit` cases after the cursor."""
    from gezhi.engines.workflows import searching

    if filters.ids is not None or filters.q:
        return searching.found(actor, filters, after, limit)
    seen: list[After] = []
    while True:
        rows = _merged(actor, filters, after, limit)
        hidden = _hidden([id for id, _key, protected in rows if protected], actor)
        seen += [(id, key) for id, key, _protected in rows if id not in hidden]
        if len(rows) < limit or len(seen) >= limit:
            return seen[:limit]
        after = rows[-1][:2]


def _hidden(ids: list[int], actor: Actor) -> set[int]:
    """Among protected candidates, those the actor does not see. Two queries, none for none."""
    if not ids:
        return set()
    rows = Case.objects.filter(pk__in=ids).values("id", *guarding.COLUMNS)
    return set(ids) - {row["id"] for row in guarding.only_seen(rows, actor)}


def _scopes(actor: Actor, filters: Filters) -> list[tuple[Scope, Scope | None]]:
    """(scan, extra condition) pairs whose union is visible and inside the wanted place or seat."""
    wanted: Scope | None = None
    directory, place = places.directory(), filters.place or 0
    if filters.place is not None:
        info = directory.get(filters.place)
        if info is None:
            return []
        if info.kind not in ("province", "city"):
            column = {"county": "county_id", "town": "town_id", "village": "village_id"}.get(info.kind)
            wanted = Scope(column or "grid_id", filters.place)
    pairs: list[tuple[Scope, Scope | None]] = []
    ordinary: Iterable[Scope] = access.scopes(actor)
    if filters.kept:
        ordinary = [Scope(s.column, s.value, True) for s in ordinary if s.kept is None]
    for scope in (*ordinary, *access.kept_scopes(actor)):
        if wanted is None:
            pairs.append((scope, None))
        elif scope.column in ("handler_seat", "owner_seat"):
            pairs.append((scope, wanted))
        elif isinstance(scope.value, int) and directory.is_within(place, scope.value):
            pairs.append((Scope(wanted.column, place, scope.kept), None))
        elif isinstance(scope.value, int) and directory.is_within(scope.value, place):
            pairs.append((scope, None))
    return list(dict.fromkeys(pairs))


def _merged(actor: Actor, filters: Filters, after: After | None, limit: int) -> list[tuple[int, str, str]]:
    """(id, sort key, protected) of the first `limit` candidates after the cursor: one statement of merged scans."""
    shared = _conditions(filters)
    now = clock.now()
    states = [filters.state] if filters.state else [OPEN, CLOSED]
    if filters.overdue or filters.parked or filters.owner is not None:
        # Only an open case has a date to miss, and a seat that answers for it.
        states = [state for state in states if state == OPEN]
    # Without the date the scan is answered from the index alone.
    columns = "id, late_at, protected" if filters.overdue else "id, protected"
    order = "late_at, id" if filters.overdue else "id DESC"
    # Few are parked: read from their own index and sorted, never looked for along all there are.
    along = "+id DESC" if filters.parked and not filters.overdue else order
    scans: list[str] = []
    values: list[Any] = []
    for scope, extra in _scopes(actor, filters):
        for state in states:
            if scope.column == "owner_seat" and state != OPEN:
                continue
            # A stage (and what is parked) is rarer than a place: the plus keeps both planners from walking the place's whole index.
            plus = "+" if (filters.stage or filters.parked) and state == OPEN else ""
            # The literals let the planner use the partial indexes.
            here: list[Any] = list(scope.value) if isinstance(scope.value, tuple) else [scope.value]
            equals = f"IN ({', '.join(['%s'] * len(here))})" if len(here) > 1 else "= %s"
            where = [f"{plus}{scope.column} {equals}", f"state = '{OPEN if state == OPEN else CLOSED}'", *shared.where]
            here += shared.values
            if scope.kept is not None:
                where.append("protected > ''" if scope.kept else "protected = ''")
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
            scans.append(
                f"SELECT * FROM (SELECT {columns} FROM workflows_case WHERE {' AND '.join(where)} "
                f"ORDER BY {along} LIMIT {int(limit)}) AS scan{len(scans)}"
            )
            values += here
    if not scans:
        return []
    sql = f"SELECT DISTINCT {columns} FROM ({' UNION ALL '.join(scans)}) AS merged ORDER BY {order} LIMIT {int(limit)}"
    # Twelve scans take PostgreSQL longer to plan than to read.
    with db.prepared() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    return [(row[0], _key(row[1]) if filters.overdue else "", row[-1]) for row in rows]


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
    if filters.handler is not None:
        scan.add("handler_seat = %s", filters.handler)
    if filters.parked:
        scan.add("parked_until IS NOT NULL")
    return scan


# --- cursors --------------------------------------------------------------------------------------------------


def _salt(filters: Filters) -> str:
    return "cases:" + ("late" if filters.overdue and not filters.q else "newest")


def _write_cursor(last: After, filters: Filters) -> str:
    return signing.dumps([last[0], last[1]], salt=_salt(filters), compress=True)


def cursor_after(case_id: int, filters: Filters) -> str:
    """The cursor of the page that begins after a case, for lists by newest; a page needs none before it."""
    return _write_cursor((case_id, ""), filters)


def _read_cursor(cursor: str | None, filters: Filters) -> After | None:
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
