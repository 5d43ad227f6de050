"""Tables of the room; only its writers touch them. Dates are local, `since` inclusive, `until` exclusive, null = still so.

Names, numbers and phones of people lie sealed in `events.private`; here are a masked label, blind indexes, and what
rules need in the open (sex, day of birth), all of which an erasure empties. Ids of other rooms are plain numbers.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from gezhi.foundation.events import register_state
from gezhi.foundation.places.placed import PATH, Placed

DIED, MOVED_OUT, CLOSED, MERGED, UNDONE = "died", "moved_out", "closed", "merged", "undone"
ENDINGS = (DIED, MOVED_OUT, CLOSED, MERGED, UNDONE)


class Subject(Placed):
    """One real thing: a person, a household, a dwelling, an asset, an organisation. `ended`: "" while it lives."""

    kind = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    code = models.CharField(max_length=40, default="", blank=True)
    private_ref = models.BigIntegerField(null=True)
    ident_hash = models.BinaryField(max_length=16, null=True)
    phone_hash = models.BinaryField(max_length=16, null=True)
    sex = models.CharField(max_length=1, default="", blank=True)
    born = models.DateField(null=True)
    # The colleague this person is, when they hold or held a seat.
    person_id = models.BigIntegerField(null=True)
    since = models.DateField()
    until = models.DateField(null=True)
    ended = models.CharField(max_length=10, default="", blank=True)
    merged_into = models.BigIntegerField(null=True)
    synthetic = models.BooleanField(default=False)
    # What entered it, when not a person at a page: "import:7".
    source = models.CharField(max_length=40, default="", blank=True)
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "subjects_subject"
        constraints = [
            models.CheckConstraint(
                condition=(Q(ended="") & Q(until=None)) | (~Q(ended="") & Q(until__gte=F("since"))),
                name="subject_ends_with_a_day",
            ),
            models.CheckConstraint(
                condition=(Q(ended=MERGED) & ~Q(merged_into=None)) | (~Q(ended=MERGED) & Q(merged_into=None)),
                name="subject_merged_into_one",
            ),
            models.UniqueConstraint(
                fields=["ident_hash", "kind", "village_id"],
                condition=Q(ended="") & ~Q(ident_hash=None),
                name="subject_once_a_village",
            ),
            models.UniqueConstraint(
                fields=["person_id"], condition=Q(ended="") & ~Q(person_id=None), name="subject_one_colleague"
            ),
        ]
        indexes = [
            models.Index(fields=["county_id", "kind", "id"], name="subject_county"),
            models.Index(fields=["town_id", "kind", "id"], name="subject_town"),
            models.Index(fields=["village_id", "kind", "id"], name="subject_village"),
            models.Index(fields=["grid_id", "kind", "id"], name="subject_grid"),
            models.Index(fields=["ident_hash"], name="subject_ident", condition=~Q(ident_hash=None)),
            models.Index(fields=["phone_hash"], name="subject_phone", condition=~Q(phone_hash=None)),
            models.Index(fields=["merged_into"], name="subject_merged", condition=~Q(merged_into=None)),
        ]

    def __str__(self) -> str:
        return self.label


class Recorded(Placed):
    """What a line and its earlier versions share. `values` is JSON as `Form.dump` gives it; sensitive ones are sealed."""

    register = models.CharField(max_length=40)
    version = models.IntegerField()
    subject_id = models.BigIntegerField()
    values = models.JSONField(default=dict)
    private_ref = models.BigIntegerField(null=True)
    state = models.CharField(max_length=20, default="", blank=True)

    class Meta:
        abstract = True


class Entry(Recorded):
    """A subject's line in one register. The values stand since `valid_from`; earlier ones are `EntrySpan` rows."""

    author_person = models.BigIntegerField(null=True)
    author_seat = models.BigIntegerField(null=True)
    since = models.DateField()
    until = models.DateField(null=True)
    valid_from = models.DateField()
    # When somebody last said that the line is still right, by changing it or by "no change".
    confirmed_on = models.DateField(null=True)
    end_reason = models.CharField(max_length=20, default="", blank=True)
    source = models.CharField(max_length=40, default="", blank=True)
    # What may be there once at a time ("s:12", "p:7", "f:<value>"); stays on ended lines, for their days.
    key = models.CharField(max_length=120, null=True)
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "subjects_entry"
        constraints = [
            models.UniqueConstraint(
                fields=["register", "key"], condition=Q(until=None) & ~Q(key=None), name="entry_one_at_a_time"
            ),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="entry_ends_after"),
            models.CheckConstraint(condition=Q(valid_from__gte=F("since")), name="entry_valid_within"),
        ]
        indexes = [
            models.Index(fields=["register", "county_id", "id"], name="entry_county"),
            models.Index(fields=["register", "town_id", "id"], name="entry_town"),
            models.Index(fields=["register", "village_id", "id"], name="entry_village"),
            models.Index(fields=["register", "grid_id", "id"], name="entry_grid"),
            models.Index(fields=["register", "key"], name="entry_key", condition=~Q(key=None)),
            models.Index(fields=["subject_id", "register"], name="entry_subject"),
            models.Index(fields=["source"], name="entry_source", condition=~Q(source="")),
        ]


class EntrySpan(Recorded):
    """How a line stood from `since` up to `until`, before it was changed: what makes a register readable as of a day."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="spans")
    since = models.DateField()
    until = models.DateField()

    class Meta:
        db_table = "subjects_span"
        indexes = [
            models.Index(fields=["register", "county_id", "entry"], name="span_county"),
            models.Index(fields=["register", "town_id", "entry"], name="span_town"),
            models.Index(fields=["register", "village_id", "entry"], name="span_village"),
            models.Index(fields=["register", "grid_id", "entry"], name="span_grid"),
        ]


class Relation(Placed):
    """`one` is (household of, helped by, …) `other`. The keys are filled on the sides that may have only one at a time."""

    kind = models.CharField(max_length=40)
    one_id = models.BigIntegerField()
    other_id = models.BigIntegerField()
    since = models.DateField()
    until = models.DateField(null=True)
    end_reason = models.CharField(max_length=20, default="", blank=True)
    register = models.CharField(max_length=40, default="", blank=True)
    one_key = models.BigIntegerField(null=True)
    other_key = models.BigIntegerField(null=True)
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "subjects_relation"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "one_key"], condition=Q(until=None) & ~Q(one_key=None), name="relation_one_other"
            ),
            models.UniqueConstraint(
                fields=["kind", "other_key"], condition=Q(until=None) & ~Q(other_key=None), name="relation_other_one"
            ),
            models.UniqueConstraint(
                fields=["kind", "one_id", "other_id"], condition=Q(until=None), name="relation_once"
            ),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="relation_ends_after"),
            models.CheckConstraint(condition=~Q(one_id=F("other_id")), name="relation_not_itself"),
        ]
        indexes = [
            models.Index(fields=["one_id", "kind"], name="relation_of_one"),
            models.Index(fields=["other_id", "kind"], name="relation_of_other"),
            models.Index(fields=["village_id", "kind", "id"], name="relation_village"),
        ]


SUBJECT_FIELDS = (
    "kind", "code", "private_ref", "person_id", *PATH, "since", "until", "ended", "merged_into", "synthetic",
    "source",
)  # fmt: skip
ENTRY_FIELDS = (
    "register", "version", "subject_id", "values", "private_ref", "state", "author_person", "author_seat", *PATH, "since",
    "until", "valid_from", "confirmed_on", "end_reason", "source", "key",
)  # fmt: skip
RELATION_FIELDS = (
    "kind", "one_id", "other_id", *PATH, "since", "until", "end_reason", "register", "one_key", "other_key",
)  # fmt: skip

register_state("subject", Subject, SUBJECT_FIELDS)
register_state("entry", Entry, ENTRY_FIELDS)
register_state("relation", Relation, RELATION_FIELDS)
