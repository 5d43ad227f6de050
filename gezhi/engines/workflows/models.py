"""Tables of the workflow engine: one wide current-state row per case, one row per work item.

The case row is the authority for locking; its `event_seq` and `event_hash` are the head of the
stream `case:<id>`. Ids are time-ordered (rules.new_id), so newest-first is the primary key's order
and a list needs one index per scope, never a sort. Ids of other rooms are plain numbers: the rooms
keep their rows for ever, and a foreign key would add an index per column.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Greatest

from gezhi.engines.workflows.panel_models import Ballot, Panel, Voice

__all__ = [
    "ActionKey", "Ballot", "Case", "CaseNumber", "Panel", "Placing", "ProtectedAgainst", "Sketch", "Voice", "WorkItem",
]  # fmt: skip

OPEN, CLOSED = "open", "closed"
UNDONE = "undone"  # outcome of a case whose import was taken back
MERGED = "merged"  # outcome of a case that is handled with another one
FAR = datetime(9999, 1, 1, tzinfo=UTC)
# Every instant a figure looks at; `opened_at` is never after `due_at`.
_COUNTED = ("respond_by", "close_by", "accepted_at", "first_response_at", "handled_at", "verified_at", "followed_at")


class Case(models.Model):
    """A matter and where it stands now."""

    id = models.BigIntegerField(primary_key=True)
    number = models.CharField(max_length=16, unique=True)
    code = models.CharField(max_length=12, unique=True)
    open_key = models.BinaryField(max_length=32, null=True, unique=True)
    open_body = models.BinaryField(max_length=32, null=True)

    workflow = models.CharField(max_length=40)
    version = models.IntegerField()
    body_hash = models.CharField(max_length=64)

    state = models.CharField(max_length=8, default=OPEN)
    outcome = models.CharField(max_length=16, blank=True, default="")
    stage = models.CharField(max_length=40)
    phase = models.CharField(max_length=12)
    cycle = models.SmallIntegerField(default=1)

    channel = models.CharField(max_length=16)
    # The number a sender knows it by, with the sender's code in front: "12345:20261118000123"; null for all others,
    # which keeps its indexes small and usable.
    origin = models.CharField(max_length=80, null=True)
    category = models.CharField(max_length=40, blank=True, default="")
    kind = models.CharField(max_length=16, blank=True, default="")
    sort = models.CharField(max_length=8, blank=True, default="")
    urgent = models.BooleanField(default=False)
    instant = models.BooleanField(default=False)
    on_behalf = models.BooleanField(default=False)
    public_ok = models.BooleanField(default=False)
    # "" is an ordinary matter; report, petition, legal, named: only guarding says who sees it (docs/rules/protected.md)
    protected = models.CharField(max_length=12, blank=True, default="")

    county_id = models.BigIntegerField()
    town_id = models.BigIntegerField(null=True)
    village_id = models.BigIntegerField(null=True)
    grid_id = models.BigIntegerField(null=True)
    place_id = models.BigIntegerField()
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)

    owner_seat = models.BigIntegerField(null=True)
    handler_seat = models.BigIntegerField(null=True)
    reporter_id = models.BigIntegerField(null=True)
    supervised_by = models.BigIntegerField(null=True)
    supervised_at = models.DateTimeField(null=True)

    text_ref = models.BigIntegerField()
    contact_ref = models.BigIntegerField(null=True)
    contact_hash = models.BinaryField(max_length=16, null=True)

    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    late_at = models.DateTimeField(null=True)
    respond_by = models.DateTimeField(null=True)
    close_by = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    first_response_at = models.DateTimeField(null=True)
    handled_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    followed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    solved = models.CharField(max_length=12, blank=True, default="")
    rating = models.CharField(max_length=8, blank=True, default="")

    returns = models.SmallIntegerField(default=0)
    resorts = models.SmallIntegerField(default=0)
    reworks = models.SmallIntegerField(default=0)
    extensions = models.SmallIntegerField(default=0)
    reopenings = models.SmallIntegerField(default=0)
    counters = models.JSONField(default=dict)
    # Follow-ups that found a case closed as done which was not.
    false_closures = models.SmallIntegerField(default=0)
    # Values that a step kept for a later one, by the names the workflow declares; None = none yet.
    kept = models.JSONField(null=True)
    # While the matter is parked (挂账): the next date the resident was told.
    parked_until = models.DateTimeField(null=True)
    # The case that a children stage opened this one for; the case this one was merged into.
    parent_id = models.BigIntegerField(null=True)
    merged_into = models.BigIntegerField(null=True)
    # Tries to reach the resident in the present round, at most one a half-day: [{"half": "2026-11-18am", "at", "way", "by"}].
    attempts = models.JSONField(null=True)
    # What `due_at` was counted from: {"limits": [...], "more": [...]}; clocks.promised does it again.
    promised = models.JSONField(default=dict)

    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    # No figure of a period that begins later can count this case: a bulletin reads weeks, not the whole table.
    figures_until = models.GeneratedField(
        expression=Greatest(
            Coalesce("closed_at", Value(FAR, output_field=models.DateTimeField())),
            "due_at",
            *(Coalesce(name, "due_at") for name in _COUNTED),
        ),
        output_field=models.DateTimeField(),
        db_persist=True,
    )

    class Meta:
        indexes = [
            # "k indexed scans over the actor's places, merged": a scope, a state, newest first.
            models.Index(fields=["county_id", "state", "-id", "protected"], name="case_county_sight"),
            models.Index(fields=["town_id", "state", "-id", "protected"], name="case_town_sight"),
            models.Index(fields=["village_id", "state", "-id", "protected"], name="case_village_sight"),
            models.Index(fields=["grid_id", "state", "-id", "protected"], name="case_grid_sight"),
            # A unit's cases, also those of one place: the tail lets the scan look without fetching rows.
            models.Index(
                fields=["handler_seat", "state", "-id", "town_id", "village_id", "protected"],
                name="case_handler_sight",
                condition=Q(handler_seat__isnull=False),
            ),
            models.Index(
                fields=["handler_seat", "category", "state", "-id", "protected"],
                name="case_handler_cat",
                condition=Q(handler_seat__isnull=False),
            ),
            # The last column lets a scan leave protected matters out without fetching a row.
            models.Index(fields=["county_id", "category", "state", "-id", "protected"], name="case_county_cat"),
            models.Index(fields=["town_id", "category", "state", "-id", "protected"], name="case_town_cat"),
            models.Index(fields=["village_id", "category", "state", "-id", "protected"], name="case_village_cat"),
            # Lateness: only open cases, a small part of the table.
            models.Index(
                fields=["county_id", "late_at", "id", "protected"], name="case_county_overdue", condition=Q(state=OPEN)
            ),
            models.Index(
                fields=["town_id", "late_at", "id", "protected"], name="case_town_overdue", condition=Q(state=OPEN)
            ),
            models.Index(
                fields=["village_id", "late_at", "id", "protected"],
                name="case_village_overdue",
                condition=Q(state=OPEN),
            ),
            models.Index(fields=["handler_seat", "late_at", "id"], name="case_handler_late", condition=Q(state=OPEN)),
            models.Index(fields=["owner_seat", "-id"], name="case_owner_open", condition=Q(state=OPEN)),
            models.Index(fields=["stage", "-id"], name="case_stage_open", condition=Q(state=OPEN)),
            models.Index(fields=["parked_until", "-id"], name="case_parked", condition=Q(parked_until__isnull=False)),
            # Protected matters are few and have scans of their own.
            *(
                models.Index(
                    fields=[f"{level}_id", "state", "-id"], name=f"case_{level}_kept", condition=Q(protected__gt="")
                )
                for level in ("county", "town", "village")
            ),
            models.Index(fields=["owner_seat", "-id"], name="case_owner_kept", condition=Q(protected__gt="")),
            *(
                models.Index(
                    fields=[column, "late_at", "id"],
                    name=f"case_{column.partition('_')[0]}_kept_late",
                    condition=Q(state=OPEN, protected__gt=""),
                )
                for column in ("county_id", "town_id", "village_id", "owner_seat")
            ),
            # Figures of one place and period.
            models.Index(fields=["county_id", "figures_until", "opened_at"], name="case_county_figures"),
            models.Index(fields=["town_id", "figures_until", "opened_at"], name="case_town_figures"),
            models.Index(fields=["village_id", "figures_until", "opened_at"], name="case_village_figures"),
            models.Index(fields=["parent_id", "state"], name="case_parent", condition=Q(parent_id__isnull=False)),
            models.Index(fields=["merged_into"], name="case_merged", condition=Q(merged_into__isnull=False)),
            models.Index(
                fields=["village_id", "id"],
                name="case_merged_ask",
                condition=Q(merged_into__isnull=False, followed_at__isnull=True),
            ),
            models.Index(fields=["origin"], name="case_origin", condition=Q(origin__isnull=False)),
            models.Index(fields=["contact_hash"], name="case_contact", condition=Q(contact_hash__isnull=False)),
        ]
        constraints = [
            # Principle 2: an open case has an accountable seat and a running clock.
            models.CheckConstraint(
                name="open_case_is_owned",
                condition=Q(state=CLOSED) | Q(owner_seat__isnull=False, late_at__isnull=False),
            ),
            # The same number of a sender is one case, unless the import that made it was taken back.
            models.UniqueConstraint(
                fields=["origin"], name="case_origin_once", condition=Q(origin__isnull=False) & ~Q(outcome=UNDONE)
            ),
            # A matter that is handled with another has ended, as merged; nothing is merged into itself.
            models.CheckConstraint(
                name="merged_case_is_closed",
                condition=Q(merged_into__isnull=True) | Q(state=CLOSED, outcome=MERGED) & ~Q(merged_into=F("id")),
            ),
            models.CheckConstraint(name="closed_case_says_when", condition=Q(state=OPEN) | Q(closed_at__isnull=False)),
        ]


class WorkItem(models.Model):
    """Where one branch of a case stands: who must act, until when. `number` counts within the case.

    `branch`: "" is the trunk, else the way through the open forks ("together:lead", "together:assist#2"); `fork` is the
    number of the item that stands for the fork. A fork, and a stage that waits for child cases, is an item itself.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="items", db_index=False)
    number = models.IntegerField()
    cycle = models.SmallIntegerField(default=1)
    stage = models.CharField(max_length=40)
    side = models.BooleanField(default=False)
    branch = models.CharField(max_length=250, blank=True, default="")
    fork = models.IntegerField(null=True)
    state = models.CharField(max_length=10, default=OPEN)  # open, done, cancelled
    owner_seat = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    barred = models.JSONField(default=list)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    warn_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    rung = models.SmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    done_by = models.BigIntegerField(null=True)
    action = models.CharField(max_length=40, blank=True, default="")
    # Side item: what is asked for ({"more": "2 work_day", "asked_by": person, "asked": stage}). Main item: what it was
    # granted ({"added": [...]}), from when its warning counts ({"warn_from": instant}), whose it was before it was taken
    # over ({"taken_from", "taken_at"}), its branch's seat ({"seat"}). Fork: {"branches", "arrived"}; children: {"places"}.
    ask = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="item_number"),
            # One running clock on every branch, and so exactly one on the trunk.
            models.UniqueConstraint(
                fields=["case", "branch"], name="one_item_a_branch", condition=Q(state=OPEN, side=False)
            ),
            models.CheckConstraint(name="open_item_is_owned", condition=~Q(state=OPEN) | Q(owner_seat__isnull=False)),
        ]
        indexes = [
            models.Index(fields=["owner_seat", "due_at"], name="item_inbox", condition=Q(state=OPEN)),
            models.Index(fields=["person_id", "due_at"], name="item_taken", condition=Q(state=OPEN)),
            models.Index(fields=["next_at"], name="item_next", condition=Q(state=OPEN, next_at__isnull=False)),
            models.Index(fields=["done_by", "-done_at"], name="item_done_by", condition=Q(done_by__isnull=False)),
            models.Index(fields=["-done_at"], name="item_done", condition=Q(done_at__isnull=False)),
        ]


class Placing(models.Model):
    """Where a case was counted until `until`: its path and seats before grids or divisions changed under it.

    Figures of a period that ended before then read these instead of the case's own columns (facts.as_of).
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="placings", db_index=False)
    number = models.SmallIntegerField()
    until = models.DateTimeField()
    county_id = models.BigIntegerField()
    town_id = models.BigIntegerField(null=True)
    village_id = models.BigIntegerField(null=True)
    grid_id = models.BigIntegerField(null=True)
    place_id = models.BigIntegerField()
    owner_seat = models.BigIntegerField(null=True)
    handler_seat = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "number"], name="placing_number")]
        indexes = [models.Index(fields=["until", "case"], name="placing_until")]


class ProtectedAgainst(models.Model):
    """Whom or what a protected matter is about. A line is withdrawn, never removed: it is told by the case's events.

    A seat is named with each person who sat in it then; a unit or a place stands for all its seats.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="against", db_index=False)
    number = models.IntegerField()
    source = models.CharField(max_length=8)  # said (by the reporter), text (read from the words), staff
    person_id = models.BigIntegerField(null=True)
    seat_id = models.BigIntegerField(null=True)
    organisation_id = models.BigIntegerField(null=True)
    place_id = models.BigIntegerField(null=True)
    withdrawn = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="against_number"),
            models.CheckConstraint(
                name="against_somebody",
                condition=Q(person_id__isnull=False)
                | Q(seat_id__isnull=False)
                | Q(organisation_id__isnull=False)
                | Q(place_id__isnull=False),
            ),
        ]


class Sketch(models.Model):
    """What the words of an ordinary case look like, as hashes that only our key can make: for finding near-duplicates.

    Written by the case's index job, gone with its words. No foreign key: the case's id is the key, and nothing else
    reads it.
    """

    case_id = models.BigIntegerField(primary_key=True)
    town_id = models.BigIntegerField(null=True)
    village_id = models.BigIntegerField(null=True)
    sketch = models.BinaryField(max_length=256)

    class Meta:
        indexes = [
            models.Index(fields=["village_id", "-case_id"], name="sketch_village"),
            models.Index(fields=["town_id", "-case_id"], name="sketch_town"),
        ]


class ActionKey(models.Model):
    """An idempotency key of an action: the same key again answers as the first time, and does nothing."""

    key = models.BinaryField(max_length=32, primary_key=True)
    body = models.BinaryField(max_length=32)
    case_id = models.BigIntegerField()
    event_seq = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["case_id"], name="action_key_case")]


class CaseNumber(models.Model):
    """The last case number given out, on SQLite; PostgreSQL uses a sequence (migration 0002)."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    value = models.BigIntegerField(default=0)
