"""Doors that exist only with demo data: who the synthetic staff are, and the demo's clock."""

from __future__ import annotations

import re
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from gezhi.foundation import errors, people
from gezhi.foundation.calendar import clock
from gezhi.interfaces.api import bodies, refusals, schemas, views
from gezhi.interfaces.api.auth import actor_of, bearer
from gezhi.interfaces.api.documents import body, faults
from gezhi.interfaces.api.root import api


def _drive(request: HttpRequest) -> None:
    """Only with demo data, only with the power demo.drive; otherwise these doors do not exist."""
    if not people.demo_people_exist():
        raise errors.NotFound()
    actor_of(request).need("demo.drive")


@api.get(
    "/demo/staff",
    auth=bearer,
    response={200: schemas.DemoStaffList, **faults(401, 403, 404)},
    tags=["demo"],
    summary="Synthetic staff and what they answer for",
)
def list_staff(request: HttpRequest) -> HttpResponse:
    """Synthetic persons who answer for a seat now, by id; most have no sign-in of their own."""
    _drive(request)
    directory = people.directory()
    found = []
    for person in sorted(directory.persons.values(), key=lambda p: p.id):
        actor = people.actor_for(person.id) if person.synthetic and person.active else None
        if actor is not None and actor.answering:
            found.append(
                {
                    "id": str(person.id),
                    "username": person.username or "",
                    "name": person.name_public,
                    "posts": sorted({directory.seat(seat_id).post for seat_id in actor.seats}),
                    "seats": [views.seat(seat_id) for seat_id in actor.seats],
                    "answers_for": [str(seat_id) for seat_id in sorted(actor.answering)],
                }
            )
    return views.reply({"items": found})


@api.post(
    "/demo/session",
    auth=bearer,
    response={201: schemas.SessionOut, **faults(400, 401, 403, 404, 422)},
    openapi_extra=body("DemoSessionIn"),
    tags=["demo"],
    summary="Act as one of the synthetic staff",
)
def act_as(request: HttpRequest) -> HttpResponse:
    """A token for a synthetic person, without the cost of a password: a demo's tokens age with its clock."""
    _drive(request)
    given = bodies.fields(bodies.json_object(request), text=("person",), needed=("person",))
    wanted = int(given["person"]) if re.fullmatch(r"[0-9]{1,18}", given["person"], re.ASCII) else 0
    person = people.directory().persons.get(wanted)
    # Nobody real is ever impersonated.
    if person is None or not person.synthetic or not person.active:
        raise errors.NotFound()
    token = people.issue_token(person)
    return views.reply(views.session(people.actor_for(person.id), token.secret, token.expires_at), 201)


@api.get(
    "/demo/clock",
    auth=bearer,
    response={200: schemas.ClockOut, **faults(401, 403, 404)},
    tags=["demo"],
    summary="The demo's present",
)
def read_clock(request: HttpRequest) -> HttpResponse:
    """The instant that counts as now."""
    _drive(request)
    return views.reply({"now": views.stamp(clock.now())})


@api.post(
    "/demo/clock",
    auth=bearer,
    response={200: schemas.ClockOut, **faults(400, 401, 403, 404, 409, 422)},
    openapi_extra=body("ClockIn"),
    tags=["demo"],
    summary="Move the demo's present forward",
)
def move_clock(request: HttpRequest) -> HttpResponse:
    """Forward only. Whatever became due on the way is done by the worker within seconds."""
    _drive(request)
    given = bodies.fields(bodies.json_object(request), text=("to",), needed=("to",))
    try:
        to = datetime.fromisoformat(given["to"])
    except ValueError:
        to = None
    if to is None or to.tzinfo is None or to.year > 2100:
        raise refusals.ItemMalformed(field_errors={"to": _("要填带时区的时间，例如 2026-11-23T09:00:00+08:00")})
    clock.travel_to(to)
    return views.reply({"now": views.stamp(clock.now())})
