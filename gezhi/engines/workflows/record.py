"""What an event says about a case and its items: after-values, no personal text."""

from __future__ import annotations

from typing import Any

from gezhi.engines.workflows.models import Case, Placing, WorkItem

# Every column of the state except the keys of idempotency, the blind index and the stream's own head.
CASE_FIELDS = [
    "number",
    "code",
    "workflow",
    "version",
    "body_hash",
    "state",
    "outcome",
    "stage",
    "phase",
    "cycle",
    "channel",
    "origin",
    "category",
    "kind",
    "sort",
    "urgent",
    "instant",
    "on_behalf",
    "public_ok",
    "protected",
    "county_id",
    "town_id",
    "village_id",
    "grid_id",
    "place_id",
    "lon",
    "lat",
    "owner_seat",
    "handler_seat",
    "reporter_id",
    "supervised_by",
    "supervised_at",
    "opened_at",
    "due_at",
    "late_at",
    "respond_by",
    "close_by",
    "accepted_at",
    "first_response_at",
    "handled_at",
    "verified_at",
    "followed_at",
    "closed_at",
    "solved",
    "rating",
    "returns",
    "resorts",
    "reworks",
    "extensions",
    "reopenings",
    "counters",
    "promised",
    "false_closures",
    "kept",
    "parked_until",
    "parent_id",
    "merged_into",
    "attempts",
]
ITEM_FIELDS = [
    "cycle",
    "stage",
    "side",
    "branch",
    "fork",
    "state",
    "owner_seat",
    "person_id",
    "barred",
    "opened_at",
    "due_at",
    "warn_at",
    "next_at",
    "warned_at",
    "breached_at",
    "rung",
    "done_at",
    "done_by",
    "action",
    "ask",
]
PLACING_FIELDS = [
    "until", "county_id", "town_id", "village_id", "grid_id", "place_id", "owner_seat", "handler_seat",
]  # fmt: skip


def placing_patch(placing: Placing) -> dict[str, Any]:
    """All columns of where a case was; stands in the patch as one value under `placing:<number>`."""
    return {name: getattr(placing, name) for name in PLACING_FIELDS}


AGAINST_FIELDS = ["source", "person_id", "seat_id", "organisation_id", "place_id", "withdrawn"]


def case_patch(case: Case) -> dict[str, Any]:
    """All state columns of the case by name; the caller keeps those that changed."""
    return _copied(case.__dict__, CASE_FIELDS)


def item_patch(item: WorkItem) -> dict[str, Any]:
    """All columns of the item; stands in the patch as one value under `item:<number>`."""
    return _copied(item.__dict__, ITEM_FIELDS)


def _copied(state: dict[str, Any], names: list[str]) -> dict[str, Any]:
    # What a step changes in place (a list, a dict) is not what was before.
    return {
        name: value.copy() if (kind := type(value := state[name])) is dict or kind is list else value for name in names
    }
