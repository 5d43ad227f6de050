"""Who is on which list (rebuildable), what became of each period, how far windows were closed, what was published.

`Enrolment` holds no future date of a period: what is owed now follows from the rule's rhythm and the rows of `Done`.
`subject_id` is a row of foundation.subjects, a place or a seat, as the rule's `over` says. Ids of other rooms are plain.
"""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce

from gezhi.foundation.places.placed import PATH, Placed


class Enrolment(Placed):
    """A subject under a rule from `since` up to `until` (the first day no longer). A projection: `rebuild` makes it anew.

    `anchor`: the date a rule "within N days of" counts from.
    """

    rule = models.CharField(max_length=40)
    version = models.IntegerField()
    subject_id = models.BigIntegerField()
    entry_id = models.BigIntegerField(null=True)
    seat_id = models.BigIntegerField()
    since = models.DateField()
    until = models.DateField(null=True)
    anchor = models.DateField(null=True)

    class Meta:
        db_table = "duties_enrolment"
        constraints = [
            # Under a rule once at a time (for each anchor). Ended ones are kept apart by their id, so that this index also finds
            # all enrolments of a subject; as an index of the live ones alone it served no such question.
            models.UniqueConstraint(
                F("subject_id"),
                F("rule"),
                Coalesce(F("anchor"), Value(date(1, 1, 1))),
                Case(When(until__isnull=True, then=Value(0)), default=F("id"), output_field=models.BigIntegerField()),
                name="enrolled_one_live",
            ),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="enrolment_ends_after"),
        ]
        indexes = [
            models.Index(fields=["rule", "seat_id", "subject_id"], name="enrolled_rule_seat"),
            models.Index(fields=["rule", "town_id", "village_id"], name="enrolled_place"),
        ]


class Done(Placed):
    """What became of one period for one subject. States: done, missed, waived; open (taken back), void (not owed after all).

    `on_time`: done before the window closed, whatever time the record came in. `rung`, `raised_to`, `climb_at`: how far a
    missed one has climbed. `findings` holds what is not personal; the note and sensitive answers are sealed.
    """

    rule = models.CharField(max_length=40)
    version = models.IntegerField()
    subject_id = models.BigIntegerField()
    entry_id = models.BigIntegerField(null=True)
    period = models.CharField(max_length=24)
    opens = models.DateTimeField()
    closes = models.DateTimeField()
    state = models.CharField(max_length=8)
    seat_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(null=True)
    late = models.BooleanField(default=False)
    trouble = models.BooleanField(default=False)
    findings = models.JSONField(default=dict)
    private_ref = models.BigIntegerField(null=True)
    ground = models.CharField(max_length=20, default="", blank=True)
    case_id = models.BigIntegerField(null=True)
    rung = models.SmallIntegerField(default=0)
    raised_to = models.BigIntegerField(null=True)
    climb_at = models.DateTimeField(null=True)
    key = models.BinaryField(max_length=32, null=True, unique=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "duties_done"
        constraints = [
            models.UniqueConstraint(fields=["rule", "subject_id", "period"], name="one_duty_a_period"),
            models.CheckConstraint(
                condition=~Q(state="done") | (Q(at__isnull=False) & Q(person_id__isnull=False)), name="done_by_somebody"
            ),
        ]
        indexes = [
            models.Index(fields=["seat_id", "closes"], name="missed_of_seat", condition=Q(state="missed")),
            models.Index(fields=["raised_to", "closes"], name="raised_to_seat", condition=Q(raised_to__isnull=False)),
            models.Index(fields=["climb_at"], name="missed_climbs", condition=Q(climb_at__isnull=False)),
            models.Index(fields=["subject_id", "-closes"], name="done_of_subject"),
            models.Index(fields=["rule", "period", "town_id", "village_id", "state"], name="done_place"),
            models.Index(fields=["person_id", "-recorded_at"], name="done_by_person", condition=Q(state="done")),
        ]


class Window(models.Model):
    """A window that has closed and been looked at: everybody who owed it then has a row of `Done`."""

    rule = models.CharField(max_length=40)
    period = models.CharField(max_length=24)
    closes = models.DateTimeField()
    #: How far the enrolments were looked at, in the order of their seats; `finished` when all were.
    seat_reached = models.BigIntegerField(default=0)
    subject_reached = models.BigIntegerField(default=0)
    finished = models.BooleanField(default=False)

    class Meta:
        db_table = "duties_window"
        constraints = [models.UniqueConstraint(fields=["rule", "period"], name="window_closed_once")]


class Publication(models.Model):
    """A version of a rule being put in force over its subjects in batches. `reached`: the last one looked at."""

    rule = models.CharField(max_length=40, unique=True)
    version = models.IntegerField()
    hash = models.CharField(max_length=64)
    reached = models.BigIntegerField(default=0)
    finished = models.BooleanField(default=False)
    #: From when on windows are owed at all: nothing is owed for the time before a rule was there.
    since = models.DateField()

    class Meta:
        db_table = "duties_publication"


DONE_FIELDS = (
    "rule", "version", "subject_id", "entry_id", "period", "opens", "closes", "state", "seat_id", "person_id", "at",
    "recorded_at", "late", "trouble", "findings", "private_ref", "ground", "case_id", "rung", "raised_to", "climb_at",
    *PATH,
)  # fmt: skip
