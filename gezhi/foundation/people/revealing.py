"""Masked values, shown in full to whoever may and says why; each look is logged and the person can read it.

The log names the seat, not the officer, to the person concerned; the officer is in it for the auditor.
Stream `reveal:<id>`; the purpose is private text, because officers write names into such boxes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gezhi.foundation import db, events
from gezhi.foundation.calendar import clock
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.events import GENESIS, PrivateRef

from . import refusals
from .actor import Actor, Placed
from .models import Person, Reveal
from .snapshot import directory

LEAST, MOST = 4, 200


@dataclass(frozen=True, slots=True)
class Revealed:
    """One look at a masked value, as the person concerned may see it. `seat` = post and place in words."""

    at: datetime
    seat: str
    as_substitute: bool
    field: str
    purpose: str


def reveal(
    ref: int | PrivateRef,
    *,
    actor: Actor,
    purpose: str,
    about: str,
    field: str = "phone",
    path: Placed | None = None,
    power: str = "personal.reveal",
) -> str:
    """The private text `ref`, and an entry in the log that it was looked at; both or neither.

    `power`: which one the look needs (protected matters have their own). `about`: stream of the matter ("case:12"); `path`: where it lies, so that the power is asked for there.
    The caller makes sure that `ref` belongs to `about`. Raises NotAllowed reveal.not_allowed, Invalid
    reveal.purpose_needed, NotFound reveal.erased.
    """
    purpose = " ".join(purpose.split())
    if actor.person_id is None or not actor.may(power, path):
        raise refusals.REVEAL_NOT_ALLOWED()
    if not LEAST <= len(purpose) <= MOST or len(set(purpose)) < 3:
        raise refusals.PURPOSE_NEEDED(field_errors={"purpose": refusals.PURPOSE_NEEDED().what})
    id_ = ref.id if isinstance(ref, PrivateRef) else ref
    with db.write():
        text = events.read_private([id_])[id_]
        if text is None:
            raise refusals.ERASED()
        (row_id,) = new_ids(Reveal, 1)
        kept = events.keep(f"reveal:{row_id}", {"purpose": purpose})["purpose"]
        seat = _seat_with_power(actor, path, power)
        facts = {
            "person_id": actor.person_id,
            "seat_id": seat,
            "as_substitute": seat in actor.substituting,
            "about": about,
            "field": field,
        }
        head = events.record(
            f"reveal:{row_id}",
            "personal.revealed",
            actor=actor,
            head=GENESIS,
            patch=facts | {"purpose": kept},
            seat=seat,
        )
        Reveal.objects.create(
            id=row_id, **facts, purpose_ref=kept.id, at=clock.now(), event_seq=head.seq, event_hash=head.hash
        )
    return text


def reveal_name(person_id: int, *, actor: Actor, purpose: str, about: str, path: Placed | None = None) -> str:
    """A colleague's full name for a paper that is to bear it; recorded as a look at `about`. Raises as `reveal`."""
    ref = Person.objects.filter(pk=person_id).values_list("name_ref", flat=True).first()
    if ref is None:
        raise refusals.ERASED()
    return reveal(ref, actor=actor, purpose=purpose, about=about, field="name", path=path)


def reveals(about: str) -> list[Revealed]:
    """Who looked at the masked values of a matter, newest first (two queries)."""
    rows = list(
        Reveal.objects.filter(about=about)
        .order_by("-at", "-id")
        .values_list("at", "seat_id", "as_substitute", "field", "purpose_ref")
    )
    purposes = events.read_private([row[4] for row in rows])
    people = directory()
    return [
        Revealed(at, people.seat(seat).label if seat else "", stood_in, field, purposes[purpose] or "")
        for at, seat, stood_in, field, purpose in rows
    ]


def _seat_with_power(actor: Actor, path: Placed | None, power: str) -> int | None:
    """The seat in which the officer looks: the one acted in, else the first of theirs that has the power."""
    if actor.seat is not None:
        return actor.seat
    people = directory()
    with_power = [seat for seat in actor.seats if power in people.posts[people.seat(seat).post].powers]
    here = [seat for seat in with_power if path is not None and people.seat(seat).place_id in set(_ids(path))]
    return next(iter(here or with_power or actor.seats), None)


def _ids(path: Placed) -> tuple[int | None, ...]:
    return path.grid_id, path.village_id, path.town_id, path.county_id
