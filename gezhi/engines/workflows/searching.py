"""Cases found by words, by a number or code, or behind a figure: among those the actor may see, newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gezhi.engines.workflows import access, guarding, origins, rules
from gezhi.engines.workflows.listing import After, Filters
from gezhi.engines.workflows.models import OPEN, Case
from gezhi.foundation import places, text
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor

CHUNK, ROUNDS = 200, 25  # candidates of a search looked at together, and how often

_COLUMNS = (
    "id",
    *guarding.COLUMNS,
    "state",
    "late_at",
    "category",
    "kind",
    "channel",
    "workflow",
    "stage",
    "parked_until",
)


def found(actor: Actor, filters: Filters, after: After | None, limit: int) -> list[After]:
    """(id, "") of the first `limit` cases after the cursor."""
    before = after[0] if after else None
    seen: list[int] = []
    if filters.ids is not None:
        candidates: Iterable[list[int]] = [
            sorted((i for i in filters.ids if before is None or i < before), reverse=True)
        ]
    else:
        candidates = _by_words(filters.q, before, actor)
    wanted = _wanted(filters)
    for chunk in candidates:
        # By id alone: with the places in the condition a planner may read all of a county instead.
        rows = [row for row in Case.objects.filter(pk__in=chunk).values(*_COLUMNS) if wanted(row)]
        seen += sorted((row["id"] for row in access.only_seen(rows, actor)), reverse=True)
        if len(seen) >= limit:
            break
    return [(i, "") for i in seen[:limit]]


def _wanted(filters: Filters) -> Callable[[dict[str, Any]], bool]:
    """The filters as a test of one row's columns."""
    equal = {c: getattr(filters, c) for c in ("state", "category", "kind", "channel", "workflow", "stage")}
    equal = {column: value for column, value in equal.items() if value}
    if filters.owner is not None:
        equal["owner_seat"] = filters.owner
    if filters.handler is not None:
        equal["handler_seat"] = filters.handler
    if filters.place is not None:
        info = places.directory().get(filters.place)
        kind = info.kind if info else ""
        equal[f"{kind}_id" if kind in ("county", "town", "village") else "grid_id"] = filters.place
    now = clock.now()

    def test(facts: dict[str, Any]) -> bool:
        if filters.overdue and not (facts["state"] == OPEN and facts["late_at"] < now):
            return False
        if filters.kept and not facts["protected"]:
            return False
        if filters.parked and facts["parked_until"] is None:
            return False
        return all(facts[column] == value for column, value in equal.items())

    return test


def _by_words(q: str, before: int | None, actor: Actor) -> Iterable[list[int]]:
    """Chunks of candidate ids: a code or a case number first, then the words, newest first.

    Whoever sees whole places searches in them, however far back; what their seats handle elsewhere, like all that
    the seats of a department handle, is looked for among the newest ROUNDS * CHUNK candidates.
    """
    inside = [
        scope.value for scope in access.scopes(actor) if isinstance(scope.value, int) and scope.column != "handler_seat"
    ]
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
