"""交班: what one shift leaves to the next, and who of the next has read it. Stream `duty_note:<id>`.

Not a clock-in: nobody is asked to prove that they came; a note is written when something is still open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gezhi.foundation import db, events, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.events import GENESIS, Head

from . import refusals
from .actor import Actor
from .models import DutyNote, Shift
from .snapshot import directory

MOST, LONGEST_TEXT = 30, 300
LATE = timedelta(days=1)  # for so long after its end may a shift still write what it leaves


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing still open: in words, and the number of the case when it is one."""

    text: str
    case: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it is read; a text that was erased is empty."""

    id: int
    shift_id: int
    seat_id: int
    entries: tuple[Entry, ...]
    written_by: int
    written_at: datetime
    taken_by: int | None
    taken_at: datetime | None


def hand_over_shift(shift_id: int, entries: Sequence[Entry], *, actor: Actor) -> int:
    """Write what the shift leaves to the next; returns the note's id. Only who is (or just was) on it may.

    Raises NotFound duty.no_shift; NotAllowed duty.not_yours; Invalid duty.note_needed.
    """
    wanted = [Entry(entry.text.strip(), entry.case.strip()[:20]) for entry in entries if entry.text.strip()]
    if not wanted or len(wanted) > MOST or any(len(entry.text) > LONGEST_TEXT for entry in wanted):
        raise refusals.DUTY_NOTE_NEEDED(field_errors={"entries": refusals.DUTY_NOTE_NEEDED().what})
    with db.write():
        shift = Shift.objects.select_for_update().filter(pk=shift_id).first()
        if shift is None or shift.until is None or shift.until == shift.since:
            raise refusals.DUTY_NO_SHIFT()
        now = clock.now()
        if actor.person_id is None or actor.person_id != shift.person_id:
            raise refusals.DUTY_NOT_YOURS()
        if not shift.since <= now <= shift.until + LATE:
            raise refusals.DUTY_OVER()
        (id_,) = new_ids(DutyNote, 1)
        stream = f"duty_note:{id_}"
        kept = events.keep(stream, {f"entry{n}": entry.text for n, entry in enumerate(wanted)})
        facts = {
            "shift_id": shift.pk,
            "entries": [{"text": kept[f"entry{n}"].id, "case": entry.case} for n, entry in enumerate(wanted)],
            "written_by_id": actor.person_id,
            "written_at": now,
        }
        head = events.record(
            stream, "duty_note.written", actor=actor, head=GENESIS, patch=facts, private=kept, seat=shift.seat_id
        )
        DutyNote.objects.create(id=id_, **facts, event_seq=head.seq, event_hash=head.hash)
    return id_


def take_over_note(note_id: int, *, actor: Actor) -> None:
    """Say that the next shift has read the note; a second reader changes nothing.

    Whoever answers for the seat now, but not the writer. Raises NotFound duty.no_shift, NotAllowed duty.not_yours.
    """
    with db.write():
        note = DutyNote.objects.select_for_update().select_related("shift").filter(pk=note_id).first()
        if note is None:
            raise refusals.DUTY_NO_SHIFT()
        answers = note.shift.seat_id in directory().answering(actor.person_id or 0)
        if actor.person_id is None or actor.person_id == note.written_by_id or not answers:
            raise refusals.DUTY_NOT_YOURS()
        if note.taken_by_id is not None:
            return
        note.taken_by_id, note.taken_at = actor.person_id, clock.now()
        note.event_seq, note.event_hash = events.record(
            f"duty_note:{note.pk}",
            "duty_note.taken",
            actor=actor,
            head=Head(note.event_seq, bytes(note.event_hash)),
            patch={"taken_by_id": note.taken_by_id, "taken_at": note.taken_at},
            seat=note.shift.seat_id,
        )
        note.save()


def notes_of(place_id: int, *, actor: Actor, since: datetime, limit: int = 20) -> list[Note]:
    """Notes of a place's duty seats from `since` on, newest first (two queries).

    For those who answer for such a seat and those who draw up its roster. Raises NotAllowed.
    """
    people = directory()
    seats = [seat.id for seat in people.seats_at(place_id) if people.posts[seat.post].duty]
    on_it = actor.answering.intersection(seats)
    if not on_it:
        actor.need("duty.manage", places.directory().path(place_id))
    rows = list(
        DutyNote.objects.filter(shift__seat_id__in=seats, written_at__gte=since)
        .order_by("-written_at", "-id")
        .values_list(
            "id", "shift_id", "shift__seat_id", "entries", "written_by_id", "written_at", "taken_by_id", "taken_at"
        )[:limit]
    )
    texts = events.read_private([entry["text"] for row in rows for entry in row[3]])
    return [
        Note(
            id=row[0],
            shift_id=row[1],
            seat_id=row[2],
            entries=tuple(Entry(texts[entry["text"]] or "", entry["case"]) for entry in row[3]),
            written_by=row[4],
            written_at=row[5],
            taken_by=row[6],
            taken_at=row[7],
        )
        for row in rows
    ]
