"""The only writers of bulletins: seal one, show it on the portal, take it from there."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import IntegrityError

from gezhi.engines.publishing import events as frozen_events
from gezhi.engines.publishing import refusals as _refusals  # noqa: F401  (registers the codes)
from gezhi.engines.publishing.bulletins.gathering import gather
from gezhi.engines.publishing.bulletins.schema import Template, template
from gezhi.engines.publishing.models import Bulletin
from gezhi.foundation import db, places
from gezhi.foundation import events as log
from gezhi.foundation.calendar import clock
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.errors import Conflict, NotAllowed, NotFound
from gezhi.foundation.measures import Period
from gezhi.foundation.people import Actor
from gezhi.foundation.people.actor import Placed
from gezhi.foundation.places import Path

#: The power to seal and publish, beside reading bulletins: whoever supervises the place.
POWER = "case.supervise"


def may_seal(actor: Actor, path: Placed) -> bool:
    """Whether this actor may seal and publish bulletins of a place by hand."""
    if actor.kind == "system":
        return True
    return actor.kind == "staff" and actor.may("bulletin.read", path) and actor.may(POWER, path)


def check(name: str, place_id: int, period: Period, *, actor: Actor) -> Template:
    """That this bulletin can be sealed now and by this actor. Raises NotFound, NotAllowed, Conflict bulletin.running."""
    info = places.directory(period.last).get(place_id)
    if info is None:
        raise NotFound("bulletin.not_found")
    if not may_seal(actor, places.directory(period.last).path(place_id)):
        raise NotAllowed("bulletin.not_yours")
    kind = template(name)
    if period.kind not in kind.periods or _level(info.kind) not in kind.levels:
        raise NotFound("bulletin.wrong_level")
    if period.until > clock.now():
        raise Conflict("bulletin.running", until=clock.said_ending(period.until))
    return kind


def seal(name: str, place_id: int, period: Period, *, actor: Actor) -> tuple[Bulletin, bool]:
    """Freeze the bulletin of a period that is over: (bulletin, True), or the one sealed before: (it, False).

    What happens to the cases later changes nothing of it; the next one says what would be counted differently now.
    Raises as `check`, and Conflict bulletin.too_few for a grid with fewer rows than the template's minimum.
    """
    kind = check(name, place_id, period, actor=actor)
    found = _sealed(name, place_id, period)
    if found is not None:
        return found, False
    while log.seal_now() is not None:  # figures read sealed positions only
        pass
    position, now = log.sealed_until(), clock.now()
    before = _sealed(name, place_id, period.back())
    made = gather(kind, place_id, period, now=now, earlier=opened(before) if before is not None else None)
    level = _level(made.body["place"]["kind"])
    if level == "grid" and made.reported < kind.minimum:
        raise Conflict("bulletin.too_few", least=kind.minimum)
    text = json.dumps(made.body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    path = places.directory(period.last).path(place_id)
    seat = actor.seat or next(iter(actor.seats), None)
    try:
        with db.write():
            (id,) = new_ids(Bulletin, 1)
            row = Bulletin(
                id=id, template=kind.name, version=kind.version, body_hash=kind.hash, place_id=place_id, level=level,
                county_id=path.county_id, town_id=path.town_id, village_id=path.village_id, grid_id=path.grid_id,
                kind=period.kind, period=period.name, since=period.since, until=period.until, position=position,
                sealed_at=now, sealed_by=actor.person_id, sealed_seat=seat, body=text, rows=made.rows,
                digest=digest(text, made.rows),
            )  # fmt: skip
            patch = {field: getattr(row, field) for field in frozen_events.BULLETIN}
            head = log.record(
                f"bulletin:{id}", "bulletin.sealed", actor=actor, patch=patch, head=log.GENESIS, seat=seat
            )
            row.event_seq, row.event_hash = head.seq, head.hash
            row.save(force_insert=True)
    except IntegrityError:  # somebody sealed it in the same instant
        found = _sealed(name, place_id, period)
        if found is None:
            raise
        return found, False
    return row, True


def publish(bulletin_id: int, *, actor: Actor, shown: bool = True) -> Bulletin:
    """Show a sealed bulletin on the portal, its small cells hidden; or, with `shown` false, take it from there."""
    with db.write():
        row = Bulletin.objects.select_for_update().filter(pk=bulletin_id).first()
        if row is None:
            raise NotFound("bulletin.not_found")
        if not may_seal(actor, path_of(row)):
            raise NotAllowed("bulletin.not_yours")
        if shown == (row.published_at is not None):
            return row
        row.published_at = clock.now() if shown else None
        row.published_by = actor.person_id if shown else None
        patch = {"published_at": row.published_at, "published_by": row.published_by}
        head = log.record(
            f"bulletin:{row.pk}", "bulletin.published" if shown else "bulletin.withdrawn", actor=actor, patch=patch,
            head=log.Head(row.event_seq, bytes(row.event_hash)), seat=actor.seat or next(iter(actor.seats), None),
        )  # fmt: skip
        row.event_seq, row.event_hash = head.seq, head.hash
        row.save(update_fields=["published_at", "published_by", "event_seq", "event_hash"])
    return row


def path_of(row: Bulletin) -> Path:
    """Where its place lay when it was sealed; a place that has closed since still has its bulletins."""
    return Path(row.county_id, row.town_id, row.village_id, row.grid_id)


def opened(row: Bulletin) -> dict[str, Any]:
    """The frozen body, compared with its digest first. Raises Conflict bulletin.broken."""
    if digest(row.body, bytes(row.rows)) != row.digest:
        raise Conflict("bulletin.broken")
    return dict(json.loads(row.body))


def digest(body: str, rows: bytes) -> str:
    """SHA-256 over the frozen body and the packed rows."""
    return hashlib.sha256(body.encode() + b"\0" + rows).hexdigest()


def _sealed(name: str, place_id: int, period: Period) -> Bulletin | None:
    return Bulletin.objects.filter(template=name, place_id=place_id, period=period.name).first()


def _level(kind: str) -> str:
    return "grid" if kind.startswith("grid") else kind
