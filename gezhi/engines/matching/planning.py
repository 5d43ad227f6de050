"""Planning a session, or a series of them; moving, changing, cancelling. The only writers of when and where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.matching import access, events, lanes, signing, telling, writing
from gezhi.engines.matching.models import BOOKED, CANCELLED, PLANNED, WAITING, WITHDRAWN, Booking, Session, Venue
from gezhi.engines.matching.schema import ROLES, Activity, activity, course
from gezhi.foundation import db, people, places
from gezhi.foundation.calendar import clock, lunar_festivals
from gezhi.foundation.errors import Conflict, Invalid, NotFound
from gezhi.foundation.forms.cleaning import Refused, clean_text
from gezhi.foundation.people import Actor
from gezhi.foundation.people.changing import new_ids

LONGEST = timedelta(days=31)
AHEAD = timedelta(days=400)
SERIES_MOST = 60


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
    key: str | None = None,
) -> Session:
    """Put one session into the calendar. The same `key` again gives the first one back.

    `roles`: {"speaker": name, …}, kept private. `unit`: whose rhythm it fulfils when that is not the place ("seat:9").
    `invite`: book the holders of the posts the activity expects. Raises NotAllowed session.not_organiser, Invalid
    session.invalid, Conflict session.venue_busy, session.venue_closed, session.too_many.
    """
    found = plan_series(
        name, place_id, [(starts, ends)], actor=actor, title=title, themes=[theme], venue_id=venue_id, room=room,
        seats=seats, roles=roles, unit=unit, course=course, lessons=[lesson], invite=invite, key=key,
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
        _check_times(times)
        _check_weekday(kind, times)
        _check_festival(kind, times)
        words = _words(kind, title, room)
        named = _roles(kind, roles or {})
        offered = _seats(kind, seats)
        if course:
            _lessons(course, lessons)
        path = directory.path(place_id)
        ids = new_ids(Session, len(times))
        made = []
        for number, ((starts, ends), id) in enumerate(zip(times, ids, strict=True)):
            row = Session(
                id=id, activity=kind.name, version=kind.version, body_hash=kind.hash, kind=kind.kind,
                inside=kind.inside, public=kind.public, restricted=bool(kind.see), place_id=place_id, **access.placed(path), unit=unit or f"place:{place_id}",
                venue_id=venue_id, room=words["room"], title=words["title"], theme=_theme(kind, _nth(themes, number)),
                course=course, lesson=_nth(lessons, number) if course else "", series=ids[0] if len(ids) > 1 else None,
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
            writing.save(row, "session.planned", patch, actor=actor, seat=seat, new=True)
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
        words = _words(kind, row.title if title is None else title, row.room if room is None else room)
        row.title, row.room = words["title"], words["room"]
        if theme is not None:
            row.theme = _theme(kind, theme)
        names = ["title", "room", "theme", "seats", "booked", "waiting", "roles"]
        if seats is not None or unlimited:
            wanted = None if unlimited and kind.sign_up["most"] is None else _seats(kind, seats)
            if wanted is not None and row.booked > wanted:
                raise Conflict("session.seats_taken", booked=row.booked)
            row.seats = wanted
        kept = {}
        if roles is not None:
            named = _roles(kind, roles)
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
        _check_times([(starts, ends)])
        kind = activity(row.activity, row.version)
        _check_weekday(kind, [(starts, ends)])
        _check_festival(kind, [(starts, ends)])
        people_in = list(row.bookings.filter(state__in=(BOOKED, WAITING)).order_by("number"))
        seated = [b for b in people_in if b.state == BOOKED]
        keys = [lanes.person(b.who) for b in people_in]
        lanes.lock(keys + ([lanes.venue(venue_id)] if venue_id is not None else []))
        lanes.release(row.pk)
        row.starts, row.ends, row.venue_id = starts, ends, venue_id
        row.sign_until = starts - timedelta(hours=kind.sign_up["closes"])
        if room is not None:
            row.room = _words(kind, row.title, room)["room"]
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
    said = _reason(reason)
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
    words = {k: _line(v, 60) for k, v in {"name": name, "kind": kind, "owner": owner, "condition": condition}.items()}
    if not words["name"]:
        raise Invalid("session.invalid", field_errors={"name": _("这一项要填。")})
    with db.write():
        (id,) = new_ids(Venue, 1)
        row = Venue(
            id=id, **words, place_id=place_id, **access.placed(path), capacity=capacity, since=clock.today(),
            until=until, opens=opens, closes=closes,
        )  # fmt: skip
        head = writing.log.record(
            f"venue:{id}", "venue.opened", actor=actor, patch={name: _told(getattr(row, name)) for name in events.VENUE},
            head=writing.log.GENESIS, seat=actor.seat or next(iter(actor.seats), None),
        )  # fmt: skip
        row.event_seq, row.event_hash = head.seq, head.hash
        row.save(force_insert=True)
    return row


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, time) else value


def _take_venue(row: Session, venue_id: int) -> None:
    venue = Venue.objects.filter(pk=venue_id).first()
    if venue is None:
        raise NotFound("venue.not_found")
    start, end = clock.local(row.starts), clock.local(row.ends)
    over = venue.until is not None and end.date() > venue.until
    hours = (venue.opens is not None and start.time() < venue.opens) or (
        venue.closes is not None and (end.time() > venue.closes or end.date() != start.date())
    )
    if over or hours:
        raise Conflict("session.venue_closed")
    if venue.capacity is not None and (row.seats is None or row.seats > venue.capacity):
        row.seats = venue.capacity
        if row.booked > row.seats:
            raise Conflict("session.seats_taken", booked=row.booked)
    lanes.hold([lanes.venue(venue_id)], row.starts, row.ends, session_id=row.pk, code="session.venue_busy")


def _check_times(times: Sequence[tuple[datetime, datetime]]) -> None:
    now = clock.now()
    if not 1 <= len(times) <= SERIES_MOST:
        raise Invalid("session.invalid", field_errors={"starts": _("一次最多安排 {n} 场。").format(n=SERIES_MOST)})
    for starts, ends in times:
        if starts.tzinfo is None or ends.tzinfo is None or not timedelta() < ends - starts <= LONGEST:
            raise Invalid("session.invalid", field_errors={"ends": _("结束要晚于开始，一场最长一个月。")})
        if not now - timedelta(days=62) <= starts <= now + AHEAD:
            raise Invalid("session.invalid", field_errors={"starts": _("日期只能从两个月前到一年后。")})


def _check_weekday(kind: Activity, times: Sequence[tuple[datetime, datetime]]) -> None:
    day = (kind.rhythm or {}).get("weekday")
    if day is not None and any(clock.local(starts).isoweekday() != day for starts, _ends in times):
        named = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))[day - 1]
        raise Invalid("session.invalid", field_errors={"day": _("这一类在{weekday}开。").format(weekday=named)})


def _check_festival(kind: Activity, times: Sequence[tuple[datetime, datetime]]) -> None:
    name = kind.body.get("festival")
    for starts, _ends in times if name else ():
        day = clock.local(starts).date()
        right = lunar_festivals(day.year).get(name)
        if day != right:
            said = _("{year} 年的{name}是 {month} 月 {day} 日。")
            wrong = said.format(
                year=day.year, name=name, month=right.month if right else "", day=right.day if right else ""
            )
            raise Invalid("session.invalid", field_errors={"day": wrong})


def _words(kind: Activity, title: str, room: str) -> dict[str, str]:
    return {"title": _line(title, 80) or str(kind.body["title"]["zh"])[:80], "room": _line(room, 80)}


def _line(text: str, most: int) -> str:
    try:
        return clean_text(str(text or ""), max=most, lines=False)
    except Refused as refused:
        raise Invalid("session.invalid", field_errors={"title": str(refused)}) from None


def _reason(text: str) -> str:
    said = _line(text, 200)
    if len(said) < 2:
        raise Invalid("session.invalid", field_errors={"reason": _("这一项要填。")})
    return said


def _theme(kind: Activity, theme: str) -> str:
    theme = _line(theme, 40)
    known = [t["id"] for t in kind.themes["of"]]
    if known and theme not in known:
        raise Invalid("session.invalid", field_errors={"theme": _("请从列出的主题里选。")})
    if kind.themes["each"] and not theme:
        raise Invalid("session.invalid", field_errors={"theme": _("这一类要写明主题。")})
    return theme


def _seats(kind: Activity, seats: int | None) -> int | None:
    wanted = seats if seats is not None else kind.sign_up["seats"]
    most = kind.sign_up["most"]
    if wanted is not None and wanted < 1:
        raise Invalid("session.invalid", field_errors={"seats": _("座位至少一个。")})
    if most is not None and wanted is not None and wanted > most:
        raise Conflict("session.too_many", most=most)
    return wanted


def _roles(kind: Activity, given: Mapping[str, str]) -> dict[str, str]:
    unknown = [role for role in given if role not in ROLES]
    if unknown:
        raise Invalid("session.invalid", field_errors={"roles": _("没有这样的角色。")})
    return {role: said for role, name in given.items() if (said := _line(name, 60))}


def _lessons(name: str, lessons: Sequence[str]) -> None:
    known = {lesson["id"] for lesson in course(name).lessons}
    if any(lesson not in known for lesson in lessons):
        raise Invalid("course.lesson", field_errors={"lesson": _("请从课程表里选。")})


def _nth(values: Sequence[str], number: int) -> str:
    return values[min(number, len(values) - 1)] if values else ""
