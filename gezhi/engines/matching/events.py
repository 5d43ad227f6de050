"""Frozen facts of this engine, and what verify compares.

`session.planned`, `.changed`, `.moved`, `.cancelled`, `.signed`, `.withdrawn`, `.attended`, `.noted`, `.answered`, `.carried`,
`.assigned`, `.said`, `.filed`, `.closed`; bookings stand in them as `booking:<number>`, lines of minutes as `item:<number>`,
whom it is held with as `partner:<number>`; `.arrived`, `.left`, `.also`, `.helper_away` tell children in our care as `stay:<number>`.
`venue.opened`, `venue.changed`; `trainee.enrolled`, `.learned` (`lesson:<number>`), `.passed`, `.left`; `certificate.issued`,
`.revoked`; `rota.planned`, `.cut`, `.relieved` (`turn:<n>`); `alert.raised`, `.ended`; `loan.reserved`, `.out`,
`.back`, `.dropped`; `allotment.adopted`, `.withdrawn`. No name and no phone is in any of them.
"""

from __future__ import annotations

SESSION = (
    "activity", "version", "body_hash", "kind", "inside", "public", "restricted", "place_id", "county_id", "town_id", "village_id",
    "grid_id", "unit", "venue_id", "room", "title", "theme", "course", "lesson", "series", "starts", "ends", "seats",
    "sign_until", "state", "organiser_seat", "organiser_id", "roles", "booked", "waiting", "attended", "heads",
    "person_times", "done", "record", "held_at", "closed_at", "cancelled_at",
)  # fmt: skip
BOOKING = ("who", "person_id", "label", "state", "walk_in", "at", "rating")
BOOKING_REFS = {"contact": "contact_ref", "said": "said_ref", "takeaway": "takeaway_ref"}
ITEM = ("kind", "state", "seat_id", "due_on", "case_id", "carried_to", "came_from")
ITEM_REFS = {"text": "text_ref", "answer": "answer_ref"}
VENUE = (
    "name", "place_id", "county_id", "town_id", "village_id", "grid_id", "kind", "owner", "condition", "capacity",
    "since", "until", "opens", "closes",
)  # fmt: skip
TRAINEE = ("course", "version", "person_id", "place_id", "since", "state", "passed_on", "lessons")
LESSON = ("lesson", "on", "session_id")
CERTIFICATE = ("person_id", "competence", "issued_on", "expires_on", "source", "revoked_on")


def register() -> None:
    """Tell the events room where states and their parts stand."""
    from gezhi.engines.matching import allocating, care, lending, models, rostering
    from gezhi.foundation import events

    refs = {"roles_are": "roles_ref", "record_words": "record_ref"}
    events.register_state("session", models.Session, {name: name for name in SESSION} | refs)
    fields = {name: name for name in BOOKING} | BOOKING_REFS
    events.register_parts("session", "booking", models.Booking, fields, parent="session_id")
    fields = {name: name for name in ITEM} | ITEM_REFS
    events.register_parts("session", "item", models.Item, fields, parent="session_id")
    events.register_parts("session", "partner", models.Partner, ("subject_id", "away"), parent="session_id")
    stay = {name: name for name in care.STAY} | care.STAY_REFS
    events.register_parts("session", "stay", models.Stay, stay, parent="session_id")
    events.register_state("venue", models.Venue, VENUE)
    events.register_state("trainee", models.Trainee, TRAINEE)
    events.register_parts("trainee", "lesson", models.LessonPassed, LESSON, parent="trainee_id")
    events.register_state(
        "certificate", models.Certificate, {name: name for name in CERTIFICATE} | {"proof": "proof_ref"}
    )
    events.register_state(
        "allotment", models.Allotment, {name: name for name in allocating.FIELDS} | {"reason": "reason_ref"}
    )
    events.register_state("rota", models.Rota, rostering.FIELDS)
    events.register_parts("rota", "turn", models.Turn, rostering.TURN, parent="rota_id")
    events.register_state("alert", models.Alert, {name: name for name in rostering.ALERT} | {"reason": "reason_ref"})
    events.register_state("loan", models.Loan, {name: name for name in lending.FIELDS} | {"contact": "contact_ref"})
