"""Grids or divisions changed: open cases go with the ground they are about, and open work with its seat's successor.

A hook of places.effects, between the opening of the new seats and the closing of the old ones. Each case that moves gets
one event `case.replaced`; where it was counted until then stays in `Placing`, so that figures of past periods
stay what they were. Closed cases are not touched. docs/rules/places.md
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from django.db.models import Max, Q

from gezhi.engines.workflows.models import OPEN, Case, Placing, WorkItem
from gezhi.engines.workflows.record import item_patch, placing_patch
from gezhi.foundation import db, events, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.people.succeeding import CASES_FOLLOW
from gezhi.foundation.places.effects import Effect, on_effect
from gezhi.foundation.places.placed import PATH
from gezhi.foundation.places.plans import Plan
from gezhi.foundation.places.successions import successions, successor

BATCH = 200
# When cases last changed places, in microseconds since 1970: figures of periods after that need no history.
PLACED = "case.placed"
SEATS = ("owner_seat", "handler_seat", "supervised_by")
_STAYING = frozenset({"rename", "recode"})


def register() -> None:
    """Called once when Django starts."""
    on_effect(follow, order=CASES_FOLLOW)


def follow(effect: Effect, actor: Any) -> int:
    """Bring every open case touched by a change to where it lies now; returns how many moved. Repeatable."""
    if effect.kind in _STAYING:
        return 0
    wanted = touched({*effect.olds, *effect.moved}, _seats_of(effect.olds))
    moved = last = 0
    while ids := list(wanted.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with db.write():
            moved += _follow(ids, actor)
        last = ids[-1]
    if moved:
        db.revisions.assign(PLACED, int(clock.now().timestamp() * 1_000_000) + 1)
    return moved


def touched(place_ids: Iterable[int], seat_ids: Iterable[int]) -> Any:
    """Open cases in these places, or whose open work lies with these seats."""
    here, seats = sorted(place_ids), sorted(seat_ids)
    inside = Q(town_id__in=here) | Q(village_id__in=here) | Q(grid_id__in=here) | Q(place_id__in=here)
    if seats:
        items = WorkItem.objects.filter(state=OPEN, owner_seat__in=seats).values("case_id")
        inside |= Q(owner_seat__in=seats) | Q(handler_seat__in=seats) | Q(pk__in=items)
    return Case.objects.filter(inside, state=OPEN)


def _seats_of(olds: Iterable[int]) -> set[int]:
    """Every seat ever opened at these places, also the closed ones: a late writer may have used them."""
    gone = set(olds)
    return {seat.id for seat in people.directory().seats.values() if seat.place_id in gone}


def _follow(ids: list[int], actor: Any) -> int:
    now = clock.now()
    # Locked in the order of ids, as a recount of clocks does: neither can wait for the other in a circle.
    cases = list(Case.objects.select_for_update().filter(pk__in=ids, state=OPEN).order_by("pk"))
    items: dict[int, list[WorkItem]] = defaultdict(list)
    for item in WorkItem.objects.filter(case_id__in=ids, state=OPEN).order_by("case_id", "number"):
        items[item.case_id].append(item)
    numbers = dict(Placing.objects.filter(case_id__in=ids).values_list("case_id").annotate(last=Max("number")))
    changed: list[Case] = []
    changed_items: list[WorkItem] = []
    placings: list[Placing] = []
    drafts: list[events.Draft] = []
    for case in cases:
        was = Placing(
            case_id=case.pk, number=numbers.get(case.pk, 0) + 1, until=now, owner_seat=case.owner_seat,
            handler_seat=case.handler_seat, **{name: getattr(case, name) for name in PATH},
        )  # fmt: skip
        patch, moved = _moved(case, items[case.pk])
        if not patch:
            continue
        patch[f"placing:{was.number}"] = placing_patch(was)
        patch["act"] = {"action": "case.replaced", "stage": case.stage, "item": None, "from": was.place_id}
        head = events.Head(case.event_seq, bytes(case.event_hash))
        drafts.append(events.Draft(f"case:{case.pk}", "case.replaced", patch, head=head))
        changed.append(case)
        changed_items += moved
        placings.append(was)
    for case, head in zip(changed, events.record_many(drafts, actor=actor) if drafts else (), strict=True):
        case.event_seq, case.event_hash = head.seq, head.hash
    Placing.objects.bulk_create(placings, batch_size=BATCH)
    Case.objects.bulk_update(changed, [*PATH, *SEATS, "event_seq", "event_hash"])
    WorkItem.objects.bulk_update(changed_items, ["owner_seat", "person_id"], batch_size=BATCH)
    return len(changed)


def _moved(case: Case, items: list[WorkItem]) -> tuple[dict[str, Any], list[WorkItem]]:
    """Change the case and its items to where they belong now; ({}, []) when nothing moves."""
    patch: dict[str, Any] = {}
    point = None if case.lon is None or case.lat is None else (case.lon, case.lat)
    for name, value in _path(successor(case.place_id, point=point)).items():
        if getattr(case, name) != value and (value is not None or name != "county_id"):
            setattr(case, name, value)
            patch[name] = value
    for name in SEATS:
        seat = getattr(case, name)
        if seat is not None and (heir := heir_of(seat, case.place_id)) != seat:
            setattr(case, name, heir)
            patch[name] = heir
    moved = []
    for item in items:
        if item.owner_seat is None or (heir := heir_of(item.owner_seat, case.place_id)) == item.owner_seat:
            continue
        item.owner_seat = heir
        if item.person_id is not None and item.person_id not in people.directory().effective(heir).persons:
            item.person_id = None
        patch[f"item:{item.number}"] = item_patch(item)
        moved.append(item)
    return patch, moved


def _path(place_id: int) -> dict[str, int | None]:
    path = places.directory().path(place_id)
    return {
        "county_id": path.county_id, "town_id": path.town_id, "village_id": path.village_id, "grid_id": path.grid_id,
        "place_id": place_id,
    }  # fmt: skip


def heir_of(seat_id: int, place_id: int) -> int:
    """Who carries on for a seat whose place has closed, for a case at this place; the seat itself where it stands.

    The same post (and unit) at the successor of the seat's place that the case lies in, else at the main one.
    """
    seats, known = people.directory(), places.directory()
    seat = seats.seats.get(seat_id)
    if seat is None or known.open(seat.place_id):
        return seat_id
    around = {place_id, *known.ancestors(place_id)}
    kind = known.place(seat.place_id).kind
    here = next((id for id in around if known.place(id).kind == kind), None)
    line = _line(seat.place_id)
    home = here if here is not None and here in line else successor(seat.place_id)
    unit = None
    if seat.organisation_id is not None:
        old = seats.organisations[seat.organisation_id]
        found = seats.organisation(old.code, home)
        unit = found.id if found is not None else None
    for twin in seats.seats_at(home, seat.post):
        if twin.mark == seat.mark and twin.organisation_id == unit:
            return twin.id
    return seats.seat_for(seat.post, home, unit)


def _line(place_id: int) -> set[int]:
    """The place and all that succeeded it."""
    heirs, found, queue = successions(places.directory().on), {place_id}, [place_id]
    while queue:
        for new in heirs.get(queue.pop(), ()):
            if new not in found:
                found.add(new)
                queue.append(new)
    return found


@dataclass(frozen=True)
class Preview:
    """What a plan would do to open work: `cases` in all, `to` part number -> cases, `items` open items that change
    their seat, `late` among the cases."""

    cases: int
    to: Mapping[int, int]
    items: int
    late: int


def preview(plan: Plan, now: datetime | None = None) -> Preview:
    """Count what `follow` would move, three queries; nothing is written. Protected matters move as well, uncounted."""
    if plan.kind in _STAYING:
        return Preview(0, {}, 0, 0)
    now = now or clock.now()
    closing = () if plan.kind == "move" else plan.olds
    seats = _seats_of(closing)
    rows = list(
        touched({*plan.olds, *plan.children}, seats)
        .filter(protected="")
        .values_list("place_id", "grid_id", "lon", "lat", "late_at")
    )
    known = places.directory()
    to: Counter[int] = Counter()
    for place, _grid, lon, lat, _late in rows:
        chain = (place, *known.ancestors(place))
        child = next((id for id in chain if id in plan.children), None)
        old = next((id for id in chain if id in plan.heirs), None)
        number = plan.children[child] if child is not None else _part(plan, old, lon, lat)
        to[number] += 1
    items = WorkItem.objects.filter(state=OPEN, owner_seat__in=seats, case__protected="").count() if seats else 0
    return Preview(len(rows), dict(to), items, sum(1 for row in rows if row[4] is not None and row[4] < now))


def _part(plan: Plan, old: int | None, lon: float | None, lat: float | None) -> int:
    """The part an open case of an old place would go to."""
    if old is None or not plan.parts:
        return 0
    heirs = plan.heirs[old]
    if lon is not None and lat is not None:
        for number in heirs:
            shape = plan.parts[number].geometry
            if shape is not None and shape.intersects(shapely.Point(lon, lat)):
                return number
    return heirs[0]
