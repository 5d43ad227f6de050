"""Planning a session, or a series of them; moving, changing, cancelling. The only writers of when and where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.matching import access, care, checks, events, held_with, lanes, signing, telling, venues, writing
from gezhi.engines.matching.models import BOOKED, CANCELLED, PLANNED, WAITING, WITHDRAWN, Booking, Session, Venue
from gezhi.engines.matching.schema import Activity, activity
from gezhi.foundation import db, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.places.placed import above


def plan(
    name: str,
    place_id: int,
    starts: datetime,
    ends: datetime,
    *,
    actor: Actor,
    title: str = "",
    theme: str = "",
    venue_id: int | None = None,
    room: str = "",
    seats: int | None = None,
    roles: Mapping[str, str] | None = None,
    unit: str = "",
    course: str = "",
    lesson: str = "",
    invite: bool = True,
    partners: Sequence[int] = (),
    key: str | None = None,
) -> Session:
    """Put one session into the calendar. The same `key` again gives the first one back.

    `roles`: {"speaker": name, …}, kept private. `unit`: whose rhythm it fulfils when that is not the place ("seat:9").
    `invite`: book the holders of the posts the activity expects. `partners`: subjects of the activity's register whom it
    is held with. Raises NotAllowed session.not_organiser, Invalid session.invalid, Conflict session.venue_busy,
    session.venue_closed, session.too_many, session.partner.
    """
    found = plan_series(
        name, place_id, [(starts, ends)], actor=actor, title=title, themes=[theme], venue_id=venue_id, room=room,
        seats=seats, roles=roles, unit=unit, course=course, lessons=[lesson], invite=invite, partners=partners, key=key,
    )  # fmt: skip
    return found[0]


def plan_series(
    name: str,
    place_id: int,
    times: Sequence[tuple[datetime, datetime]],
    *,
    actor: Actor,
    title: str = "",
    themes: Sequence[str] = ("",),
    venue_id: int | None = None,
    room: str = "",
    seats: int | None = None,
    roles: Mapping[str, str] | None = None,
    unit: str = "",
    course: str = "",
    lessons: Sequence[str] = ("",),
    invite: bool = True,
    partners: Sequence[int] = (),
    key: str | None = None,
) -> list[Session]:
    """Several sessions of one plan, all or none; `themes` and `lessons` go by their order, the last one stays.

    A past date is allowed (the record of what was held is entered afterwards), two months back at most.
    """
    kind = activity(name)
    with db.write():
        if key is not None:
            known = list(Session.objects.filter(plan_key__startswith=f"{key}:").order_by("starts", "id"))
            if known:
                return known
        directory = places.directory()
        if place_id not in directory or not directory.open(place_id):
            raise Invalid("session.invalid", field_errors={"place": _("请选一个在用的地方。")})
        seat = access.seat_to_convene(kind, place_id, actor=actor)
        checks.times(times)
        checks.weekday(kind, times)
        checks.festival(kind, times)
        words = checks.words(kind, title, room)
        named = checks.roles(kind, roles or {})
        helping = held_with.checked(kind, partners, [starts for starts, _ends in times], actor=actor)
        offered = care.offered(kind, checks.seats(kind, seats), seats, len(helping))
        if course:
            checks.lessons(course, lessons)
        path = directory.path(place_id)
        ids = db.new_ids(Session, len(times))
        made = []
        for number, ((starts, ends), id) in enumerate(zip(times, ids, strict=True)):
            row = Session(
                id=id, activity=kind.name, version=kind.version, body_hash=kind.hash, kind=kind.kind,
                inside=kind.inside, public=kind.public, restricted=bool(kind.see), place_id=place_id, **above(path), unit=unit or f"place:{place_id}",
                venue_id=venue_id, room=words["room"], title=words["title"], theme=checks.theme(kind, checks.nth(themes, number)),
                course=course, lesson=checks.nth(lessons, number) if course else "", series=ids[0] if len(ids) > 1 else None,
                starts=starts, ends=ends, seats=offered, sign_until=starts - timedelta(hours=kind.sign_up["closes"]),
                organiser_seat=seat, organiser_id=actor.person_id, roles=sorted(named),
                plan_key=f"{key}:{number}" if key is not None else None,
            )  # fmt: skip
            if venue_id is not None:
                _take_venue(row, venue_id)
            kept = writing.keep(id, {"roles": json.dumps(named, ensure_ascii=False)} if named else {})
            if named:
                row.roles_ref = kept["roles"].id
            patch = writing.state_of(row) | ({"roles_are": kept["roles"]} if named else {})
            patch |= {f"partner:{n}": {"subject_id": id} for n, id in enumerate(helping, start=1)}
            writing.save(row, "session.planned", patch, actor=actor, seat=seat, new=True)
            held_with.store(row, helping)
            made.append(row)
        for row in made if invite else ():
            persons = expected(kind, row)
            if persons:
                signing.invite(row, persons, actor=actor)
    return made


def change(
    session_id: int,
    *,
    actor: Actor,
    expected_seq: int | None = None,
    title: str | None = None,
    theme: str | None = None,
    seats: int | None = None,
    unlimited: bool = False,
    room: str | None = None,
    roles: Mapping[str, str] | None = None,
) -> Session:
    """Change what is not time and place. More seats bring up the waiting; fewer than promised are refused."""
    with db.write():
        row = access.to_change(session_id, actor=actor, expected_seq=expected_seq)
        kind = activity(row.activity, row.version)
        words = checks.words(kind, row.title if title is None else title, row.room if room is None else room)
        row.title, row.room = words["title"], words["room"]
        if theme is not None:
            row.theme = checks.theme(kind, theme)
        names = ["title", "room", "theme", "seats", "booked", "waiting", "roles"]
        if seats is not None or unlimited:
            wanted = None if unlimited and kind.sign_up["most"] is None else checks.seats(kind, seats)
            wanted = care.offered(kind, wanted, seats, care.helpers(row.pk)) if kind.ratio is not None else wanted
            if wanted is not None and row.booked > wanted:
                raise Conflict("session.seats_taken", booked=row.booked)
            row.seats = wanted
        kept = {}
        if roles is not None:
            named = checks.roles(kind, roles)
            kept = writing.keep(row.pk, {"roles": json.dumps(named, ensure_ascii=False)})
            row.roles, row.roles_ref = sorted(named), kept["roles"].id
        promoted = signing.promote(row)
        patch = writing.state_of(row, names) | signing.told(promoted)
        if kept:
            patch["roles_are"] = kept["roles"]
        writing.save(row, "session.changed", patch, actor=actor)
        telling.tell(row, promoted, telling.PLACE)
    return row


def move(
    session_id: int,
    starts: datetime,
    ends: datetime,
    *,
    actor: Actor,
    expected_seq: int | None = None,
    venue_id: int | None = None,
    room: str | None = None,
) -> tuple[Session, list[Booking]]:
    """Another time or venue; (the row, those who are bound elsewhere then and lost their place: tell them).

    Earlier commitments stay: whoever is held by another session at the new time is withdrawn from this one, and the
    waiting come up. Raises as `plan`, and Conflict session.past for one that has begun.
    """
    with db.write():
        row = access.to_change(session_id, actor=actor, expected_seq=expected_seq)
        if row.state != PLANNED:
            raise Conflict("session.past")
        checks.times([(starts, ends)])
        kind = activity(row.activity, row.version)
        checks.weekday(kind, [(starts, ends)])
        checks.festival(kind, [(starts, ends)])
        people_in = list(row.bookings.filter(state__in=(BOOKED, WAITING)).order_by("number"))
        seated = [b for b in people_in if b.state == BOOKED]
        keys = [lanes.person(b.who) for b in people_in]
        lanes.lock(keys + ([lanes.venue(venue_id)] if venue_id is not None else []))
        lanes.release(row.pk)
        row.starts, row.ends, row.venue_id = starts, ends, venue_id
        row.sign_until = starts - timedelta(hours=kind.sign_up["closes"])
        if room is not None:
            row.room = checks.words(kind, row.title, room)["room"]
        if venue_id is not None:
            _take_venue(row, venue_id)
        busy = lanes.taken(keys, starts, ends, besides=row.pk)
        lost = [b for b in seated if lanes.person(b.who) in busy]
        for booking in lost:
            booking.state = WITHDRAWN
        Booking.objects.bulk_update(lost, ["state"])
        row.booked -= sum(1 for b in lost if not b.walk_in)
        stay = [lanes.person(b.who) for b in seated if b not in lost]
        lanes.book(stay, starts, ends, session_id=row.pk)
        promoted = signing.promote(row)
        patch = writing.state_of(row, ["starts", "ends", "sign_until", "venue_id", "room", "booked", "waiting"])
        writing.save(row, "session.moved", patch | signing.told([*lost, *promoted]), actor=actor)
        telling.tell(row, people_in, telling.MOVED)
    return row, lost


def cancel(session_id: int, *, actor: Actor, reason: str, expected_seq: int | None = None) -> Session:
    """Take it out of the calendar, with a reason; everybody's time and the venue are free again."""
    said = checks.reason(reason)
    with db.write():
        row = access.to_change(session_id, actor=actor, expected_seq=expected_seq)
        if row.state != PLANNED:
            raise Conflict("session.past")
        row.state, row.cancelled_at = CANCELLED, clock.now()
        lanes.release(row.pk)
        kept = writing.keep(row.pk, {"cancel_reason": said})
        patch = writing.state_of(row, ["state", "cancelled_at"]) | {"cancel_reason": kept["cancel_reason"]}
        writing.save(row, "session.cancelled", patch, actor=actor)
        telling.tell(row, row.bookings.filter(state__in=(BOOKED, WAITING)).order_by("number"), telling.CANCELLED)
    return row


def expected(kind: Activity, row: Session) -> list[int]:
    """The persons the activity expects at this session: holders of its posts, inside its place, at its start."""
    directory, map_of = people.directory(), places.directory()
    found: dict[int, None] = {}
    inside = {row.place_id, *map_of.descendants(row.place_id)}
    for post in kind.invited:
        for seat in directory.seats.values():
            near = seat.place_id in inside or seat.place_id in map_of.ancestors(row.place_id)
            if seat.post == post and near and not seat.closed:
                found |= dict.fromkeys(directory.holders(seat.id, row.starts))
    return list(found)


def open_venue(
    name: str,
    place_id: int,
    *,
    actor: Actor,
    kind: str = "",
    owner: str = "",
    condition: str = "",
    capacity: int | None = None,
    until: date | None = None,
    opens: time | None = None,
    closes: time | None = None,
) -> Venue:
    """Enter a venue in the list; by whoever runs the place (case.raise_for or places.manage there)."""
    directory = places.directory()
    if place_id not in directory:
        raise Invalid("session.invalid", field_errors={"place": _("请选一个在用的地方。")})
    path = directory.path(place_id)
    if not actor.may("places.manage", path):
        actor.need("case.raise_for", path)
    words = {
        k: checks.line(v, 60) for k, v in {"name": name, "kind": kind, "owner": owner, "condition": condition}.items()
    }
    if not words["name"]:
        raise Invalid("session.invalid", field_errors={"name": _("这一项要填。")})
    venues.check(capacity, clock.today(), until, opens, closes)
    with db.write():
        (id,) = db.new_ids(Venue, 1)
        row = Venue(
            id=id, **words, place_id=place_id, **above(path), capacity=capacity, since=clock.today(),
            until=until, opens=opens, closes=closes,
        )  # fmt: skip
        patch = {name: _told(getattr(row, name)) for name in events.VENUE}
        writing.put(row, "venue.opened", patch, actor=actor, seat=writing.acting(actor), new=True)
    return row


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, time) else value


def _take_venue(row: Session, venue_id: int) -> None:
    venue = Venue.objects.filter(pk=venue_id).first()
    if venue is None:
        raise NotFound("venue.not_found")
    if not venues.is_open(venue, row.starts, row.ends):
        raise Conflict("session.venue_closed")
    if venue.capacity is not None and (row.seats is None or row.seats > venue.capacity):
        row.seats = venue.capacity
        if row.booked > row.seats:
            raise Conflict("session.seats_taken", booked=row.booked)
    lanes.hold([lanes.venue(venue_id)], row.starts, row.ends, session_id=row.pk, code="session.venue_busy")
