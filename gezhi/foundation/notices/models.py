"""Tables of the notices room. What a notice says is sealed: a copy of the database alone does not tell it.

Notices are derived from events and can be made again from them; they have no events of their own (docs/adr/0130).
"""

from __future__ import annotations

from datetime import time

from django.db import models
from django.db.models import Q

CHANNELS = ("dingtalk", "wecom", "feishu", "sms", "email")
GROUPS = ("dingtalk", "wecom", "feishu")  # one robot speaks to the chat of a unit
WAITING, SENT, FAILED, DROPPED = "waiting", "sent", "failed", "dropped"
GATEWAY_FIELDS = ("channel", "title", "place_id", "organisation_id", "enabled")


class Notice(models.Model):
    """One line in a colleague's list. `key` names what gave rise to it and for whom, so that it comes once.

    `stream`: what it opens ("case:12"); `words`: sealed JSON of what fills the template (aad = key).
    """

    key = models.CharField(max_length=160, unique=True)
    person = models.BigIntegerField()
    seat = models.BigIntegerField(null=True)
    template = models.CharField(max_length=40)
    stream = models.CharField(max_length=40)
    words = models.BinaryField()
    urgent = models.BooleanField(default=False)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "notices_notice"
        indexes = [
            models.Index(fields=["person", "-id"], name="notice_list"),
            models.Index(fields=["person"], name="notice_unread", condition=Q(read_at__isnull=True)),
            models.Index(fields=["stream"], name="notice_stream"),
            models.Index(fields=["at"], name="notice_at"),
        ]


class Gateway(models.Model):
    """A way out of the house. `settings`: sealed JSON (address, secret, template ids …), aad "gateway:<id>".

    A robot of a group serves the seats of its place or organisation; neither = every seat. `rest_until`: it did not
    answer lately, so what waits for it waits a little longer, without being tried one by one.
    """

    channel = models.CharField(max_length=10)
    title = models.CharField(max_length=40)
    place_id = models.BigIntegerField(null=True)
    organisation_id = models.BigIntegerField(null=True)
    settings = models.BinaryField()
    enabled = models.BooleanField(default=True)
    rest_until = models.DateTimeField(null=True)
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "notices_gateway"
        constraints = [models.CheckConstraint(condition=Q(channel__in=CHANNELS), name="gateway_channel")]


class Delivery(models.Model):
    """One message to be sent through one gateway: to a person, to a resident (`code` of their matter), or to the
    group of a seat (neither). Its own queue: due at `run_at`, held until `leased_until` (machine ms) by a worker.

    `bundle`: it may go together with others for the same receiver, as one message. `error`: the code of why not.
    """

    key = models.CharField(max_length=200, unique=True)
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="+")
    person = models.BigIntegerField(null=True)
    seat = models.BigIntegerField(null=True)
    code = models.CharField(max_length=12, default="", blank=True)
    contact_ref = models.BigIntegerField(null=True)  # of a resident: the private text with the phone, read when sent
    template = models.CharField(max_length=40)
    stream = models.CharField(max_length=40)
    words = models.BinaryField()
    notice_key = models.CharField(max_length=160, default="", blank=True)
    urgent = models.BooleanField(default=False)
    bundle = models.BooleanField(default=False)
    state = models.CharField(max_length=8, default=WAITING)
    run_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    leased_until = models.BigIntegerField(default=0)
    error = models.CharField(max_length=60, default="", blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "notices_delivery"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[WAITING, SENT, FAILED, DROPPED]), name="delivery_state")
        ]
        indexes = [
            models.Index(fields=["run_at", "id"], name="delivery_due", condition=Q(state=WAITING)),
            models.Index(fields=["-done_at"], name="delivery_failed", condition=Q(state=FAILED)),
            models.Index(fields=["stream"], name="delivery_stream"),
            models.Index(fields=["created_at"], name="delivery_created"),
        ]


class Choice(models.Model):
    """How one colleague wants to be told. No row = the defaults. `off`: channels they do not want."""

    person = models.BigIntegerField(primary_key=True)
    quiet_from = models.TimeField(default=time(22))
    quiet_until = models.TimeField(default=time(7))
    rest_days = models.BooleanField(default=True)  # ordinary ones wait for the next working day
    digest = models.BooleanField(default=False)  # ordinary ones come together, once a morning
    off = models.JSONField(default=list)
    email = models.BinaryField(null=True)  # sealed, aad "choice:<person>"

    class Meta:
        db_table = "notices_choice"


class Declined(models.Model):
    """A resident who wants no more messages about this matter."""

    code = models.CharField(max_length=12, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "notices_declined"


class House(models.Model):
    """One row (id 1): the address at which people outside reach this site, for the link in a message."""

    address = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        db_table = "notices_house"
