"""Tables of rosters: a planned stretch with its turns, and the level that is in force somewhere."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from gezhi.foundation.places.placed import Placed


class Rota(Placed):
    """The turns of one roster at one place from `starts` to `ends`; `short`: [[from, to, how many are lacking]]."""

    id = models.BigAutoField(primary_key=True)
    roster = models.CharField(max_length=40)
    version = models.IntegerField()
    body_hash = models.CharField(max_length=64)
    level = models.CharField(max_length=40, blank=True, default="")
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    short = models.JSONField(default=list)
    seat_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    planned_at = models.DateTimeField()
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.CheckConstraint(name="rota_not_backwards", condition=Q(ends__gte=F("starts")))]
        indexes = [models.Index(fields=["roster", "place_id", "starts"], name="rota_of")]


class Turn(models.Model):
    """One person's turn: `subject_id` out of the roster's register. Dropped turns count for nothing."""

    id = models.BigAutoField(primary_key=True)
    rota = models.ForeignKey(Rota, on_delete=models.PROTECT, related_name="turns")
    number = models.IntegerField()
    subject_id = models.BigIntegerField()
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    state = models.CharField(max_length=10, default="on")  # on | relieved (somebody else took it) | dropped

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rota", "number"], name="turn_number"),
            models.UniqueConstraint(fields=["subject_id", "starts"], name="turn_once", condition=Q(state="on")),
            models.CheckConstraint(name="turn_ends_after_start", condition=Q(ends__gt=F("starts"))),
        ]
        indexes = [models.Index(fields=["subject_id", "ends"], name="turn_of", condition=Q(state="on"))]


class Alert(models.Model):
    """Which level of a roster holds at a place from `since`; the last one has no `until`."""

    id = models.BigAutoField(primary_key=True)
    roster = models.CharField(max_length=40)
    place_id = models.BigIntegerField()
    level = models.CharField(max_length=40)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    seat_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    reason_ref = models.BigIntegerField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["roster", "place_id"], name="alert_one", condition=Q(until__isnull=True))
        ]
