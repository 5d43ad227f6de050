"""Rows of panels, their ballots, and what residents say beside a case. Imported by models.py."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

GATHERING, OPEN, CLOSED = "gathering", "open", "closed"
INVITED, VOTED, RECUSED = "invited", "voted", "recused"
WAYS = ("online", "paper", "meeting")


class Panel(models.Model):
    """One round of a panel stage: the item `number` of its case. Its own stream `panel:<id>` holds the voting.

    `gathering`: the list of those to be asked is not there yet. `urn`: the counts of a secret vote, all in one value that
    every vote writes anew; no event tells it before the panel is closed. `tally`: the result with its figures.
    """

    id = models.BigIntegerField(primary_key=True)
    case = models.ForeignKey("workflows.Case", on_delete=models.PROTECT, related_name="panels", db_index=False)
    number = models.IntegerField()
    stage = models.CharField(max_length=40)
    round = models.SmallIntegerField(default=1)
    state = models.CharField(max_length=10, default=OPEN)
    secret = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    invited = models.IntegerField(default=0)
    closed_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=8, blank=True, default="")  # passed, failed, void
    binding = models.BooleanField(default=False)  # the minutes of a meeting are attached: a decision, not an opinion
    tally = models.JSONField(null=True)
    draw = models.JSONField(null=True)
    urn = models.JSONField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="panel_number"),
            models.CheckConstraint(name="closed_panel_has_a_result", condition=~Q(state=CLOSED) | ~Q(result="")),
        ]


class Ballot(models.Model):
    """One who is asked: a household, a person of a list, or a seat. Of a secret vote it says that they voted, never how.

    `voter`: what makes two of them the same one ("seat:12", or a keyed hash of the household's number). `code_hash`: of the
    code by which a household answers on the portal. `label`: how the clerk finds it ("3-1-502"), never a person's name.
    """

    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="ballots", db_index=False)
    number = models.IntegerField()
    voter = models.CharField(max_length=48)
    seat_id = models.BigIntegerField(null=True)
    label = models.CharField(max_length=60, blank=True, default="")
    group = models.CharField(max_length=20, blank=True, default="")
    area = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    code_hash = models.BinaryField(max_length=16, null=True)
    state = models.CharField(max_length=8, default=INVITED)
    way = models.CharField(max_length=8, blank=True, default="")
    choice = models.CharField(max_length=12, blank=True, default="")
    reason_ref = models.BigIntegerField(null=True)
    by_person = models.BigIntegerField(null=True)  # who typed a paper or a hand raised in; null: the voter

    class Meta:
        constraints = [
            # One vote a household: of one round, however it is given.
            models.UniqueConstraint(fields=["panel", "voter"], name="ballot_once"),
            models.UniqueConstraint(fields=["panel", "number"], name="ballot_number"),
            models.UniqueConstraint(fields=["panel", "code_hash"], name="ballot_code"),
            models.CheckConstraint(
                name="ballot_given_or_not", condition=Q(state=VOTED) | Q(choice="", way="", reason_ref__isnull=True)
            ),
        ]
        indexes = [models.Index(fields=["seat_id", "panel"], name="ballot_seat", condition=Q(state=INVITED))]


class Voice(models.Model):
    """What a resident says beside a case in public: a comment, what was seen of the works, a flag. Stream `voice:<id>`.

    waiting (for a look before it is shown), shown, removed (taken down, with the ground in the record).
    """

    id = models.BigIntegerField(primary_key=True)
    case = models.ForeignKey("workflows.Case", on_delete=models.PROTECT, related_name="voices", db_index=False)
    stage = models.CharField(max_length=40)
    kind = models.CharField(max_length=8)  # comment, note, flag
    state = models.CharField(max_length=8)
    text_ref = models.BigIntegerField()
    phone_hash = models.BinaryField(max_length=16)
    photos = models.JSONField(default=list)
    at = models.DateTimeField()
    judged_at = models.DateTimeField(null=True)
    judged_by = models.BigIntegerField(null=True)
    ground = models.CharField(max_length=12, blank=True, default="")
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        indexes = [
            models.Index(fields=["case", "-id"], name="voice_case"),
            models.Index(fields=["phone_hash", "-at"], name="voice_phone"),
        ]


class PhoneProof(models.Model):
    """A phone that is being verified by a code in a text message: nothing but hashes, and, until sent, the sealed number."""

    phone_hash = models.BinaryField(max_length=16, primary_key=True)
    made_at = models.DateTimeField()
    tries = models.SmallIntegerField(default=0)
    asked = models.SmallIntegerField(default=1)  # codes asked for since the day began
    sealed = models.BinaryField(null=True)  # the number to send to; gone when the message has left
