"""Tables of appraisal: a round, what judges and claimants entered, what came out, what was objected to.

Words are personal text beside the log; ids of other rooms are plain numbers. `subject_id` is a subject, a place or a seat,
as the rubric's `of` says.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from gezhi.foundation.places.placed import Placed

OPEN, SEALED, PUBLISHED, FINAL, CANCELLED = "open", "sealed", "published", "final", "cancelled"
GIVEN, CLAIMED, CHECKED, REFUSED = "given", "claimed", "checked", "refused"
WAITING, UPHELD, REJECTED = "open", "upheld", "rejected"


class Round(Placed):
    """One appraisal by one rubric at one place for one period."""

    id = models.BigAutoField(primary_key=True)
    rubric = models.CharField(max_length=40)
    version = models.IntegerField()
    body_hash = models.CharField(max_length=64)
    period = models.CharField(max_length=10)  # 2026, 2026-Q4, 2026-11
    since = models.DateTimeField()
    cut = models.DateTimeField()  # first instant that no longer counts
    due_at = models.DateTimeField(null=True)  # by when it should be sealed
    state = models.CharField(max_length=10, default=OPEN)
    marks = models.IntegerField(default=0)  # numbers given out to marks
    objections = models.IntegerField(default=0)
    waiting = models.IntegerField(default=0)  # objections without an answer
    subjects = models.IntegerField(default=0)
    position = models.BigIntegerField(null=True)  # of the log, when it was sealed
    digest = models.CharField(max_length=64, blank=True, default="")
    opened_by = models.BigIntegerField(null=True)
    opened_at = models.DateTimeField()
    sealed_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    object_until = models.DateTimeField(null=True)
    final_at = models.DateTimeField(null=True)
    awarded_at = models.DateTimeField(null=True)
    reason_ref = models.BigIntegerField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rubric", "place_id", "period"], name="round_once", condition=~Q(state=CANCELLED)
            ),
            models.CheckConstraint(name="round_cut_after_since", condition=Q(cut__gt=F("since"))),
        ]
        indexes = [
            models.Index(fields=["county_id", "-cut"], name="round_county"),
            models.Index(fields=["rubric", "-cut"], name="round_rubric"),
        ]


class Mark(models.Model):
    """A judgement of one person, a signed one, or a claim with its evidence. `who`: the judge, 0 where there is one mark only."""

    id = models.BigAutoField(primary_key=True)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="given")
    number = models.IntegerField()
    subject_id = models.BigIntegerField()
    item = models.CharField(max_length=40)
    who = models.BigIntegerField(default=0)
    person_id = models.BigIntegerField(null=True)
    seat_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10)
    points = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    records = models.JSONField(default=list)
    words_ref = models.BigIntegerField(null=True)
    checked_by = models.BigIntegerField(null=True)
    answer_ref = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "number"], name="mark_number"),
            models.UniqueConstraint(fields=["round", "subject_id", "item", "who"], name="mark_once"),
            models.CheckConstraint(
                name="mark_points", condition=Q(points__isnull=True) | Q(points__gte=0, points__lte=100)
            ),
        ]


class Result(Placed):
    """What came out for one subject: `lines` explain the score, `inputs` and `facts` are what it was computed from."""

    id = models.BigAutoField(primary_key=True)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="results")
    subject_id = models.BigIntegerField()
    label = models.CharField(max_length=80)
    score = models.DecimalField(max_digits=12, decimal_places=8, null=True)
    band = models.CharField(max_length=40, blank=True, default="")
    eligible = models.BooleanField(default=False)
    lost = models.JSONField(default=list)
    lines = models.JSONField(default=list)
    inputs = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    group = models.CharField(max_length=60, blank=True, default="")  # whose quota it shares
    awarded = models.BooleanField(default=False)
    corrected = models.BooleanField(default=False)  # by an objection that was upheld

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "subject_id"], name="result_once")]
        indexes = [models.Index(fields=["subject_id", "round"], name="result_subject")]


class Objection(models.Model):
    """What somebody held against a result inside the window, answered by another."""

    id = models.BigAutoField(primary_key=True)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="objected")
    number = models.IntegerField()
    subject_id = models.BigIntegerField()
    item = models.CharField(max_length=40)
    state = models.CharField(max_length=10, default=WAITING)
    words_ref = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    points = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    answered_by = models.BigIntegerField(null=True)
    answer_ref = models.BigIntegerField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "number"], name="objection_number")]
