"""Children in our care at a session: brought and fetched by adults who are named, never more of them than the helpers can watch.

`care: {ratio: 8}` of an activity: at most so many children to one helper, in what is promised and in who is there. Helpers
are the partners of the session. The names of adults are private. docs/rules/care.md
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.matching import access, checks, held_with, writing
from gezhi.engines.matching.loan_models import Stay
from gezhi.engines.matching.models import ATTENDED, BOOKED, HELD, PLANNED, Partner, Session
from gezhi.engines.matching.schema import Activity, activity
from gezhi.foundation import db
from gezhi.foundation import events as log
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound
from gezhi.foundation.people import Actor, crypto

EARLY = timedelta(hours=1)
FETCHERS = 5
STAY = ("came_at", "left_at")
STAY_REFS = {"brought": "brought_ref", "fetched": "fetched_ref"}


def offered(kind: Activity, seats: int | None, asked: int | None, helpers: int) -> int | None:
    """The seats of a session with so many helpers: never above the ratio. Raises Conflict care.ratio when more were asked."""
    if kind.ratio is None:
        return seats
    most = kind.ratio * helpers
    if asked is not None and asked > most:
        raise Conflict("care.ratio", ratio=kind.ratio, helpers=helpers)
    return most if seats is None else min(seats, most)


def helpers(session_id: int) -> int:
    """How many helpers are there, or are to come. One query."""
    return Partner.objects.filter(session_id=session_id, away=False).count()


def arrive(session_id: int, number: int, adult: str, fetchers: Sequence[str] = (), *, actor: Actor) -> Stay:
    """A child is handed over by a named adult, who says which adults may fetch it (themselves anyway).

    Raises NotFound booking.not_found, Invalid session.invalid, Conflict care.ratio, care.twice, session.not_yet.
    """
    with db.write():
        row, kind = _open(session_id, actor)
        now = clock.now()
        if now < row.starts - EARLY:
            raise Conflict("session.not_yet")
        booking = row.bookings.filter(number=number, state__in=(BOOKED, ATTENDED, "absent")).first()
        if booking is None:
            raise NotFound("booking.not_found")
        if row.stays.filter(number=number).exists():
            raise Conflict("care.twice")
        there = helpers(row.pk)
        if row.stays.filter(left_at=None).count() + 1 > (kind.ratio or 0) * there:
            raise Conflict("care.ratio", ratio=kind.ratio, helpers=there)
        names = [_name(adult), *(_name(one) for one in fetchers if one.strip())][: FETCHERS + 1]
        kept = writing.keep(row.pk, {f"brought:{number}": json.dumps(names, ensure_ascii=False)})[f"brought:{number}"]
        (id,) = db.new_ids(Stay, 1)
        stay = Stay(id=id, session=row, number=number, came_at=now, brought_ref=kept.id)
        stay.save(force_insert=True)
        booking.state = ATTENDED
        booking.save(update_fields=["state"])
        row.attended = row.bookings.filter(state=ATTENDED).count()
        row.person_times = row.attended + row.heads
        _begun(row, now)
        patch = writing.state_of(row, ["attended", "person_times", "state", "held_at"])
        patch |= {f"booking:{number}": writing.booking_part(booking), f"stay:{number}": _part(stay, {"brought": kept})}
        writing.save(row, "session.arrived", patch, actor=actor)
    return stay


def leave(session_id: int, number: int, adult: str, *, actor: Actor) -> Stay:
    """A child goes with a named adult, one of those who may fetch it. Raises Conflict care.not_named, care.not_here."""
    with db.write():
        row, _kind = _open(session_id, actor)
        stay = row.stays.select_for_update().filter(number=number, left_at=None).first()
        if stay is None:
            raise Conflict("care.not_here")
        name = _name(adult)
        if crypto.normalise_name(name) not in {crypto.normalise_name(one) for one in may_fetch(stay)}:
            raise Conflict("care.not_named")
        kept = writing.keep(row.pk, {f"fetched:{number}": name})[f"fetched:{number}"]
        stay.left_at, stay.fetched_ref = clock.now(), kept.id
        stay.save(update_fields=["left_at", "fetched_ref"])
        _begun(row, clock.now())
        patch = writing.state_of(row, ["state", "held_at"]) | {f"stay:{number}": _part(stay, {"fetched": kept})}
        writing.save(row, "session.left", patch, actor=actor)
    return stay


def also(session_id: int, number: int, adult: str, reason: str, *, actor: Actor) -> Stay:
    """One adult more may fetch a child that is here, and on whose word (the parent rang, …)."""
    why = checks.reason(reason)
    with db.write():
        row, _kind = _open(session_id, actor)
        stay = row.stays.select_for_update().filter(number=number, left_at=None).first()
        if stay is None:
            raise Conflict("care.not_here")
        words = json.dumps([*may_fetch(stay), _name(adult)], ensure_ascii=False)
        kept = writing.keep(row.pk, {f"brought:{number}": words, f"also:{number}": why})
        stay.brought_ref = kept[f"brought:{number}"].id
        stay.save(update_fields=["brought_ref"])
        patch = {f"stay:{number}": _part(stay, {"brought": kept[f"brought:{number}"]}), "also": kept[f"also:{number}"]}
        writing.save(row, "session.also", patch, actor=actor)
    return stay


def away(session_id: int, subject_id: int, *, actor: Actor, instead: int | None = None) -> Session:
    """A helper does not come (or goes): another one `instead`, or none where the ratio still holds without.

    Raises NotFound session.not_found, Conflict care.ratio, session.partner.
    """
    with db.write():
        row, kind = _open(session_id, actor)
        gone = Partner.objects.filter(session=row, subject_id=subject_id, away=False).first()
        if gone is None:
            raise NotFound("session.not_found")
        gone.away = True
        gone.save(update_fields=["away"])
        patch: dict[str, Any] = {f"partner:{gone.number}": {"subject_id": subject_id, "away": True}}
        if instead is not None:
            (who,) = held_with.checked(kind, [instead], [row.starts], actor=actor)
            back = Partner.objects.filter(session=row, subject_id=who).first()
            if back is None:
                last = Partner.objects.filter(session=row).order_by("-number").values_list("number", flat=True)[0]
                (id,) = db.new_ids(Partner, 1)
                back = Partner(id=id, session=row, number=last + 1, subject_id=who)
            back.away = False
            back.save()
            patch[f"partner:{back.number}"] = {"subject_id": who, "away": False}
        there = helpers(row.pk)
        children = row.stays.filter(left_at=None).count() if clock.now() >= row.starts else row.booked
        if children > (kind.ratio or 0) * there:
            raise Conflict("care.ratio", ratio=kind.ratio, helpers=there)
        row.seats = max(row.booked, (kind.ratio or 0) * there)
        writing.save(row, "session.helper_away", patch | {"seats": row.seats}, actor=actor)
    return row


def here(row: Session) -> list[Stay]:
    """The children in our care, those still here first. One query."""
    return sorted(row.stays.all(), key=lambda stay: (stay.left_at is not None, stay.number))


def still_here(session_id: int) -> bool:
    """Whether a child has not been fetched."""
    return Stay.objects.filter(session_id=session_id, left_at=None).exists()


def may_fetch(stay: Stay) -> list[str]:
    """The adults who may fetch a child, for whoever has it in care. One query."""
    text = log.read_private([stay.brought_ref])[stay.brought_ref] if stay.brought_ref else None
    return json.loads(text) if text else []


def _open(session_id: int, actor: Actor) -> tuple[Session, Activity]:
    row = access.to_change(session_id, actor=actor)
    kind = activity(row.activity, row.version)
    if kind.ratio is None:
        raise Conflict("care.not_care")
    return row, kind


def _begun(row: Session, now: datetime) -> None:
    """Who is brought or fetched once it has begun shows that it is held."""
    if row.state == PLANNED and now >= row.starts:
        row.state, row.held_at = HELD, now


def _name(adult: str) -> str:
    said = checks.line(adult, 30)
    if len(said) < 2:
        raise Invalid("session.invalid", field_errors={"adult": _("请写大人的姓名。")})
    return said


def _part(stay: Stay, new: dict[str, log.PrivateRef]) -> dict[str, Any]:
    told: dict[str, Any] = {"came_at": stay.came_at.isoformat(), "left_at": stay.left_at and stay.left_at.isoformat()}
    return told | {name: new.get(name, getattr(stay, column)) for name, column in STAY_REFS.items()}
