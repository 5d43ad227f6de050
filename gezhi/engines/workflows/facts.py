"""What this engine lets measures count: cases and their work items, by logical name."""

from __future__ import annotations

from django.db.models import QuerySet


def _cases() -> QuerySet:
    from gezhi.engines.workflows.models import UNDONE, Case

    # An import that was taken back never was a matter.
    return Case.objects.exclude(outcome=UNDONE)


def _items() -> QuerySet:
    from gezhi.engines.workflows.models import WorkItem

    return WorkItem.objects.filter(side=False)


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
            "category": "category",
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
            "on_the_spot": "instant",
            "urgent": "urgent",
        },
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
    )
