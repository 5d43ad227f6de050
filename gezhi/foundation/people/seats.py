"""Seats and organisations: opened and closed. Streams `seat:<id>` and `organisation:<id>`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gezhi.foundation import events, places
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.events import GENESIS, Draft, Head

from . import refusals
from .actor import Actor
from .changing import Change, changing, instant, need_to_manage
from .models import Organisation, Post, Seat
from .terms import NewTerm, end_all_in, insert_holdings


@dataclass(frozen=True)
class NewOrganisation:
    """`code`: short and stable ("housing"); unique per place."""

    code: str
    name: str
    kind: str
    place_id: int
    short: str = ""


@dataclass(frozen=True)
class NewSeat:
    """`label` tells twins at one place apart ("1", "2")."""

    post: str
    place_id: int
    organisation_id: int | None = None
    label: str = ""


def open_organisation(code: str, name: str, *, kind: str, place_id: int, actor: Actor, short: str = "") -> int:
    """Enter a department or unit; returns its id. The same code at the same place is renamed instead."""
    return open_organisations([NewOrganisation(code, name, kind, place_id, short)], actor=actor)[0]


def open_organisations(rows: Iterable[NewOrganisation], *, actor: Actor) -> list[int]:
    """Many at once, idempotent by (code, place). Raises NotFound people.no_place, NotAllowed."""
    wanted = list(rows)
    with changing(actor) as change:
        for place_id in {row.place_id for row in wanted}:
            need_to_manage(actor, place_id)
        known = {(found.code, found.place_id): found for found in change.before.organisations.values()}
        fresh = [row for row in dict.fromkeys(wanted) if (row.code, row.place_id) not in known]
        ids = {(row.code, row.place_id): id_ for row, id_ in zip(fresh, new_ids(Organisation, len(fresh)), strict=True)}
        drafts = [
            Draft(f"organisation:{ids[row.code, row.place_id]}", "organisation.opened", _facts(row), head=GENESIS)
            for row in fresh
        ]
        Organisation.objects.bulk_create(
            Organisation(
                id=ids[row.code, row.place_id],
                **_facts(row),
                event_seq=head.seq,
                event_hash=head.hash,
            )
            for row, head in zip(fresh, events.record_many(drafts, actor=actor), strict=True)
        )
        for row in wanted:
            found = known.get((row.code, row.place_id))
            if found is not None and (found.name, found.short, found.kind) != (row.name, row.short, row.kind):
                _rename(found.id, row, actor)
        ids |= {key: found.id for key, found in known.items()}
    return [ids[row.code, row.place_id] for row in wanted]


def open_seat(post: str, place_id: int, *, actor: Actor, organisation_id: int | None = None, label: str = "") -> int:
    """Open one seat; returns its id. Raises as `open_seats`."""
    return open_seats([NewSeat(post, place_id, organisation_id, label)], actor=actor)[0]


def open_seats(rows: Iterable[NewSeat], *, actor: Actor, at: datetime | None = None) -> list[int]:
    """Open seats from `at` (now when empty); returns their ids in order. A closed one is opened again.

    Raises NotFound people.no_post, people.no_place, people.no_organisation; Invalid people.wrong_level;
    Conflict people.seat_exists, people.root_by_two; NotAllowed.
    """
    wanted = list(rows)
    with changing(actor) as change:
        for row in wanted:
            if change.before.post(row.post).root:
                raise refusals.ROOT_BY_TWO()
        return _open(wanted, change, actor, at)


def open_root(post: str, place_id: int, persons: Sequence[int], *, actor: Actor, since: datetime | None = None) -> int:
    """Open the seat where every chain ends, with two or more distinct persons from its first moment.

    Raises Conflict people.root_exists, people.root_by_two, and as `open_seats` and `appoint`.
    """
    with changing(actor) as change:
        if change.before.chain.root is not None:
            raise refusals.ROOT_EXISTS()
        if not change.before.post(post).root or len(set(persons)) < 2:
            raise refusals.ROOT_BY_TWO()
        (seat_id,) = _open([NewSeat(post, place_id)], change, actor, since)
        since = instant(change, since, actor)
        terms = [NewTerm(seat_id, person, since) for person in dict.fromkeys(persons)]
        insert_holdings(terms, change, actor, opened_now={seat_id})
    return seat_id


def close_seat(seat_id: int, *, actor: Actor, at: datetime | None = None) -> None:
    """Close a seat: all its terms end, and its work falls to the seat above.

    Raises NotFound people.no_seat, Conflict people.root_stays, people.seat_closed, NotAllowed.
    """
    with changing(actor) as change:
        info = change.before.seat(seat_id)
        need_to_manage(actor, info.place_id)
        if seat_id == change.before.chain.root:
            raise refusals.ROOT_STAYS()
        if info.closed:
            raise refusals.SEAT_CLOSED()
        moment = max(instant(change, at, actor), info.opened_at)
        end_all_in(seat_id, moment, actor)
        seat = Seat.objects.select_for_update().get(pk=seat_id)
        seat.closed_at = moment
        _store(seat, "seat.closed", {"closed_at": moment}, actor)


def _open(wanted: list[NewSeat], change: Change, actor: Actor, at: datetime | None) -> list[int]:
    people, everywhere = change.before, places.directory()
    for row in wanted:
        post = people.post(row.post)
        if not everywhere.open(row.place_id):
            raise refusals.NO_PLACE(place=row.place_id)
        kind = everywhere.get(row.place_id).kind
        if kind != post.level and not (post.level == "grid" and kind in places.GRIDS):
            raise refusals.WRONG_LEVEL(post=post.title)
        if row.organisation_id is not None and row.organisation_id not in people.organisations:
            raise refusals.NO_ORGANISATION(organisation=row.organisation_id)
    for place_id in {row.place_id for row in wanted}:
        need_to_manage(actor, place_id)
    known = {(seat.post, seat.place_id, seat.organisation_id, seat.mark): seat for seat in people.seats.values()}
    keys = [(row.post, row.place_id, row.organisation_id, row.label) for row in wanted]
    if len(set(keys)) != len(keys) or any(key in known and not known[key].closed for key in keys):
        raise refusals.SEAT_EXISTS()
    moment = instant(change, at, actor)
    ids = {key: known[key].id for key in keys if key in known}
    for seat in Seat.objects.select_for_update().filter(pk__in=ids.values()):
        seat.opened_at, seat.closed_at = moment, None
        _store(seat, "seat.opened", {"opened_at": moment, "closed_at": None}, actor)
    fresh = [key for key in keys if key not in known]
    ids |= dict(zip(fresh, new_ids(Seat, len(fresh)), strict=True))
    posts = dict(Post.objects.filter(code__in={key[0] for key in fresh}).values_list("code", "id"))
    facts = [
        {
            "post_id": posts[post],
            "place_id": place,
            "organisation_id": organisation,
            "label": label,
            "opened_at": moment,
        }
        for post, place, organisation, label in fresh
    ]
    drafts = [
        Draft(f"seat:{ids[key]}", "seat.opened", fact, head=GENESIS) for key, fact in zip(fresh, facts, strict=True)
    ]
    heads = events.record_many(drafts, actor=actor)
    Seat.objects.bulk_create(
        [
            Seat(id=ids[key], **fact, event_seq=head.seq, event_hash=head.hash)
            for key, fact, head in zip(fresh, facts, heads, strict=True)
        ],
        batch_size=500,
    )
    return [ids[key] for key in keys]


def _facts(row: NewOrganisation) -> dict:
    return {
        "code": row.code, "name": row.name, "short": row.short, "kind": row.kind, "place_id": row.place_id,
    }  # fmt: skip


def _rename(organisation_id: int, row: NewOrganisation, actor: Actor) -> None:
    organisation = Organisation.objects.select_for_update().get(pk=organisation_id)
    patch = {"name": row.name, "short": row.short, "kind": row.kind}
    for field, value in patch.items():
        setattr(organisation, field, value)
    _store(organisation, "organisation.renamed", patch, actor)


def _store(row: Seat | Organisation, kind: str, patch: dict, actor: Actor) -> None:
    stream = f"{'seat' if isinstance(row, Seat) else 'organisation'}:{row.pk}"
    head = Head(row.event_seq, bytes(row.event_hash))
    row.event_seq, row.event_hash = events.record(stream, kind, actor=actor, head=head, patch=patch)
    row.save()
