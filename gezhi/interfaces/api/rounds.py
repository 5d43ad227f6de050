"""The doors of duties and sessions: what one owes, recording and waiving it; what is on, taking a place and giving it back."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from gezhi.engines.duties import access as duty_access
from gezhi.engines.duties import actions
from gezhi.engines.duties import queries as duties
from gezhi.engines.duties.queries import Owed
from gezhi.engines.duties.seating import may_record
from gezhi.engines.matching import queries as sessions
from gezhi.engines.matching import signing
from gezhi.engines.matching.models import WITHDRAWN, Booking, Session
from gezhi.flows import visits
from gezhi.foundation import packs, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, NotFound
from gezhi.foundation.people import Actor
from gezhi.interfaces.api import asking, bodies, numbers, refusals, round_shapes, views
from gezhi.interfaces.api.auth import actor_of, bearer
from gezhi.interfaces.api.documents import body, faults
from gezhi.interfaces.api.root import api

DUTY = "/duties/{rule}/{subject_id}/{period}"
SPAN = timedelta(days=31)


@api.get(
    "/duties",
    auth=bearer,
    response={200: round_shapes.DutyPage, **faults(401, 422)},
    tags=["duties"],
    summary="What the caller owes now",
)
def list_owed(request: HttpRequest) -> HttpResponse:
    """Everything whose window is open, and missed ones that can still be made up for; overdue first."""
    if request.GET:
        raise refusals.ItemMalformed(field_errors={next(iter(request.GET))[:60]: _("没有这一项")})
    return views.reply({"items": [_duty(owed) for owed in duties.owed(actor_of(request))]})


@api.get(
    DUTY,
    auth=bearer,
    response={200: round_shapes.DutyOut, **faults(401, 404)},
    tags=["duties"],
    summary="One period of one duty",
)
def show_duty(request: HttpRequest, rule: str, subject_id: str, period: str) -> HttpResponse:
    """For whoever answers for it or supervises the place; for everybody else it does not exist."""
    return views.reply(_duty(_seen(rule, subject_id, period, actor_of(request))))


@api.post(
    DUTY + "/record",
    auth=bearer,
    response={200: round_shapes.RecordOut, **faults(400, 401, 403, 404, 409, 413, 415, 422)},
    openapi_extra=body("RecordIn", idempotent=True),
    tags=["duties"],
    summary="Record that it was done",
)
def record(request: HttpRequest, rule: str, subject_id: str, period: str) -> HttpResponse:
    """Closes the duty, updates the register, and with `trouble` opens a case: all in one write."""
    actor = actor_of(request)
    key = bodies.idempotency_key(request)
    given = bodies.json_object(request)
    sent = json.dumps(given, sort_keys=True, ensure_ascii=False)
    data = given.pop("data", {})
    more = bodies.fields(given, text=("note",), truth=("trouble",))
    if not isinstance(data, dict):
        raise refusals.ItemMalformed(field_errors={"data": _("要填一张表")})
    owed = _seen(rule, subject_id, period, actor)
    if not may_record(owed.rule, owed.seat_id, actor):
        raise NotFound("duties.not_owed", period=period)
    made = visits.visit(
        owed.rule.name, owed.subject_id, owed.period, data, actor=actor, note=more.get("note", ""),
        trouble=more.get("trouble", False), key=_mark(actor, owed, key, sent),
    )  # fmt: skip
    case = made.case.number if made.case is not None else None
    return views.reply({"state": made.done.state, "late": made.done.late, "new": made.new, "case": case})


@api.post(
    DUTY + "/waive",
    auth=bearer,
    response={200: round_shapes.WaivedOut, **faults(400, 401, 403, 404, 409, 413, 415, 422)},
    openapi_extra=body("WaiveIn"),
    tags=["duties"],
    summary="Waive one period on one of its grounds",
)
def waive(request: HttpRequest, rule: str, subject_id: str, period: str) -> HttpResponse:
    """By somebody above, never by whoever owes it. A second time 409 duties.waived: nothing is waived twice."""
    actor = actor_of(request)
    given = bodies.fields(bodies.json_object(request), text=("ground", "note"))
    owed = _seen(rule, subject_id, period, actor)
    row = actions.waive(
        owed.rule.name, owed.subject_id, owed.period, given.get("ground", ""), actor=actor, note=given.get("note", "")[:1000]
    )  # fmt: skip
    return views.reply({"state": row.state, "ground": row.ground})


@api.get(
    "/sessions",
    auth=bearer,
    response={200: round_shapes.MeetingPage, **faults(401, 422)},
    tags=["sessions"],
    summary="Meetings and activities of the next 31 days",
)
def list_sessions(request: HttpRequest, since: str = "") -> HttpResponse:
    """Those the caller may see that begin within 31 days of `since` (a day; today when left out)."""
    wrong = asking.unknown(request, ("since",))
    day = clock.today()
    if since:
        try:
            day = datetime.strptime(since, "%Y-%m-%d").date()  # noqa: DTZ007  (a local day)
        except ValueError:
            wrong["since"] = _("要写成 2026-11-18")
    if wrong:
        raise refusals.ItemMalformed(field_errors=wrong)
    if not 1900 <= day.year <= 9000:
        return views.reply({"items": []})
    begins = clock.midnight(day)
    return views.reply({"items": [_meeting(row) for row in sessions.between(actor_of(request), begins, begins + SPAN)]})


@api.put(
    "/sessions/{session_id}/booking",
    auth=bearer,
    response={200: round_shapes.BookingOut, **faults(401, 403, 404, 409)},
    tags=["sessions"],
    summary="Take a place for oneself",
)
def book(request: HttpRequest, session_id: str) -> HttpResponse:
    """A place, or one in the waiting line. Again: the same place, nothing changed."""
    actor, number = actor_of(request), numbers.row_id(session_id, "session.not_found")
    assert actor.person_id is not None  # a token is a person's
    try:
        return views.reply(_booking(signing.sign_up(number, actor.person_id, actor=actor)))
    except Conflict as refusal:
        mine = _own(number, actor) if refusal.code == "session.twice" else None
        if mine is None:
            raise
        return views.reply(_booking(mine))


@api.delete(
    "/sessions/{session_id}/booking",
    auth=bearer,
    response={200: round_shapes.BookingOut, **faults(401, 404, 409)},
    tags=["sessions"],
    summary="Give one's place back",
)
def withdraw(request: HttpRequest, session_id: str) -> HttpResponse:
    """The first of the waiting line comes up. Again: still withdrawn, nothing changed."""
    actor, number = actor_of(request), numbers.row_id(session_id, "booking.not_found")
    mine = _own(number, actor, withdrawn=True)
    if mine is None:
        raise NotFound("booking.not_found")
    return views.reply(_booking(signing.withdraw(number, mine.number, actor=actor)))


def _seen(rule: str, subject_id: str, period: str, actor: Actor) -> Owed:
    found = duties.one(rule, numbers.row_id(subject_id, "duties.not_owed", period=period[:60]), period, actor)
    if found is None or not duty_access.served(found.rule):
        raise NotFound("duties.not_owed", period=period[:60])
    if may_record(found.rule, found.seat_id, actor):
        return found
    above = actor.may("case.supervise", places.directory().path(found.place_id))
    if not above or not duty_access.sees(found.rule, found.place_id, actor):
        raise NotFound("duties.not_owed", period=period[:60])
    return found


def _mark(actor: Actor, owed: Owed, key: str, sent: str) -> str | None:
    """The client's key for this person, period and body: with another body it is another fact, which comes too late."""
    if not key:
        return None
    return f"api:{actor.person_id}:{owed.id}:{key}:{hashlib.sha256(sent.encode()).hexdigest()}"


def _own(session_id: int, actor: Actor, *, withdrawn: bool = False) -> Booking | None:
    rows = Booking.objects.filter(session_id=session_id, person_id=actor.person_id)
    if not withdrawn:
        rows = rows.exclude(state=WITHDRAWN)
    live = rows.exclude(state=WITHDRAWN).order_by("-number").first()
    return live or rows.order_by("-number").first()


def _duty(owed: Owed) -> dict[str, Any]:
    seat = people.directory().seats.get(owed.seat_id)
    return {
        "rule": owed.rule.name, "subject_id": str(owed.subject_id), "period": owed.period, "title": owed.title,
        "about": owed.label, "place": places.directory().label(owed.place_id, "village"),
        "seat": seat.label if seat is not None else "", "opens": views.stamp(owed.opens),
        "closes": views.stamp(owed.closes), "state": owed.state, "record": owed.rule.form.schema(),
        "grounds": {code: packs.say(title) for code, title in owed.rule.waive.items()},
    }  # fmt: skip


def _meeting(row: Session) -> dict[str, Any]:
    return {
        "id": str(row.pk), "activity": row.activity, "title": row.title,
        "place": row.room or places.directory().label(row.place_id, "village"), "starts": views.stamp(row.starts),
        "ends": views.stamp(row.ends), "state": row.state, "seats": row.seats, "booked": row.booked,
        "waiting": row.waiting,
    }  # fmt: skip


def _booking(row: Booking) -> dict[str, Any]:
    return {"session": str(row.session_id), "number": row.number, "state": row.state}
