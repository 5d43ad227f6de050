"""Tables of the room. Only `actions`, `signin`, `tokens` and `revealing` write them.

Times are instants: a term runs from `since` up to, not including, `until`; `until` empty = open end;
`until == since` = a term that was cancelled before it began. Names and phones live sealed in
`events.private`; here are their ids, a masked form and blind indexes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q

from gezhi.foundation.events import register_state

# Where a post may stand: a kind of place, or "grid" for a grid of any of the three levels.
LEVELS = ("province", "city", "county", "town", "village", "grid", "grid1", "grid2", "grid3", "building")


class Person(models.Model):
    """Somebody who holds, held or may hold a seat. Residents who raise a matter are not in this table."""

    name_ref = models.BigIntegerField()
    name_hash = models.BinaryField(max_length=16, db_index=True)
    name_public = models.CharField(max_length=20)
    phone_ref = models.BigIntegerField(null=True)
    phone_hash = models.BinaryField(max_length=16, null=True, db_index=True)
    username = models.CharField(max_length=40, unique=True, null=True)
    password = models.CharField(max_length=200, default="")
    language = models.CharField(max_length=8, default="zh-hans")
    active = models.BooleanField(default=True)
    # Made up for a demonstration; a production start refuses while such a person can sign in.
    synthetic = models.BooleanField(default=False)
    # Goes up when the password changes or the person is deactivated: older sessions end.
    session_epoch = models.IntegerField(default=0)
    # The password was chosen by somebody else (gezhi admin create): nothing works until it is replaced.
    must_change = models.BooleanField(default=False)
    # Signing in asks for a code of an app as well (people.second_factor).
    second_factor = models.BooleanField(default=False)
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "people_person"

    def __str__(self) -> str:
        return self.name_public


class Organisation(models.Model):
    """A department, unit or body: `code` "housing", `name` 孟州市住房和城乡建设局, `short` 住建局."""

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    short = models.CharField(max_length=40, default="", blank=True)
    kind = models.CharField(max_length=20)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, related_name="+")
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "people_organisation"
        constraints = [models.UniqueConstraint(fields=["code", "place"], name="organisation_once_per_place")]

    def __str__(self) -> str:
        return self.name


class Post(models.Model):
    """A kind of seat, from a pack: what it is called, at which level it stands, what it may do."""

    code = models.CharField(max_length=40, unique=True)
    title_zh = models.CharField(max_length=40)
    title_en = models.CharField(max_length=80)
    level = models.CharField(max_length=10)
    powers = models.JSONField(default=list)
    falls_to = models.CharField(max_length=40, null=True)
    root = models.BooleanField(default=False)
    # Its seats are filled by the shifts of a roster (值班表) before anybody appointed to them.
    duty = models.BooleanField(default=False)
    position = models.IntegerField(default=0)
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "people_post"

    def __str__(self) -> str:
        return self.title_zh


class OrganisationEdge(models.Model):
    """An organisation hangs below another in a tree of a pack ("party"); `parent` empty = the tree's root.

    Apart from the tree of places. A move ends one row and begins another, so the tree of any date can be read.
    """

    tree = models.CharField(max_length=40)
    child = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    parent = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "people_organisation_edge"
        constraints = [
            models.UniqueConstraint(fields=["tree", "child"], condition=Q(until=None), name="one_parent_at_a_time"),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("child")), name="organisation_not_its_own_parent"
            ),
        ]


class Seat(models.Model):
    """A post at a place: what owns a case. Persons come and go, the seat stays."""

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="seats")
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="seats")
    label = models.CharField(max_length=40, default="", blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "people_seat"
        constraints = [
            models.UniqueConstraint(
                fields=["post", "place", "label"], condition=Q(organisation=None), name="seat_once_here"
            ),
            models.UniqueConstraint(
                fields=["post", "place", "organisation", "label"],
                condition=~Q(organisation=None),
                name="seat_once_in_organisation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.post_id}@{self.place_id}"


class Term(models.Model):
    """What holdings and substitutes share."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    if TYPE_CHECKING:
        seat_id: int
        objects: models.Manager[Any]

    class Meta:
        abstract = True


class Holding(Term):
    """A person sits in a seat."""

    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="holdings")

    class Meta:
        db_table = "people_holding"
        constraints = [
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="holding_ends_after_start")
        ]


class Substitute(Term):
    """A person does the work of a seat for a stated time; `until` is never empty."""

    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="substitutes")
    reason = models.CharField(max_length=120)

    class Meta:
        db_table = "people_substitute"
        constraints = [
            models.CheckConstraint(
                condition=Q(until__isnull=False) & Q(until__gte=F("since")), name="substitute_has_a_term"
            )
        ]


class Shift(Term):
    """A person is on duty in a duty seat; `until` is never empty. No two shifts of one seat overlap.

    `slot`: day, night or rest (a day off, around the clock): what a rotation counts apart.
    """

    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="shifts")
    slot = models.CharField(max_length=10, default="day")

    class Meta:
        db_table = "people_shift"
        constraints = [
            models.CheckConstraint(condition=Q(until__isnull=False) & Q(until__gte=F("since")), name="shift_has_an_end")
        ]


class DutyNote(models.Model):
    """What one shift leaves to the next 交班: `entries` [{"text": private id, "case": "2026-1186"|""}].

    `taken_by`: who of the next shift has read it; empty = nobody yet.
    """

    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, related_name="notes")
    entries = models.JSONField(default=list)
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    taken_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField(null=True)
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "people_duty_note"


class CommitteeChange(models.Model):
    """A committee replaced in one step 换届: `body` {"seats": [{"seat", "out", "in", "stay", "substitutes"}],
    "closing": [persons whose accounts end]}; person ids only. `done_at`: when accounts were closed.
    """

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    body = models.JSONField()
    done_at = models.DateTimeField(null=True)
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "people_committee_change"


class Reveal(models.Model):
    """Somebody looked at a masked value: who, in which seat, about what, why, when. Never changed."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, null=True, related_name="+")
    as_substitute = models.BooleanField(default=False)
    about = models.CharField(max_length=40, db_index=True)
    field = models.CharField(max_length=40)
    purpose_ref = models.BigIntegerField()
    at = models.DateTimeField()
    event_seq = models.IntegerField()
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "people_reveal"


class SignInGuard(models.Model):
    """Failed sign-ins of one account or one address; `key` is a blind index, so it names nobody."""

    key = models.BinaryField(max_length=16, unique=True)
    failures = models.IntegerField(default=0)
    first_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_sign_in_guard"


class Token(models.Model):
    """A bearer token of the API: only its hash, so that the table opens nothing."""

    hash = models.BinaryField(max_length=32, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    session_epoch = models.IntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True)
    # What the person recognises it by: a kind of program, and the masked address it was asked from.
    device = models.CharField(max_length=60, default="", blank=True)
    address = models.CharField(max_length=45, default="", blank=True)

    class Meta:
        db_table = "people_token"


class Sitting(models.Model):
    """A session of the pages as its owner lists it; the session itself is Django's row of the same key.

    `began_at` is machine time, like everything about sessions. The address is masked before it is kept.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="sittings")
    session_key = models.CharField(max_length=40, unique=True)
    session_epoch = models.IntegerField()
    device = models.CharField(max_length=60, default="", blank=True)
    address = models.CharField(max_length=45, default="", blank=True)
    began_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "people_sitting"


class SecondFactor(models.Model):
    """The secret of a person's code app, sealed; `confirmed_at` empty = being set up, and not yet asked for.

    `last_step`: the newest 30-second step a code was taken for; that one and older ones open nothing again.
    """

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="+")
    secret = models.BinaryField()
    begun_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)

    class Meta:
        db_table = "people_second_factor"


class RecoveryCode(models.Model):
    """A code for the day the phone is gone: only a keyed hash, and each opens once."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    hash = models.BinaryField(max_length=16)
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_recovery_code"
        constraints = [models.UniqueConstraint(fields=["person", "hash"], name="recovery_code_once")]


register_state(
    "person",
    Person,
    {
        "name": "name_ref",
        "phone": "phone_ref",
        "language": "language",
        "active": "active",
        "synthetic": "synthetic",
        "session_epoch": "session_epoch",
        "must_change": "must_change",
        "second_factor": "second_factor",
    },
)
register_state("organisation", Organisation, ("code", "name", "short", "kind", "place_id"))
register_state(
    "post", Post, ("code", "title_zh", "title_en", "level", "powers", "falls_to", "root", "duty", "position")
)
register_state("seat", Seat, ("post_id", "place_id", "organisation_id", "label", "opened_at", "closed_at"))
register_state("holding", Holding, ("seat_id", "person_id", "since", "until"))
register_state("substitute", Substitute, ("seat_id", "person_id", "since", "until", "reason"))
register_state("shift", Shift, ("seat_id", "person_id", "since", "until", "slot"))
register_state("duty_note", DutyNote, ("shift_id", "entries", "written_by_id", "written_at", "taken_by_id", "taken_at"))
register_state("organisation_edge", OrganisationEdge, ("tree", "child_id", "parent_id", "since", "until"))
register_state("committee", CommitteeChange, ("place_id", "at", "body", "done_at"))
register_state(
    "reveal",
    Reveal,
    {
        "person_id": "person_id",
        "seat_id": "seat_id",
        "as_substitute": "as_substitute",
        "about": "about",
        "field": "field",
        "purpose": "purpose_ref",
    },
)
