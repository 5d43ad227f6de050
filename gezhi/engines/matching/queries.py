"""Reading sessions: calendars, one session with its list, one's own, who came of those expected."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from gezhi.engines.matching import access
from gezhi.engines.matching.models import (
    ATTENDED,
    BOOKED,
    CANCELLED,
    CLOSED,
    HELD,
    PLANNED,
    WAITING,
    WITHDRAWN,
    Booking,
    Hold,
    Session,
    Venue,
)
from gezhi.engines.matching.schema import Activity, activities, activity
from gezhi.foundation import events as log
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotFound
from gezhi.foundation.people import Actor

LIMIT = 400
FARTHEST = timedelta(days=400)  # how far a session can be moved


@dataclass(frozen=True)
class View:
    """One session for somebody who may see it. `roles`: {role: name}, empty when lawfully erased."""

    row: Session
    kind: Activity
    venue: Venue | None
    roles: Mapping[str, str]
    bookings: list[Booking]
    may_convene: bool
    mine: Booking | None

    @property
    def place_left(self) -> int | None:
        return None if self.row.seats is None else max(0, self.row.seats - self.row.booked)


@dataclass(frozen=True)
class Coverage:
    """Who came of those expected. `absent` includes heads for whom a deputy came; `deputies` are among them."""

    expected: frozenset[int]
    came: frozenset[int]
    deputies: frozenset[int]

    @property
    def absent(self) -> frozenset[int]:
        return self.expected - self.came

    @property
    def full(self) -> bool:
        return self.expected <= self.came


def between(
    actor: Actor,
    since: datetime,
    until: datetime,
    *,
    place: int | None = None,
    name: str = "",
    state: str = "",
    theme: str = "",
    limit: int = LIMIT,
) -> list[Session]:
    """Sessions that begin in [since, until) and the actor may see, in order of time. One query, `limit` rows at most."""
    rows = Session.objects.filter(access.visible(actor), starts__gte=since, starts__lt=until)
    if place is not None:
        rows = rows.filter(access.inside(place))
    for column, value in (("activity", name), ("state", state), ("theme", theme)):
        if value:
            rows = rows.filter(**{column: value})
    return list(rows.order_by("starts", "id")[:limit])


def view(session_id: int, *, actor: Actor) -> View:
    """One session whole: four queries, however many signed up. Raises NotFound session.not_found."""
    row = access.to_see(session_id, actor=actor)
    kind = activity(row.activity, row.version)
    convenes = access.may_convene(kind, row.place_id, actor=actor)
    bookings = list(row.bookings.exclude(state=WITHDRAWN).order_by("number"))
    mine = next((b for b in bookings if actor.person_id is not None and b.person_id == actor.person_id), None)
    venue = Venue.objects.filter(pk=row.venue_id).first() if row.venue_id else None
    return View(row, kind, venue, roles_of(row), bookings, convenes, mine)


def roles_of(row: Session) -> Mapping[str, str]:
    """Who speaks, hosts, teaches: {role: name}. One query when there are any."""
    if row.roles_ref is None:
        return {}
    text = log.read_private([row.roles_ref])[row.roles_ref]
    return json.loads(text) if text else {}


def mine(actor: Actor, *, since: datetime, limit: int = 60) -> list[tuple[Session, Booking]]:
    """What a colleague is expected at or signed up for, from `since` on, in order of time. One query."""
    if actor.person_id is None:
        return []
    rows = (
        Booking.objects.filter(person_id=actor.person_id, session__ends__gte=since)
        .exclude(state=WITHDRAWN)
        .exclude(session__state=CANCELLED)
        .select_related("session")
        .order_by("session__starts", "session_id")[:limit]
    )
    return [(row.session, row) for row in rows]


def convened(actor: Actor, *, since: datetime, until: datetime, limit: int = 60) -> list[Session]:
    """Sessions the actor convenes that still need something of them: coming up, or held and not finished."""
    seats = sorted(actor.answering)
    rows = Session.objects.filter(
        organiser_seat__in=seats, state__in=(PLANNED, HELD), starts__lt=until, ends__gte=since
    )
    return list(rows.order_by("starts", "id")[:limit])


def coming(place: int | None, *, size: int = 40, kinds: Collection[str] = ()) -> list[Session]:
    """What residents may sign up for, the next first; of one place and everything inside it. One query."""
    rows = Session.objects.filter(public=True, state=PLANNED, starts__gt=clock.now())
    if place is not None:
        rows = rows.filter(access.inside(place))
    if kinds:
        rows = rows.filter(kind__in=list(kinds))
    return list(rows.order_by("starts", "id")[:size])


def by_code(code: str) -> tuple[Session, Booking]:
    """A resident's own sign-up. Raises NotFound booking.not_found."""
    found = Booking.objects.filter(code=code).select_related("session").first()
    if found is None:
        raise NotFound("booking.not_found")
    return found.session, found


def line_position(booking: Booking) -> int:
    """The place of a waiting person in the line, from 1."""
    ahead = Booking.objects.filter(session=booking.session_id, state=WAITING, number__lt=booking.number)
    return ahead.count() + 1


def contacts(bookings: Sequence[Booking]) -> dict[int, dict[str, str]]:
    """Number -> {"name", "phone"} of guests; for `reveal` and the organiser's own confirmations only. One query."""
    texts = log.read_private([b.contact_ref for b in bookings if b.contact_ref])
    return {b.number: json.loads(texts[b.contact_ref] or "{}") for b in bookings if b.contact_ref}


def takeaways(row: Session) -> dict[int, Mapping[str, Any] | None]:
    """Person -> what they filed; None for those who were there and filed nothing. Two queries."""
    came = list(row.bookings.filter(state=ATTENDED, person_id__isnull=False).order_by("number"))
    texts = log.read_private([b.takeaway_ref for b in came if b.takeaway_ref])
    return {
        b.person_id or 0: json.loads(text) if b.takeaway_ref and (text := texts[b.takeaway_ref]) else None for b in came
    }


def coverage(
    name: str,
    since: datetime,
    until: datetime,
    *,
    place: int | None = None,
    theme: str = "",
    states: Sequence[str] = (),
) -> Coverage:
    """Over all sessions of an activity that began in [since, until): who was expected, who came at least once.

    Expected are the holders, now, of the posts the activity expects, inside `place` or everywhere. Persons, not
    person-times: somebody who came to all of them counts once. Two queries.
    """
    kind = activity(name)
    directory = people.directory()
    within = _within(place)
    holders = {
        person
        for post in kind.invited
        for seat in directory.seats.values()
        if seat.post == post and not seat.closed and within(seat.place_id)
        for person in directory.holders(seat.id)
    }
    rows = Session.objects.filter(
        activity=name, starts__gte=since, starts__lt=until, state__in=states or (HELD, CLOSED)
    )
    if theme:
        rows = rows.filter(theme=theme)
    if place is not None:
        rows = rows.filter(access.inside(place))
    marks = Booking.objects.filter(session__in=rows, person_id__isnull=False).exclude(state=WITHDRAWN)
    came: set[int] = set()
    deputies: set[int] = set()
    for person, state in marks.values_list("person_id", "state").distinct():
        (came if state == ATTENDED else deputies if state == "deputy" else set()).add(person or 0)
    return Coverage(frozenset(holders), frozenset(came & holders), frozenset((deputies & holders) - came))


def covered_places(name: str, level: str, since: datetime, until: datetime, *, theme: str = "") -> set[int]:
    """The places of a level in which the activity took place in [since, until). One query."""
    rows = Session.objects.filter(activity=name, state__in=(HELD, CLOSED), starts__gte=since, starts__lt=until)
    if theme:
        rows = rows.filter(theme=theme)
    return {id for id in rows.values_list(f"{level}_id", flat=True).distinct() if id is not None}


@dataclass(frozen=True)
class Slip:
    """A session as it was planned and as it went. `days`: how much later it was held; None when it was not."""

    row: Session
    planned: datetime
    done: bool
    days: int | None


def slips(name: str, since: datetime, until: datetime, *, place: int | None = None) -> list[Slip]:
    """Plan against done: sessions first planned for [since, until), by that date, with how far they slipped.

    The first date stands in the event that planned it. Two queries.
    """
    rows = Session.objects.filter(activity=name, starts__gte=since - FARTHEST, starts__lt=until + FARTHEST)
    if place is not None:
        rows = rows.filter(access.inside(place))
    by_stream = {f"session:{row.pk}": row for row in rows}
    found = []
    for stream, patch in log.Event.objects.filter(stream__in=list(by_stream), seq=1).values_list("stream", "patch"):
        row = by_stream[stream]
        planned = datetime.fromisoformat(patch["starts"])
        if since <= planned < until:
            done = row.state in (HELD, CLOSED)
            days = (clock.local(row.starts).date() - clock.local(planned).date()).days if done else None
            found.append(Slip(row, planned, done, days))
    return sorted(found, key=lambda slip: (slip.planned, slip.row.pk))


def venue_use(place: int, since: datetime, until: datetime) -> list[tuple[Venue, int]]:
    """The venues of a place with how often each was used in [since, until): two queries."""
    venues = list(Venue.objects.filter(access.inside(place)).order_by("name", "id"))
    used: dict[int, int] = {}
    rows = Session.objects.filter(venue_id__in=[v.pk for v in venues], starts__gte=since, starts__lt=until)
    for venue_id in rows.exclude(state=CANCELLED).values_list("venue_id", flat=True):
        used[venue_id or 0] = used.get(venue_id or 0, 0) + 1
    return [(venue, used.get(venue.pk, 0)) for venue in venues]


def free_venues(place: int, starts: datetime, ends: datetime, *, today: date | None = None) -> list[Venue]:
    """The venues of a place that nobody has at that time and that are still ours to use: two queries."""
    day = today or clock.local(starts).date()
    venues = Venue.objects.filter(access.inside(place)).filter(Q(until__isnull=True) | Q(until__gte=day))
    met = Hold.objects.filter(lane__startswith="venue:", starts__lt=ends, ends__gt=starts)
    busy = set(met.values_list("lane", flat=True))
    return [venue for venue in venues.order_by("name", "id") if f"venue:{venue.pk}" not in busy]


def unseated(row: Session) -> list[Booking]:
    """Those promised a place who were not marked yet."""
    return list(row.bookings.filter(state=BOOKED).order_by("number"))


def seen_names(actor: Actor) -> list[Activity]:
    """Activities for a filter: everything that is not kept to posts the actor does not sit in."""
    directory = people.directory()
    mine = {directory.seat(seat).post for seat in actor.answering}
    return [kind for kind in activities() if not kind.see or mine & {*kind.see, *kind.organisers}]


def month(day: date) -> tuple[datetime, datetime]:
    """First and last instant of the month a day lies in, whole weeks around it."""
    first = day.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    start = first - timedelta(days=first.weekday())
    end = last + timedelta(days=7 - last.weekday())
    return clock.midnight(start), clock.midnight(end)


def _within(place: int | None) -> Any:
    directory = places.directory()
    return lambda id: place is None or directory.is_within(id, place) or id == place
