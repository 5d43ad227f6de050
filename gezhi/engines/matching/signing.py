"""Signing up, the waiting line, leaving, and who was there. The session's row is the lock of its places.

Order of locks everywhere: the session, then lanes in the order of their keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.matching import access, lanes, rules, telling, writing
from gezhi.engines.matching.models import (
    ABSENT,
    ATTENDED,
    BOOKED,
    CANCELLED,
    DEPUTY,
    HELD,
    PLANNED,
    WAITING,
    WITHDRAWN,
    Booking,
    Session,
)
from gezhi.engines.matching.schema import activity
from gezhi.foundation import db, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.forms.cleaning import Refused, clean_text
from gezhi.foundation.people import Actor, crypto

NAME_MAX = 30
MARKS = (ATTENDED, ABSENT, DEPUTY)
HEADS_MAX = 100_000


@dataclass(frozen=True)
class Guest:
    """Somebody without an account: a name, and a phone by which they can be told of changes ("" when none is known)."""

    name: str
    phone: str = ""

    @property
    def who(self) -> str:
        """Tells persons apart and says nothing of them; two people of one household phone are two persons."""
        mark = f"{crypto.normalise_phone(self.phone) if self.phone else ''}|{crypto.normalise_name(self.name)}"
        return f"t:{crypto.blind('guest', mark).hex()}"


def guest(name: str, phone: str, *, phone_needed: bool = True) -> Guest:
    """A guest from what was typed. Raises Invalid session.invalid with field errors."""
    wrong: dict[str, str] = {}
    clean = ""
    try:
        clean = clean_text(name, max=NAME_MAX, lines=False)
    except Refused as refused:
        wrong["name"] = str(refused)
    if not clean and not wrong:
        wrong["name"] = _("请写怎么称呼您。")
    number = phone.strip()
    if number:
        try:
            number = crypto.normalise_phone(number)
        except ValueError:
            wrong["phone"] = _("这个电话不对，请看看是不是少了一位。")
    elif phone_needed:
        wrong["phone"] = _("请留个电话，改期好告诉您。")
    if wrong:
        raise Invalid("session.invalid", field_errors=wrong)
    return Guest(clean, number)


def sign_up(session_id: int, who: Guest | int, *, actor: Actor) -> Booking:
    """Take a place, or one in the waiting line. `who`: a guest, or the id of a colleague.

    A resident for themselves where the activity is open to residents; a colleague for themselves where it is open to
    staff; the organiser for anybody. Raises Conflict session.past, .full, .twice, .busy, NotAllowed session.staff_only.
    """
    with db.write():
        row = access.locked(session_id)
        if not access.sees(row, actor=actor):
            raise NotFound("session.not_found")
        kind = activity(row.activity, row.version)
        organiser = access.may_convene(kind, row.place_id, actor=actor)
        own = isinstance(who, int) and who == actor.person_id
        opened = (kind.public and (actor.kind == "resident" or organiser)) or (
            own and kind.sign_up["by"] != "organiser"
        )
        if not organiser and not opened:
            raise NotAllowed("session.staff_only")
        if row.state != PLANNED or clock.now() >= row.starts:
            raise Conflict("session.past")
        if not organiser and row.sign_until is not None and clock.now() >= row.sign_until:
            raise Conflict("session.past")
        booking = _enter(row, who, _next(row), code=rules.new_code() if not isinstance(who, int) else None)
        if row.bookings.filter(who=booking.who).exclude(state=WITHDRAWN).exists():
            raise Conflict("session.twice")
        kept = _contact(row, [(booking, who)])
        state = rules.place_for(row.booked, row.seats, kind.sign_up["waiting"])
        if not state:
            raise Conflict("session.full")
        # The waiting hold no time: they may be in two lines, and are bound when their turn comes.
        if state == BOOKED:
            lanes.hold([lanes.person(booking.who)], row.starts, row.ends, session_id=row.pk, code="session.busy")
            row.booked += 1
        else:
            row.waiting += 1
        booking.state = state
        booking.save(force_insert=True)
        patch = writing.state_of(row, ["booked", "waiting"]) | told([booking], kept)
        writing.save(row, "session.signed", patch, actor=actor)
        if isinstance(who, int) and not own and state == BOOKED:
            telling.tell(row, [booking], telling.EXPECTED)
    return booking


def invite(row: Session, persons: Sequence[int], *, actor: Actor) -> list[Booking]:
    """Inside a write, the row locked: put colleagues on the list of those expected, as far as seats reach.

    Who is bound elsewhere then is put on the list all the same and shown as such: being expected is no promise to come.
    """
    there = set(row.bookings.exclude(state=WITHDRAWN).values_list("who", flat=True))
    wanted = [p for p in dict.fromkeys(persons) if f"p:{p}" not in there]
    if row.seats is not None:
        wanted = wanted[: max(0, row.seats - row.booked)]
    if not wanted:
        return []
    directory, number = people.directory(), _next(row)
    made = [
        Booking(
            session_id=row.pk, number=number + n, who=f"p:{person}", person_id=person,
            label=directory.person(person).name_public, state=BOOKED, at=clock.now(),
        )
        for n, person in enumerate(wanted)
    ]  # fmt: skip
    keys = [lanes.person(b.who) for b in made]
    lanes.lock(keys)
    busy = lanes.taken(keys, row.starts, row.ends, besides=row.pk)
    lanes.book([key for key in keys if key not in busy], row.starts, row.ends, session_id=row.pk)
    Booking.objects.bulk_create(made)
    row.booked += len(made)
    writing.save(row, "session.signed", {"booked": row.booked} | told(made), actor=actor)
    if row.starts > clock.now():
        telling.tell(row, made, telling.EXPECTED)
    return made


def withdraw(session_id: int, number: int, *, actor: Actor, code: str = "") -> Booking:
    """Give a place back; the first of the waiting comes up. By the one it belongs to (their code, or themselves), or
    the organiser. Raises NotFound booking.not_found, Conflict session.past."""
    with db.write():
        row = access.locked(session_id)
        booking = row.bookings.filter(number=number).first()
        if booking is None or not _theirs(row, booking, actor, code):
            raise NotFound("booking.not_found")
        if booking.state == WITHDRAWN:
            return booking
        if row.state != PLANNED or clock.now() >= row.starts or booking.state not in (BOOKED, WAITING):
            raise Conflict("session.past")
        if booking.state == BOOKED:
            row.booked -= 1
            lanes.release(row.pk, [lanes.person(booking.who)])
        else:
            row.waiting -= 1
        booking.state = WITHDRAWN
        booking.save(update_fields=["state"])
        promoted = promote(row)
        patch = writing.state_of(row, ["booked", "waiting"]) | told([booking, *promoted])
        writing.save(row, "session.withdrawn", patch, actor=actor)
        telling.tell(row, promoted, telling.PLACE)
    return booking


def promote(row: Session) -> list[Booking]:
    """Inside a write, the row locked: those whose turn has come get their place. Who is bound elsewhere stays in line."""
    if not row.waiting or row.state != PLANNED or clock.now() >= row.starts:
        return []
    line = list(row.bookings.filter(state=WAITING).order_by("number"))
    keys = {lanes.person(b.who): b for b in line}
    lanes.lock(keys)
    busy = lanes.taken(list(keys), row.starts, row.ends, besides=row.pk)
    free = None if row.seats is None else row.seats - row.booked
    turn = set(rules.to_promote(free, [b.number for b in line], {keys[key].number for key in busy}))
    coming = [b for b in line if b.number in turn]
    for booking in coming:
        booking.state = BOOKED
    Booking.objects.bulk_update(coming, ["state"])
    lanes.book([lanes.person(b.who) for b in coming], row.starts, row.ends, session_id=row.pk)
    row.booked, row.waiting = row.booked + len(coming), row.waiting - len(coming)
    return coming


def attend(
    session_id: int,
    marks: Mapping[int, str],
    *,
    actor: Actor,
    heads: int | None = None,
    more: Sequence[Guest | int] = (),
    expected_seq: int | None = None,
) -> Session:
    """The attendance sheet, entered by the organiser once it has begun. The whole sheet is one event.

    `marks`: number -> attended | absent | deputy (somebody came for the head: the head was absent). `more`: who came
    without having signed up. `heads`: how many came without a name; only person-times count them, never persons.
    Raises Conflict session.not_yet, Invalid session.invalid.
    """
    with db.write():
        row = access.to_change(session_id, actor=actor, expected_seq=expected_seq)
        if clock.now() < row.starts:
            raise Conflict("session.not_yet")
        known = {b.number: b for b in row.bookings.exclude(state=WITHDRAWN)}
        wrong = [n for n, mark in marks.items() if n not in known or mark not in MARKS]
        if wrong:
            raise Invalid("session.invalid", field_errors={"marks": _("名单变了，请看一眼最新的再存。")})
        changed = []
        for number, mark in marks.items():
            booking = known[number]
            if booking.state == mark or (booking.state == WAITING and mark != ATTENDED):
                continue
            if booking.state == WAITING:  # no place was promised, and yet they came
                booking.walk_in, row.waiting = True, row.waiting - 1
            booking.state = mark
            changed.append(booking)
        Booking.objects.bulk_update(changed, ["state", "walk_in"])
        came = {b.who for b in known.values()}
        added: list[Booking] = []
        pairs: list[tuple[Booking, Guest | int]] = []
        for number, who in enumerate(more, start=_next(row) if more else 1):
            booking = _enter(row, who, number, code=None)
            if booking.who in came:
                raise Conflict("session.twice")
            came.add(booking.who)
            booking.state, booking.walk_in = ATTENDED, True
            added.append(booking)
            pairs.append((booking, who))
        kept = _contact(row, pairs)
        Booking.objects.bulk_create(added)
        if heads is not None:
            if not 0 <= heads <= HEADS_MAX:
                raise Invalid("session.invalid", field_errors={"heads": _("人数不对。")})
            row.heads = heads
        row.attended = row.bookings.filter(state=ATTENDED).count()
        row.person_times = row.attended + row.heads
        if row.state == PLANNED:
            row.state, row.held_at = HELD, clock.now()
        names = ["state", "held_at", "attended", "heads", "person_times", "waiting"]
        writing.save(
            row, "session.attended", writing.state_of(row, names) | told([*changed, *added], kept), actor=actor
        )
    return row


def say(session_id: int, number: int, rating: int, words: str, *, actor: Actor, code: str = "") -> Booking:
    """Feedback of somebody who was there: 1 to 5, and words if they like. Raises Conflict booking.not_there."""
    if rating not in range(1, 6):
        raise Invalid("session.invalid", field_errors={"rating": _("请选一个。")})
    return _file(session_id, number, "said", _words(words, needed=False), actor=actor, code=code, rating=rating)


def take_away(session_id: int, number: int, data: Mapping[str, Any], *, actor: Actor) -> Booking:
    """What somebody who was there learned, by the activity's own form. Raises Invalid, Conflict booking.not_there."""
    row = Session.objects.filter(pk=session_id).first()
    if row is None:
        raise NotFound("session.not_found")
    values, wrong = activity(row.activity, row.version).takeaway.clean(data)
    if wrong:
        raise Invalid("session.invalid", field_errors=wrong)
    form = activity(row.activity, row.version).takeaway
    return _file(session_id, number, "takeaway", json.dumps(form.dump(values), ensure_ascii=False), actor=actor)


def _file(
    session_id: int, number: int, name: str, text: str, *, actor: Actor, code: str = "", rating: int | None = None
) -> Booking:
    with db.write():
        row = access.locked(session_id)
        booking = row.bookings.filter(number=number).first()
        if booking is None or not _theirs(row, booking, actor, code):
            raise NotFound("booking.not_found")
        if booking.state != ATTENDED or row.state == CANCELLED:
            raise Conflict("booking.not_there")
        refs = {}
        if text:
            refs[name] = writing.keep(row.pk, {f"{name}:{number}": text})[f"{name}:{number}"]
            setattr(booking, f"{name}_ref", refs[name].id)
        if rating is not None:
            booking.rating = rating
        booking.save(update_fields=["rating", "said_ref", "takeaway_ref"])
        kind = "session.said" if name == "said" else "session.filed"
        writing.save(row, kind, {f"booking:{number}": writing.booking_part(booking, refs)}, actor=actor)
    return booking


def told(bookings: Iterable[Booking], refs: Mapping[int, Any] | None = None) -> dict[str, Any]:
    """Bookings as parts of an event. `refs`: number -> the contact that was kept with it."""
    refs = refs or {}
    return {
        f"booking:{b.number}": writing.booking_part(b, {"contact": refs[b.number]} if b.number in refs else {})
        for b in bookings
    }


def _enter(row: Session, who: Guest | int, number: int, *, code: str | None) -> Booking:
    mark = f"p:{who}" if isinstance(who, int) else who.who
    person = who if isinstance(who, int) else None
    label = people.directory().person(who).name_public if isinstance(who, int) else crypto.mask_name(who.name)
    return Booking(
        session_id=row.pk,
        number=number, who=mark, person_id=person, label=label, code=code, at=clock.now(),
    )  # fmt: skip


def _contact(row: Session, pairs: Sequence[tuple[Booking, Guest | int]]) -> dict[int, Any]:
    texts = {
        f"contact:{booking.number}": json.dumps({"name": who.name, "phone": who.phone}, ensure_ascii=False)
        for booking, who in pairs
        if isinstance(who, Guest)
    }
    kept = writing.keep(row.pk, texts)
    found = {}
    for booking, who in pairs:
        if isinstance(who, Guest):
            found[booking.number] = kept[f"contact:{booking.number}"]
            booking.contact_ref = found[booking.number].id
    return found


def _next(row: Session) -> int:
    last = row.bookings.order_by("-number").values_list("number", flat=True).first()
    return (last or 0) + 1


def _theirs(row: Session, booking: Booking, actor: Actor, code: str) -> bool:
    if actor.kind == "resident":
        return bool(code) and booking.code == code
    if actor.kind == "staff" and booking.person_id is not None and booking.person_id == actor.person_id:
        return True
    kind = activity(row.activity, row.version)
    return actor.kind == "system" or access.may_convene(kind, row.place_id, actor=actor)


def _words(text: str, *, needed: bool) -> str:
    try:
        said = clean_text(text, max=500, lines=True)
    except Refused as refused:
        raise Invalid("session.invalid", field_errors={"words": str(refused)}) from None
    if needed and not said:
        raise Invalid("session.invalid", field_errors={"words": _("这一项要填。")})
    return said
