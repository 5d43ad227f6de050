"""Tables of documents and sealed bulletins: one current-state row each, the counter of each series, ready prints.

The words of a document are personal text and live beside the log (`content_ref`); the row holds what lists and
rules look at. Ids of other rooms are plain numbers.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

DRAFT, ISSUED, VOID = "draft", "issued", "void"


class Document(models.Model):
    """A document from its first draft on. `about` is the stream it belongs to ("case:12")."""

    id = models.BigAutoField(primary_key=True)
    about = models.CharField(max_length=40)
    template = models.CharField(max_length=40)
    version = models.IntegerField()
    body_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=8, default=DRAFT)

    # Where its matter lies and to whom it goes: what lists scan by.
    county_id = models.BigIntegerField(null=True)
    town_id = models.BigIntegerField(null=True)
    village_id = models.BigIntegerField(null=True)
    grid_id = models.BigIntegerField(null=True)
    to_seat = models.BigIntegerField(null=True)

    # Its number: issuer, mark, year and serial; `number` is how it is written.
    issuer_seat = models.BigIntegerField()
    issuer_place = models.BigIntegerField()
    mark = models.CharField(max_length=40)
    year = models.SmallIntegerField()
    serial = models.IntegerField()
    number = models.CharField(max_length=80)

    drafted_by = models.BigIntegerField()
    drafted_at = models.DateTimeField()
    signed_by = models.BigIntegerField(null=True)
    signed_seat = models.BigIntegerField(null=True)
    issued_at = models.DateTimeField(null=True)
    printed_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    corrects = models.BigIntegerField(null=True)
    corrected_by = models.BigIntegerField(null=True)

    content_ref = models.BigIntegerField()
    # Of the frozen words: the salted hash the chain holds, short enough to stand on the paper.
    fingerprint = models.CharField(max_length=16, blank=True, default="")
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer_place", "mark", "year", "serial"], name="document_number"),
            # One tap too many gives the draft that is there already, not a second number.
            models.UniqueConstraint(fields=["about", "template"], name="document_one_draft", condition=Q(state=DRAFT)),
            models.CheckConstraint(
                name="issued_document_is_signed",
                condition=~Q(state=ISSUED) | Q(signed_by__isnull=False, issued_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["about", "-id"], name="document_about"),
            models.Index(fields=["number"], name="document_written"),
            models.Index(fields=["county_id", "-id"], name="document_county"),
            models.Index(fields=["town_id", "-id"], name="document_town"),
            models.Index(fields=["village_id", "-id"], name="document_village"),
            models.Index(fields=["grid_id", "-id"], name="document_grid"),
            models.Index(fields=["to_seat", "-id"], name="document_to"),
            models.Index(fields=["issuer_seat", "-id"], name="document_issuer"),
        ]


class Series(models.Model):
    """The last number given out by one issuer under one mark in one year; its row is the lock."""

    issuer_place = models.BigIntegerField()
    mark = models.CharField(max_length=40)
    year = models.SmallIntegerField()
    last = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer_place", "mark", "year"], name="series_once")]


class Print(models.Model):
    """The PDF of an issued document, made once in the background, sealed like every personal text."""

    document = models.OneToOneField(Document, on_delete=models.PROTECT, primary_key=True, related_name="print")
    blob = models.BinaryField()
    made_at = models.DateTimeField()


class Bulletin(models.Model):
    """A sealed bulletin: frozen numbers and words (`body`, canonical JSON) and the rows they were counted from.

    `digest` is the SHA-256 of both and stands in the event, so that not a figure can change unnoticed.
    """

    id = models.BigAutoField(primary_key=True)
    template = models.CharField(max_length=40)
    version = models.IntegerField()
    body_hash = models.CharField(max_length=64)
    place_id = models.BigIntegerField()
    level = models.CharField(max_length=8)
    county_id = models.BigIntegerField(null=True)
    town_id = models.BigIntegerField(null=True)
    village_id = models.BigIntegerField(null=True)
    grid_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=8)
    period = models.CharField(max_length=10)
    since = models.DateTimeField()
    until = models.DateTimeField()
    # Events before this position were sealed when it was counted.
    position = models.BigIntegerField()
    sealed_at = models.DateTimeField()
    sealed_by = models.BigIntegerField(null=True)  # null: by itself, on the first day after the period
    sealed_seat = models.BigIntegerField(null=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.BigIntegerField(null=True)
    body = models.TextField()
    rows = models.BinaryField()
    digest = models.CharField(max_length=64)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["template", "place_id", "period"], name="bulletin_once"),
        ]
        indexes = [
            models.Index(fields=["place_id", "-until", "-id"], name="bulletin_place"),
            models.Index(fields=["kind", "period", "place_id"], name="bulletin_period"),
            models.Index(
                fields=["place_id", "-until", "-id"], name="bulletin_public", condition=Q(published_at__isnull=False)
            ),
        ]
