"""Who is drawn for a matter: the candidates as they stand, who is left out and why, and the seeded draw itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q

from gezhi.engines.workflows import lots
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.panel_models import GATHERING, Ballot
from gezhi.engines.workflows.panel_models import OPEN as SITTING
from gezhi.foundation import people, places


def drawn(
    case: Case,
    post: str,
    *,
    count: int,
    by: str,
    number: int,
    acted: Collection[int],
    stood_aside: Collection[int],
    now: datetime,
) -> dict[str, Any]:
    """The record of a draw among the seats of `post` near the case (lots.draw). Two queries, none by lot alone.

    Left out: vacant seats, and those all of whose holders acted in what they would judge, stood aside or raised it.
    """  # fmt: skip
    directory = people.directory()
    candidates, excluded = [], []
    pool = list(pool_of(post, case.place_id))
    load, last = _past(pool, case) if by != "lot" else ({}, {})
    for seat in pool:
        holders = set(directory.holders(seat, now))
        why = ""
        if not holders:
            why = "vacant"
        elif not holders - set(stood_aside):
            why = "related"
        elif not holders - set(acted) - set(stood_aside):
            why = "acted"
        elif case.reporter_id is not None and not holders - {case.reporter_id} - set(acted) - set(stood_aside):
            why = "raised"
        if why:
            excluded.append({"seat": seat, "why": why})
        else:
            candidates.append({"seat": seat, "load": load.get(seat, 0), "last": last.get(seat, "")})
    seed = lots.seed_of(case.code, case.event_seq, bytes(case.event_hash or b"").hex(), number)
    return lots.draw(candidates, excluded, seed=seed, by=by, count=count)


def pool_of(post: str, place_id: int) -> Iterable[int]:
    """The seats of a post that a matter may draw on: all inside the place's village, else at the nearest place above."""
    directory, known = people.directory(), places.directory()
    village = known.at_level(place_id, "village") or place_id
    inside = [s.id for p in (village, *known.descendants(village)) for s in directory.seats_at(p, post)]
    if inside:
        return inside
    for place in known.ancestors(village):
        if found := directory.seats_at(place, post):
            return [s.id for s in found]
    return []


def _past(pool: Collection[int], case: Case) -> tuple[dict[int, int], dict[int, str]]:
    """(open matters and panels they sit on, when last given one) by seat."""
    items = WorkItem.objects.filter(owner_seat__in=pool)
    load = dict(items.filter(state=OPEN, side=False).values_list("owner_seat").annotate(n=Count("id")))
    last: dict[int, datetime] = dict(items.values_list("owner_seat").annotate(at=Max("opened_at")))
    sits = Count("id", filter=Q(panel__state__in=(GATHERING, SITTING)))
    asked = Ballot.objects.filter(seat_id__in=pool).values_list("seat_id").annotate(at=Max("panel__opened_at"), n=sits)
    for seat, at, n in asked:
        if seat is not None and n:
            load[seat] = load.get(seat, 0) + n
        if seat is not None and (seat not in last or at > last[seat]):
            last[seat] = at
    return load, {seat: at.isoformat() for seat, at in last.items()}
