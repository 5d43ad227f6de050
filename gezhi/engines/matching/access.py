"""The only door to a session's row: who sees it, who convenes it, who takes part.

Convened by the posts its activity names, at their place and inside it. Seen by the same, by whoever sees the place's
matters (unless the activity says `see:`, then by those posts alone), and by everybody who has a place in it.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q

from gezhi.engines.matching import refusals as _refusals  # noqa: F401  (registers the codes)
from gezhi.engines.matching.models import CANCELLED, CLOSED, WITHDRAWN, Booking, Session
from gezhi.engines.matching.schema import Activity, activities, activity
from gezhi.foundation import people, places
from gezhi.foundation.errors import Conflict, NotAllowed, NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.people.actor import COLUMNS
from gezhi.foundation.people.answering import covers, seats_of


def path_of(row: Session) -> places.Path:
    """Where it lies, as it was planned."""
    return places.Path(row.county_id, row.town_id, row.village_id, row.grid_id)


def seat_to_convene(kind: Activity, place_id: int, *, actor: Actor) -> int:
    """The seat in which the actor may convene this here: the one acted in, else the nearest. NotAllowed otherwise."""
    found = [seat for seat in seats_of(actor, kind.organisers) if covers(seat, place_id)]
    if actor.kind != "staff" or not found:
        raise NotAllowed("session.not_organiser")
    return actor.seat if actor.seat in found else found[-1]


def may_convene(kind: Activity, place_id: int, *, actor: Actor) -> bool:
    """Whether one of the actor's seats convenes this kind here."""
    return actor.kind == "staff" and any(covers(seat, place_id) for seat in seats_of(actor, kind.organisers))


def convenes(actor: Actor) -> list[Activity]:
    """The activities the actor may convene somewhere."""
    mine = {people.directory().seat(seat).post for seat in actor.answering} if actor.kind == "staff" else set()
    return [kind for kind in activities() if mine & set(kind.organisers)]


def places_to_convene(kind: Activity, *, actor: Actor) -> list[int]:
    """The places of the seats in which the actor may convene it."""
    directory = people.directory()
    return list(dict.fromkeys(directory.seat(seat).place_id for seat in seats_of(actor, kind.organisers)))


def to_change(session_id: int, *, actor: Actor, expected_seq: int | None = None, over: bool = False) -> Session:
    """The row locked, for somebody who may convene it.

    Raises NotFound, NotAllowed session.not_organiser, Conflict session.stale, session.over (unless `over`).
    """
    row = locked(session_id)
    if not sees(row, actor=actor):
        raise NotFound("session.not_found")
    if not may_convene(activity(row.activity, row.version), row.place_id, actor=actor):
        raise NotAllowed("session.not_organiser")
    if expected_seq is not None and row.event_seq != expected_seq:
        raise Conflict("session.stale")
    if not over and row.state in (CLOSED, CANCELLED):
        raise Conflict("session.over")
    return row


def locked(session_id: int) -> Session:
    """The row, locked for this transaction."""
    row = Session.objects.select_for_update().filter(pk=session_id).first()
    if row is None:
        raise NotFound("session.not_found")
    return row


def to_see(session_id: int, *, actor: Actor) -> Session:
    """The row for somebody who may see it. NotFound for everybody else, whether it is there or not."""
    row = Session.objects.filter(pk=session_id).first()
    if row is None or not sees(row, actor=actor):
        raise NotFound("session.not_found")
    return row


def sees(row: Session, *, actor: Actor) -> bool:
    """Whether the actor may know of it. Residents: what is public."""
    if actor.kind == "system":
        return True
    if actor.kind != "staff":
        return row.public
    kind = activity(row.activity, row.version)
    if any(covers(seat, row.place_id) for seat in seats_of(actor, (*kind.organisers, *kind.see))):
        return True
    if row.public or (not kind.see and actor.may("case.see", path_of(row))):
        return True
    return Booking.objects.filter(session=row, person_id=actor.person_id).exclude(state=WITHDRAWN).exists()


def visible(actor: Actor) -> Q:
    """The same as `sees`, as a filter of sessions for lists."""
    if actor.kind == "system":
        return Q()
    if actor.kind != "staff":
        return Q(public=True)
    directory = people.directory()
    seats = [directory.seat(seat) for seat in sorted(actor.answering)]
    closed = [kind for kind in activities() if kind.see]
    seen = Q(public=True)
    scopes = Q(pk__in=[])
    for column, place in actor.places("case.see"):
        scopes |= Q(**{f"{column}_id": place})
    seen |= scopes & ~Q(activity__in=[kind.name for kind in closed])
    for post in {seat.post for seat in seats}:
        names = [kind.name for kind in activities() if post in kind.organisers or post in kind.see]
        if names:
            seen |= Q(activity__in=names) & _inside([seat.place_id for seat in seats if seat.post == post])
    mine = Booking.objects.filter(session=OuterRef("pk"), person_id=actor.person_id).exclude(state=WITHDRAWN)
    return seen | Q(Exists(mine))


def inside(place_id: int) -> Q:
    """Rows that lie in a place."""
    return _inside([place_id])


def _inside(place_ids: Collection[int]) -> Q:
    directory = places.directory()
    found = Q(pk__in=[])
    for place_id in place_ids:
        info = directory.get(place_id)
        if info is None:
            continue
        if info.kind in COLUMNS:
            found |= Q(**{f"{info.kind}_id": place_id})
        elif info.kind in places.GRIDS:
            found |= Q(grid_id__in=[place_id, *directory.grids_under(place_id)])
        elif info.kind in ("province", "city"):
            found |= Q(county_id__in=list(directory.descendants(place_id)))
        else:
            found |= Q(place_id=place_id)
    return found
