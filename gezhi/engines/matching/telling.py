"""Telling those concerned: a place came free, moved, cancelled, expected at. Lines in the app, text messages to guests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from gezhi.engines.matching import access
from gezhi.engines.matching.models import WITHDRAWN, Booking, Session
from gezhi.foundation import notices, people, places
from gezhi.foundation.errors import Refusal
from gezhi.foundation.notices.guards import Asked

PLACE, MOVED, CANCELLED, EXPECTED = "place", "moved", "cancelled", "expected"


def tell(row: Session, bookings: Iterable[Booking], what: str) -> None:
    """Inside the write, after its event: each of these, by the activity's template of `what`. Guests by their code and
    phone, colleagues by a line. Told once for each event, however often it is tried."""
    words = _words(row)
    drafts = []
    for booking in bookings:
        key = f"session:{row.pk}:{row.event_seq}:{booking.number}"
        stream = f"session:{row.pk}"
        if booking.person_id is not None:
            drafts.append(
                notices.Draft(
                    key, f"meeting_{what}", stream, words | {"path": f"/desk/activities/{row.pk}"},
                    persons=(booking.person_id,),
                )
            )  # fmt: skip
        elif booking.code and booking.contact_ref:
            drafts.append(
                notices.Draft(
                    key, f"activity_{what}", stream, words | {"path": f"/a/{booking.code}"}, code=booking.code,
                    contact_ref=booking.contact_ref,
                )
            )  # fmt: skip
    if drafts:
        notices.post(drafts)


def _words(row: Session) -> dict[str, Any]:
    where = row.room or places.directory().label(row.place_id, "village")
    said = {"number": "", "category": row.title, "seat": where}
    return {"zh": said, "en": said, "due": row.starts.isoformat()}


def may_know(asked: Collection[Asked]) -> set[Asked]:
    """Those of (stream, person) who may open the session now; a group only what is neither inside nor kept to posts."""
    by_session: dict[int, set[int | None]] = defaultdict(set)
    for stream, person in asked:
        by_session[int(stream.partition(":")[2])].add(person)
    rows = {row.pk: row for row in Session.objects.filter(pk__in=by_session)}
    listed = set(
        Booking.objects.filter(session__in=rows, person_id__isnull=False)
        .exclude(state=WITHDRAWN)
        .values_list("session_id", "person_id")
    )
    found: set[Asked] = set()
    for id, persons in by_session.items():
        row = rows.get(id)
        if row is None:
            continue
        for person in persons:
            if person is None:
                allowed = not (row.inside or row.restricted)
            else:
                allowed = (id, person) in listed or _sees(row, person)
            if allowed:
                found.add((f"session:{id}", person))
    return found


def _sees(row: Session, person_id: int) -> bool:
    try:
        return access.sees(row, actor=people.actor_for(person_id))
    except Refusal:  # no longer active
        return False


def register() -> None:
    """Tell the notices room who may know of a session."""
    notices.guard("session")(may_know)
