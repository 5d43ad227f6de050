"""Tables of meetings, activities and courses: one current-state row each, parts told in its stream.

Names, phones and what was said are personal text and live beside the log; rows hold what lists and rules look at.
Ids of other rooms are plain numbers.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from gezhi.engines.matching.loan_models import Loan as Loan
from gezhi.engines.matching.loan_models import Stay as Stay
from gezhi.engines.matching.turn_models import Alert as Alert
from gezhi.engines.matching.turn_models import Rota as Rota
from gezhi.engines.matching.turn_models import Turn as Turn
from gezhi.foundation.places.placed import Placed

PLANNED, HELD, CLOSED, CANCELLED = "planned", "held", "closed", "cancelled"
BOOKED, WAITING, ATTENDED, ABSENT, DEPUTY, WITHDRAWN = (
    "booked", "waiting", "attended", "absent", "deputy", "withdrawn",
)  # fmt: skip
#: Bookings that hold a place promised by sign-up.
SEATED = (BOOKED, ATTENDED, ABSENT, DEPUTY)
AGENDA, QUESTION, DECISION, ASSIGNMENT = "agenda", "question", "decision", "assignment"
TODO, DONE, ANSWERED, CARRIED, CASE = "open", "done", "answered", "carried", "case"


class Venue(Placed):
    """A room or square that can be booked, with whose it is, until when, in what state, and when it is open."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=40, blank=True, default="")
    owner = models.CharField(max_length=60, blank=True, default="")
    condition = models.CharField(max_length=60, blank=True, default="")
    capacity = models.IntegerField(null=True)
    since = models.DateField()
    until = models.DateField(null=True)
    opens = models.TimeField(null=True)
    closes = models.TimeField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        indexes = [models.Index(fields=["village_id", "name"], name="venue_village")]


class Session(Placed):
    """One meeting, class, tour, fair … at a time and place. `unit` is whose duty it fulfils ("place:3", "seat:9")."""

    id = models.BigAutoField(primary_key=True)
    activity = models.CharField(max_length=40)
    version = models.IntegerField()
    body_hash = models.CharField(max_length=64)
    kind = models.CharField(max_length=12)
    inside = models.BooleanField(default=False)
    public = models.BooleanField(default=False)
    restricted = models.BooleanField(default=False)  # seen by named posts only; counted apart

    unit = models.CharField(max_length=24, blank=True, default="")
    venue_id = models.BigIntegerField(null=True)
    room = models.CharField(max_length=80, blank=True, default="")

    title = models.CharField(max_length=80)
    theme = models.CharField(max_length=40, blank=True, default="")
    course = models.CharField(max_length=40, blank=True, default="")
    lesson = models.CharField(max_length=40, blank=True, default="")
    series = models.BigIntegerField(null=True)
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    seats = models.IntegerField(null=True)
    sign_until = models.DateTimeField(null=True)

    state = models.CharField(max_length=10, default=PLANNED)
    organiser_seat = models.BigIntegerField()
    organiser_id = models.BigIntegerField(null=True)
    roles = models.JSONField(default=list)  # which are named; who they are is private
    roles_ref = models.BigIntegerField(null=True)
    booked = models.IntegerField(default=0)
    waiting = models.IntegerField(default=0)
    attended = models.IntegerField(default=0)  # by name
    heads = models.IntegerField(default=0)  # counted at the door, without a name
    person_times = models.IntegerField(default=0)
    done = models.JSONField(default=list)  # required items that were done
    record = models.JSONField(null=True)
    record_ref = models.BigIntegerField(null=True)
    held_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    plan_key = models.CharField(max_length=80, null=True, unique=True)  # of the sending that planned it
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.CheckConstraint(name="session_ends_after_start", condition=Q(ends__gt=F("starts"))),
            models.CheckConstraint(
                name="session_within_seats", condition=Q(seats__isnull=True) | Q(booked__lte=F("seats"))
            ),
            models.CheckConstraint(
                name="session_counts", condition=Q(booked__gte=0, waiting__gte=0, attended__gte=0, heads__gte=0)
            ),
            models.CheckConstraint(name="session_inside_not_public", condition=Q(inside=False) | Q(public=False)),
        ]
        indexes = [
            models.Index(fields=["county_id", "starts"], name="session_county"),
            models.Index(fields=["town_id", "starts"], name="session_town"),
            models.Index(fields=["village_id", "starts"], name="session_village"),
            models.Index(fields=["grid_id", "starts"], name="session_grid"),
            models.Index(fields=["activity", "starts"], name="session_activity"),
            # A calendar asks for a month first; who may see what is sifted among its rows.
            models.Index(fields=["starts", "id"], name="session_starts"),
            models.Index(fields=["series", "starts"], name="session_series", condition=Q(series__isnull=False)),
            models.Index(
                fields=["starts", "id"], name="session_coming", condition=Q(public=True, state=PLANNED)
            ),
        ]  # fmt: skip


class Booking(models.Model):
    """One person's place in one session. `who` tells persons apart and says nothing: "p:12", "t:<blind index>"."""

    id = models.BigAutoField(primary_key=True)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="bookings")
    number = models.IntegerField()
    who = models.CharField(max_length=40)
    person_id = models.BigIntegerField(null=True)
    label = models.CharField(max_length=40)  # masked
    contact_ref = models.BigIntegerField(null=True)
    code = models.CharField(max_length=10, null=True, unique=True)
    state = models.CharField(max_length=10)
    walk_in = models.BooleanField(default=False)
    at = models.DateTimeField()
    rating = models.SmallIntegerField(null=True)
    said_ref = models.BigIntegerField(null=True)  # feedback in words
    takeaway_ref = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="booking_number"),
            # Once a session; who withdrew may sign up again, at the end of the line.
            models.UniqueConstraint(fields=["session", "who"], name="booking_once", condition=~Q(state=WITHDRAWN)),
        ]
        indexes = [
            models.Index(fields=["person_id", "session"], name="booking_person", condition=Q(person_id__isnull=False)),
            models.Index(fields=["who", "session"], name="booking_who"),
        ]


class Partner(models.Model):
    """An organisation, team or brand that a session is held with: a subject of the activity's register."""

    id = models.BigAutoField(primary_key=True)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="partners")
    number = models.IntegerField()
    subject_id = models.BigIntegerField()
    away = models.BooleanField(default=False)  # a helper who could not come after all

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="partner_number"),
            models.UniqueConstraint(fields=["session", "subject_id"], name="partner_once"),
        ]
        indexes = [models.Index(fields=["subject_id", "session"], name="partner_subject")]


class Item(models.Model):
    """A line of a session: agenda, question, decision, assignment. Its words are private, "item:<number>"."""

    id = models.BigAutoField(primary_key=True)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="items")
    number = models.IntegerField()
    kind = models.CharField(max_length=10)
    state = models.CharField(max_length=10, default=TODO)
    text_ref = models.BigIntegerField()
    answer_ref = models.BigIntegerField(null=True)
    seat_id = models.BigIntegerField(null=True)
    due_on = models.DateField(null=True)
    case_id = models.BigIntegerField(null=True)
    carried_to = models.BigIntegerField(null=True)
    came_from = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="meeting_item_number")]
        indexes = [
            models.Index(fields=["case_id"], name="meeting_item_case", condition=Q(case_id__isnull=False)),
            models.Index(fields=["session", "state"], name="meeting_item_state"),
        ]


class Lane(models.Model):
    """What can be in one place only at a time: a venue, a person, a teacher. Its row is the lock."""

    key = models.CharField(max_length=60, primary_key=True)


class Hold(models.Model):
    """A lane taken from `starts` to `ends` (exclusive) by a session."""

    lane = models.CharField(max_length=60)
    session_id = models.BigIntegerField()
    starts = models.DateTimeField()
    ends = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lane", "session_id"], name="hold_once")]
        indexes = [
            models.Index(fields=["lane", "starts"], name="hold_lane"),
            models.Index(fields=["session_id"], name="hold_session"),
        ]


class Trainee(models.Model):
    """Somebody enrolled in a course, from there to its end."""

    id = models.BigAutoField(primary_key=True)
    course = models.CharField(max_length=40)
    version = models.IntegerField()
    person_id = models.BigIntegerField()
    place_id = models.BigIntegerField(null=True)
    since = models.DateField()
    state = models.CharField(max_length=10, default="learning")  # learning | passed | left
    passed_on = models.DateField(null=True)
    lessons = models.IntegerField(default=0)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "person_id"], name="trainee_once", condition=~Q(state="left"))
        ]
        indexes = [models.Index(fields=["person_id"], name="trainee_person")]


class LessonPassed(models.Model):
    """One lesson one trainee passed, once."""

    trainee = models.ForeignKey(Trainee, on_delete=models.PROTECT, related_name="passed")
    number = models.IntegerField()
    lesson = models.CharField(max_length=40)
    on = models.DateField()
    session_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["trainee", "lesson"], name="lesson_once"),
            models.UniqueConstraint(fields=["trainee", "number"], name="lesson_number"),
        ]


class Certificate(models.Model):
    """That somebody can do something, from a day to a day. Its number and issuer are private ("proof")."""

    id = models.BigAutoField(primary_key=True)
    person_id = models.BigIntegerField()
    competence = models.CharField(max_length=40)
    issued_on = models.DateField()
    expires_on = models.DateField(null=True)
    source = models.CharField(max_length=60, blank=True, default="")  # "course:name", or "" for one brought along
    proof_ref = models.BigIntegerField(null=True)
    revoked_on = models.DateField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person_id", "competence", "issued_on"], name="certificate_once")
        ]
        indexes = [models.Index(fields=["competence", "expires_on"], name="certificate_expiry")]


class Allotment(Placed):
    """One adopted allocation at a place: `pairs` [{"need", "offer", "amount", "by_hand"}], `left` {need: reason}; of a draw
    {"seed", "lines": [{"need", "box", "got"}]} in `draw`."""

    id = models.BigAutoField(primary_key=True)
    match = models.CharField(max_length=40)
    version = models.IntegerField()
    body_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=10, default="adopted")  # adopted | withdrawn
    pairs = models.JSONField(default=list)
    left = models.JSONField(default=dict)
    draw = models.JSONField(default=dict)
    seat_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    adopted_at = models.DateTimeField()
    reason_ref = models.BigIntegerField(null=True)
    event_seq = models.IntegerField(default=0)
    event_hash = models.BinaryField(max_length=32)

    class Meta:
        indexes = [models.Index(fields=["match", "place_id", "-id"], name="allotment_of")]
