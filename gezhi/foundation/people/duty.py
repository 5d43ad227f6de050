"""The duty roster: who is on shift in a duty seat, and what one shift leaves to the next. Stream `shift:<id>`.

A duty seat (a post with `duty: true`) belongs to whoever is on shift; between shifts to those appointed to it,
else it is vacant and falls up like any other: officer on duty -> leading officer -> duty desk. docs/rules/duty.md
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F

from gezhi.foundation import calendar, events, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.events import GENESIS, Draft, Head

from . import refusals, rotation
from .actor import POWERS, Actor
from .changing import BACKDATED_AT_MOST, Change, changing
from .models import Shift
from .rotation import Pattern

LONGEST = timedelta(days=7)
MOST_DAYS = 100
_MOMENT = timedelta(microseconds=1)
SLOTS = (rotation.DAY, rotation.NIGHT, rotation.REST)


@dataclass(frozen=True)
class NewShift:
    """A person in a duty seat from `since` up to `until`; `slot`: day, night or rest."""

    seat_id: int
    person_id: int
    since: datetime
    until: datetime
    slot: str = rotation.DAY


def plan_shifts(rows: Iterable[NewShift], *, actor: Actor) -> list[int]:
    """Enter shifts, all or none; returns their ids in order. Holes may stay (they are shown), overlaps may not.

    Raises Invalid duty.not_duty, duty.times; Conflict duty.overlap (the seat), duty.twice (the person),
    people.seat_closed, people.not_active; NotFound; NotAllowed.
    """
    with changing(actor) as change:
        return _insert(list(rows), change, actor)


def plan_rotation(
    seat_id: int,
    persons: Sequence[int],
    first: date,
    last: date,
    *,
    actor: Actor,
    pattern: Pattern | None = None,
    replace: bool = False,
) -> list[int]:
    """Fill the days `first` to `last` (100 at most) of a seat by rotation; what has passed already is left out.

    Working days, days off and make-up days come from the calendar. The rotation goes on after whoever had the last
    slot of each kind. `replace`: shifts of these days that have not begun are cancelled first, one that runs is
    kept. Raises as `plan_shifts`, and Invalid duty.nobody.
    """
    pattern = pattern or Pattern()
    if not pattern.sound() or last < first or (last - first).days >= MOST_DAYS:
        raise refusals.DUTY_TIMES()
    if not persons:
        raise refusals.DUTY_NOBODY()
    with changing(actor) as change:
        _duty_seat(seat_id, change, actor)
        wanted = [slot for slot in rotation.slots(first, last, pattern, calendar.is_workday) if slot.until > change.now]
        if not wanted:
            raise refusals.DUTY_TIMES()
        kept = []
        for shift in _within(seat_id, wanted[0].since, wanted[-1].until):
            if replace and shift.since >= change.now:
                _store(shift, "shift.cancelled", {"until": shift.since}, actor)
            else:
                kept.append(shift)
        if replace and kept:
            wanted = [slot for slot in wanted if not any(s.since < slot.until and slot.since < _end(s) for s in kept)]
        had: dict[str, int] = {}
        earlier = Shift.objects.filter(seat_id=seat_id, since__lt=wanted[0].since if wanted else change.now)
        for slot, person in (
            earlier.filter(until__gt=F("since")).order_by("-since").values_list("slot", "person_id")[:60]
        ):
            had.setdefault(slot, person)
        before = next((s.person_id for s in kept if wanted and s.until == wanted[0].since), None)
        if before is None and wanted and (term := change.before.shift_at(seat_id, wanted[0].since - _MOMENT)):
            before = term.person_id
        rows = [
            NewShift(seat_id, person, slot.since, slot.until, slot.kind)
            for slot, person in rotation.rotate(wanted, persons, had, before)
        ]
        return _insert(rows, change, actor)


def swap(first_id: int, second_id: int, *, note: str, actor: Actor) -> None:
    """Two persons change shifts, neither of which has begun; `note` says why (kept as private text).

    Raises NotFound duty.no_shift; Conflict duty.begun, duty.twice; Invalid duty.note_needed; NotAllowed.
    """
    _need_note(note)
    with changing(actor) as change:
        one, other = _locked([first_id, second_id])
        for shift in (one, other):
            if shift.since <= change.now:
                raise refusals.DUTY_BEGUN()
            _duty_seat(shift.seat_id, change, actor)
        for shift, person in ((one, other.person_id), (other, one.person_id)):
            _check_person(person, shift.seat_id, change, actor)
            _refuse_twice(person, shift.since, _end(shift), without={one.pk, other.pk})
        one.person_id, other.person_id = other.person_id, one.person_id
        for shift, partner in ((one, other), (other, one)):
            _store(shift, "shift.swapped", {"person_id": shift.person_id, "with": partner.pk}, actor, note)


def relieve(shift_id: int, person_id: int, *, note: str, actor: Actor) -> int:
    """Somebody else takes a shift over: all of it, or what is left of one that runs; returns the shift's id.

    Raises as `swap`, and Conflict duty.over.
    """
    _need_note(note)
    with changing(actor) as change:
        (shift,) = _locked([shift_id])
        until = _end(shift)
        if until <= change.now:
            raise refusals.DUTY_OVER()
        _duty_seat(shift.seat_id, change, actor)
        if person_id == shift.person_id:
            return shift.pk
        if shift.since >= change.now:
            _check_person(person_id, shift.seat_id, change, actor)
            _refuse_twice(person_id, shift.since, until, without={shift.pk})
            shift.person_id = person_id
            _store(shift, "shift.relieved", {"person_id": person_id}, actor, note)
            return shift.pk
        _store(shift, "shift.ended", {"until": change.now}, actor, note)
        return _insert([NewShift(shift.seat_id, person_id, change.now, until, shift.slot)], change, actor)[0]


def cancel(shift_id: int, *, actor: Actor) -> None:
    """Take a shift off the roster: all of it, or what is left. Raises NotFound duty.no_shift, Conflict duty.over."""
    with changing(actor) as change:
        (shift,) = _locked([shift_id])
        if _end(shift) <= change.now:
            raise refusals.DUTY_OVER()
        _duty_seat(shift.seat_id, change, actor)
        _store(shift, "shift.cancelled", {"until": max(change.now, shift.since)}, actor)


def _insert(rows: list[NewShift], change: Change, actor: Actor) -> list[int]:
    """Within a change: check and insert shifts, one INSERT for them and one for their events."""
    if not rows:
        return []
    for seat_id in {row.seat_id for row in rows}:
        _duty_seat(seat_id, change, actor)
    for person_id, seat_id in {(row.person_id, row.seat_id) for row in rows}:
        _check_person(person_id, seat_id, change, actor)
    oldest = change.now - BACKDATED_AT_MOST
    for row in rows:
        aware = row.since.tzinfo is not None and row.until.tzinfo is not None
        if not aware or row.slot not in SLOTS or not row.since < row.until <= row.since + LONGEST or row.since < oldest:
            raise refusals.DUTY_TIMES()
    since, until = min(row.since for row in rows), max(row.until for row in rows)
    there = Shift.objects.filter(since__lt=until, until__gt=since).exclude(until=F("since"))
    taken = [NewShift(s.seat_id, s.person_id, s.since, _end(s), s.slot) for s in there]
    _refuse_clashes(rows, taken)
    ids = new_ids(Shift, len(rows))
    facts = [
        {"seat_id": row.seat_id, "person_id": row.person_id, "since": row.since, "until": row.until, "slot": row.slot}
        for row in rows
    ]
    drafts = [Draft(f"shift:{id_}", "shift.planned", fact, head=GENESIS) for id_, fact in zip(ids, facts, strict=True)]
    heads = events.record_many(drafts, actor=actor)
    Shift.objects.bulk_create(
        [
            Shift(id=id_, **fact, event_seq=head.seq, event_hash=head.hash)
            for id_, fact, head in zip(ids, facts, heads, strict=True)
        ],
        batch_size=500,
    )
    return ids


def _refuse_clashes(rows: list[NewShift], taken: list[NewShift]) -> None:
    """No two shifts of one seat at a time, nobody on two shifts at a time: neighbours in order of time tell."""
    new = set(map(id, rows))
    for key, refusal in (("seat_id", refusals.DUTY_OVERLAP), ("person_id", refusals.DUTY_TWICE)):
        latest: dict[int, NewShift] = {}
        for row in sorted([*rows, *taken], key=lambda row: (row.since, row.until)):
            before = latest.get(getattr(row, key))
            if before is not None and row.since < before.until and (id(row) in new or id(before) in new):
                raise refusal(when=_said(max(row.since, before.since)))
            if before is None or row.until > before.until:
                latest[getattr(row, key)] = row


def _refuse_twice(person_id: int, since: datetime, until: datetime, *, without: set[int]) -> None:
    clash = Shift.objects.filter(person_id=person_id, since__lt=until, until__gt=since).exclude(until=F("since"))
    found = clash.exclude(pk__in=without).first()
    if found is not None:
        raise refusals.DUTY_TWICE(when=_said(max(since, found.since)))


def _duty_seat(seat_id: int, change: Change, actor: Actor) -> None:
    info = change.before.seat(seat_id)
    actor.need("duty.manage", places.directory().path(info.place_id))
    if not change.before.post(info.post).duty:
        raise refusals.DUTY_NOT_DUTY(seat=info.label)
    if info.closed:
        raise refusals.SEAT_CLOSED()


def _check_person(person_id: int, seat_id: int, change: Change, actor: Actor) -> None:
    if not change.before.person(person_id).active:
        raise refusals.NOT_ACTIVE()
    if actor.person_id == person_id:
        # Oneself, yes: who draws up the roster is on it. But nobody gives themselves powers that way.
        info = change.before.seat(seat_id)
        path = places.directory().path(info.place_id)
        if not all(actor.may(power, path) for power in change.before.post(info.post).powers & POWERS.keys()):
            raise refusals.NOT_ONESELF()


def _within(seat_id: int, since: datetime, until: datetime) -> list[Shift]:
    found = Shift.objects.select_for_update().filter(seat_id=seat_id, since__lt=until, until__gt=since)
    return list(found.exclude(until=F("since")).order_by("since"))


def _locked(ids: Sequence[int]) -> list[Shift]:
    rows = {row.pk: row for row in Shift.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    if len(set(ids)) != len(ids) or any(id_ not in rows or rows[id_].until == rows[id_].since for id_ in ids):
        raise refusals.DUTY_NO_SHIFT()
    return [rows[id_] for id_ in ids]


def _store(shift: Shift, kind: str, patch: dict[str, Any], actor: Actor, note: str = "") -> None:
    stream = f"shift:{shift.pk}"
    for field in ("person_id", "until"):
        if field in patch:
            setattr(shift, field, patch[field])
    reason = events.keep(stream, {f"note-{shift.event_seq + 1}": note.strip()}) if note else {}
    head = Head(shift.event_seq, bytes(shift.event_hash))
    shift.event_seq, shift.event_hash = events.record(
        stream, kind, actor=actor, head=head, patch=patch, reason=next(iter(reason.values()), None)
    )
    shift.save()


def _need_note(note: str) -> None:
    if not 2 <= len(note.strip()) <= 200:
        raise refusals.DUTY_NOTE_NEEDED(field_errors={"note": refusals.DUTY_NOTE_NEEDED().what})


def _end(shift: Shift) -> datetime:
    assert shift.until is not None  # the table says so
    return shift.until


def _said(moment: datetime) -> str:
    local = clock.local(moment)
    return f"{local.month}-{local.day} {local:%H:%M}"
