"""Tables of what is lent and of who is in our care: a thing in one hand, a child between two named adults."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from gezhi.foundation.places.placed import Placed


class Loan(Placed):
    """So many of one thing, reserved or out, from `since` to `until`; `returned` of them came back."""

    id = models.BigAutoField(primary_key=True)
    store = models.CharField(max_length=40)
    version = models.IntegerField()
    body_hash = models.CharField(max_length=64)
    thing_id = models.BigIntegerField()
    amount = models.IntegerField()
    who = models.CharField(max_length=40)
    person_id = models.BigIntegerField(null=True)
    label = models.CharField(max_length=40)  # masked
    contact_ref = models.BigIntegerField(null=True)
    since = models.DateTimeField()
    until = models.DateTimeField()
    state = models.CharField(max_length=10)  # reserved | out | back | dropped
    out_at = models.DateTimeField(null=True)
    back_at = models.DateTimeField(null=True)
    returned = models.IntegerField(null=True)
    seat_id = models.BigIntegerField(null=True)
    by_id = models.BigIntegerField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.CheckConstraint(name="loan_ends_after_start", condition=Q(until__gt=F("since"))),
            models.CheckConstraint(
                name="loan_counts",
                condition=Q(amount__gte=1) & (Q(returned__isnull=True) | Q(returned__gte=0, returned__lte=F("amount"))),
            ),
        ]
        indexes = [
            models.Index(fields=["thing_id", "state"], name="loan_thing"),
            models.Index(fields=["store", "place_id", "-id"], name="loan_store"),
            models.Index(fields=["until"], name="loan_overdue", condition=Q(state="out")),
        ]


class Stay(models.Model):
    """A child (the booking `number`) in our care, brought and fetched by adults whose names are private."""

    id = models.BigAutoField(primary_key=True)
    session = models.ForeignKey("matching.Session", on_delete=models.PROTECT, related_name="stays")
    number = models.IntegerField()
    came_at = models.DateTimeField()
    brought_ref = models.BigIntegerField(null=True)
    left_at = models.DateTimeField(null=True)
    fetched_ref = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="stay_once"),
            models.CheckConstraint(
                name="stay_in_order", condition=Q(left_at__isnull=True) | Q(left_at__gte=F("came_at"))
            ),
        ]
