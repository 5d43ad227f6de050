"""Accounts with what stands in them, transfers with their legs, closed periods, payout lists.

Amounts are whole numbers of the asset's smallest unit (fen, minutes, points, pieces). Ids of other rooms are plain.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from gezhi.foundation.places.placed import Placed

PENDING, POSTED, VOIDED, EXPIRED = "pending", "posted", "voided", "expired"
DRAFT, FROZEN, APPROVED, PAID = "draft", "frozen", "approved", "paid"


class Account(Placed):
    """What one holder has of one asset. `holder`: "subject:12", "person:3", "guest:<keyed hash>", "place:5", "seat:9".

    `held_out`, `held_in`: what pending transfers would take and bring; they count against the bounds already.
    `posted`: how many legs are in it, which orders its statement. `closed_until`: no leg is dated on or before it.
    """

    id = models.BigAutoField(primary_key=True)
    ledger = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    asset = models.CharField(max_length=40)
    holder = models.CharField(max_length=80)
    label = models.CharField(max_length=80)  # masked
    lowest = models.BigIntegerField(null=True)
    highest = models.BigIntegerField(null=True)
    balance = models.BigIntegerField(default=0)
    held_out = models.BigIntegerField(default=0)
    held_in = models.BigIntegerField(default=0)
    posted = models.IntegerField(default=0)
    closed_until = models.DateField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ledger", "kind", "holder"], name="account_once"),
            models.CheckConstraint(
                name="account_not_below",
                condition=Q(lowest__isnull=True) | Q(balance__gte=F("lowest") + F("held_out")),
            ),
            models.CheckConstraint(
                name="account_not_above",
                condition=Q(highest__isnull=True) | Q(balance__lte=F("highest") - F("held_in")),
            ),
            models.CheckConstraint(name="account_holds", condition=Q(held_out__gte=0, held_in__gte=0, posted__gte=0)),
        ]
        indexes = [
            models.Index(fields=["ledger", "kind", "village_id", "id"], name="account_village"),
            models.Index(fields=["ledger", "kind", "town_id", "id"], name="account_town"),
            models.Index(fields=["holder"], name="account_holder"),
        ]


class Transfer(Placed):
    """Legs that move together or not at all. `key` is said once; `digest` is of what it said.

    `about`: the record it came from ("session:4", "case:7"); `unbacked`: that record was taken back, and what it gave
    is already spent.
    """

    id = models.BigAutoField(primary_key=True)
    ledger = models.CharField(max_length=40)
    version = models.IntegerField()
    entry = models.CharField(max_length=40)  # which entry, rule or payout of the ledger
    key = models.CharField(max_length=160, unique=True)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=8)
    day = models.DateField()
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    about = models.CharField(max_length=40, blank=True, default="")
    unbacked = models.BooleanField(default=False)
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversal")
    reason_ref = models.BigIntegerField(null=True)
    seat_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    second_id = models.BigIntegerField(null=True)  # who confirmed it
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.CheckConstraint(name="transfer_settled", condition=Q(state=PENDING) | Q(settled_at__isnull=False)),
            models.CheckConstraint(
                name="transfer_two_people", condition=Q(second_id__isnull=True) | ~Q(second_id=F("person_id"))
            ),
        ]
        indexes = [
            models.Index(fields=["about", "id"], name="transfer_about", condition=~Q(about="")),
            models.Index(fields=["expires_at"], name="transfer_expiry", condition=Q(state=PENDING)),
            models.Index(fields=["ledger", "village_id", "-id"], name="transfer_village"),
        ]


class Leg(models.Model):
    """One side of a transfer. `position` and `after`: its place in the account's statement, and what stood then."""

    id = models.BigAutoField(primary_key=True)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="legs")
    number = models.SmallIntegerField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="legs")
    asset = models.CharField(max_length=40)
    amount = models.BigIntegerField()
    position = models.IntegerField(null=True)
    after = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "number"], name="leg_number"),
            models.UniqueConstraint(fields=["account", "position"], name="leg_position"),
            models.CheckConstraint(name="leg_moves", condition=~Q(amount=0)),
        ]


class Closing(Placed):
    """The accounts of a ledger at a place and inside it take nothing dated on or before `until` any more."""

    id = models.BigAutoField(primary_key=True)
    ledger = models.CharField(max_length=40)
    until = models.DateField()
    closed_at = models.DateTimeField()
    seat_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ledger", "place_id", "until"], name="closed_once")]


class Payout(Placed):
    """A list of who is paid how much for a period; frozen it says the same for ever, and is paid once."""

    id = models.BigAutoField(primary_key=True)
    ledger = models.CharField(max_length=40)
    version = models.IntegerField()
    list = models.CharField(max_length=40)
    period = models.CharField(max_length=10)  # "2026-11", "2026-Q4", "2026"
    state = models.CharField(max_length=8)
    count = models.IntegerField(default=0)
    total = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, default="")
    frozen_id = models.BigIntegerField(null=True)
    frozen_at = models.DateTimeField(null=True)
    approved_id = models.BigIntegerField(null=True)
    approved_at = models.DateTimeField(null=True)
    paid_id = models.BigIntegerField(null=True)
    paid_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ledger", "list", "place_id", "period"], name="payout_once", condition=~Q(state=VOIDED)
            ),
            models.CheckConstraint(
                name="payout_two_people", condition=Q(approved_id__isnull=True) | ~Q(approved_id=F("frozen_id"))
            ),
        ]


class PayoutLine(models.Model):
    """One who is paid: `amount` to the account of `holder`."""

    id = models.BigAutoField(primary_key=True)
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="lines")
    number = models.IntegerField()
    holder = models.CharField(max_length=80)
    label = models.CharField(max_length=80)
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payout", "number"], name="payout_line"),
            models.UniqueConstraint(fields=["payout", "holder"], name="payout_person_once"),
            models.CheckConstraint(name="payout_line_pays", condition=Q(amount__gt=0)),
        ]
