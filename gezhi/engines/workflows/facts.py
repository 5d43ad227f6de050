"""What this engine lets measures count: cases and their work items, by logical name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db.models import Case as Case_
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When

from gezhi.foundation.measures import Past


def _cases() -> QuerySet:
    from gezhi.engines.workflows.access import ORDINARY
    from gezhi.engines.workflows.models import MERGED, UNDONE, Case
    from gezhi.foundation import measures

    # An import that was taken back never was a matter; protected ones are counted apart, on the desk that receives
    # them, so that a figure is the same for every reader (docs/adr).
    # A report is merged before its main case is given a category: those without one of their own have a line of their own.
    told = Case_(When(outcome=MERGED, category="", then=Value(measures.MERGED)), default=F("category"))
    return Case.objects.filter(ORDINARY).exclude(outcome=UNDONE).alias(category_told=told)


def _items() -> QuerySet:
    from gezhi.engines.workflows.models import WorkItem

    return WorkItem.objects.filter(side=False, case__protected="")


_PLACED = {
    "county": "county_id", "town": "town_id", "village": "village_id", "grid": "grid_id", "owner": "owner_seat",
    "unit": "handler_seat",
}  # fmt: skip


def _as_of(rows: Callable[[], QuerySet], at: datetime, case: str, levels: tuple[str, ...]) -> Past | None:
    """Where the cases of these rows were counted at an instant; None when none has changed places since.

    `case` is the way from a row to its case ("" for the case itself). docs/adr/0121
    """
    from gezhi.engines.workflows.models import Placing
    from gezhi.engines.workflows.replacing import PLACED
    from gezhi.foundation import db

    if db.revisions.current().get(PLACED, 0) <= at.timestamp() * 1_000_000:
        return None
    # The first placing that ended after the instant is the one that held then.
    key = "case_id" if case else "pk"
    then = Placing.objects.filter(case_id=OuterRef(key), until__gt=at).order_by("number")
    columns = {name: f"then_{name}" for name in levels}

    def placed() -> QuerySet:
        # A case that was placed elsewhere has a row; its empty grid then must not be filled with today's.
        there = {"placed_then": Exists(then)}
        found = {
            f"then_{name}": Case_(
                When(placed_then=True, then=Subquery(then.values(_PLACED[name])[:1])),
                default=F(f"{case}{_PLACED[name]}"),
            )
            for name in levels
        }
        return rows().alias(**there).alias(**found)

    def near(level: str, ids: Sequence[int]) -> Q:
        moved = Placing.objects.filter(until__gt=at, **{f"{_PLACED[level]}__in": ids}).values("case_id")
        return Q(**{f"{case}{_PLACED[level]}__in": ids}) | Q(**{f"{key}__in": moved})

    return Past(placed, columns, near)


def register() -> None:
    """Declare the facts; called once when Django starts."""
    from gezhi.foundation import measures

    measures.facts(
        "cases",
        _cases,
        {
            "id": "id",
            "opened": "opened_at",
            "until": "figures_until",
            "closed": "closed_at",
            "due": "due_at",
            "outcome": "outcome",
            "handled": "handled_at",
            "accepted": "accepted_at",
            "responded": "first_response_at",
            "verified": "verified_at",
            "response_due": "respond_by",
            "close_due": "close_by",
            "followed": "followed_at",
            "county": "county_id",
            "town": "town_id",
            "village": "village_id",
            "grid": "grid_id",
            "category": "category_told",
            "kind": "kind",
            "channel": "channel",
            "sort": "sort",
            "owner": "owner_seat",
            "unit": "handler_seat",
            "workflow": "workflow",
            "stage": "stage",
            "state": "state",
            "solved": "solved",
            "rating": "rating",
            "returns": "returns",
            "reworks": "reworks",
            "extensions": "extensions",
            "reopenings": "reopenings",
            "false_closures": "false_closures",
            "on_the_spot": "instant",
            "urgent": "urgent",
            # A blind index: who it is cannot be read from it; it tells only one person from another.
            "person": "contact_hash",
        },
        as_of=lambda at: _as_of(_cases, at, "", tuple(_PLACED)),
    )
    measures.facts(
        "items",
        _items,
        {
            "opened": "opened_at",
            "done": "done_at",
            "due": "due_at",
            "stage": "stage",
            "owner": "owner_seat",
            "county": "case__county_id",
            "town": "case__town_id",
            "village": "case__village_id",
            "grid": "case__grid_id",
            "category": "case__category",
            "workflow": "case__workflow",
            "breached": "breached_at",
            "state": "state",
        },
        as_of=lambda at: _as_of(_items, at, "case__", ("county", "town", "village", "grid")),
    )
