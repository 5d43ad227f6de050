"""督办台: what is late, what units dispute, what waits for a yes; whose clock runs; the filters stay."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from gezhi.engines.workflows import queries
from gezhi.engines.workflows.access import ORDINARY, scopes
from gezhi.engines.workflows.models import OPEN, Case
from gezhi.engines.workflows.schema import definition
from gezhi.flows.papers import doors
from gezhi.foundation import places
from gezhi.foundation.calendar import clock
from gezhi.interfaces.site.requests import Request

from .. import bars
from ..names import seat_name
from ..narrowing import narrowing_places
from ..page import show, staff, whole

KEPT = "desk.supervise"
CELLS = 60  # so many squares a unit; more are said in words
UNITS = 30


@staff
@require_safe
def supervise(request: Request) -> HttpResponse:
    """The board. Filters come from the address; without any, from what this person chose last."""
    request.actor.need("case.supervise")
    kept = request.session.get(KEPT, "")
    if not request.GET and kept:
        return redirect(f"{reverse('desk:supervise')}?{kept}")
    chosen = {name: request.GET[name] for name in ("place", "owner", "sort") if request.GET.get(name)}
    query = "&".join(f"{name}={value}" for name, value in chosen.items() if value.isascii() and value.isalnum())
    if query != kept:
        request.session[KEPT] = query
    place, owner = whole(chosen.get("place")), whole(chosen.get("owner"))
    board = queries.supervision(request.actor, place=place, owner=owner)
    overdue = list(board.overdue)
    if chosen.get("sort") == "new":
        overdue.sort(key=lambda row: -row.due_at.timestamp())
    now = clock.now()
    shown = [row.case for row in (*overdue, *board.disputed, *board.parked)] + [task.case for task in board.waiting]
    hands = _hands(request, place, now)
    context: dict[str, Any] = {
        "overdue": overdue,
        "overdue_count": board.overdue_count,
        "disputed": board.disputed,
        "parked": sorted(board.parked, key=lambda row: row.case.parked_until or now),
        "waiting": board.waiting,
        "beyond": _beyond(request, overdue),
        "urged": {row.id for row in overdue if _knows_supervision(row.case)},
        "bars": bars.bars(shown, now),
        "hands": hands,
        "places": narrowing_places(request),
        "owners": [(hand["seat"], hand["name"]) for hand in hands],
        "place": place,
        "owner": owner,
        "sort": chosen.get("sort", ""),
        "list_url": request.get_full_path(),
        "longest": overdue[0].seat_label if overdue and chosen.get("sort") != "new" else "",
        "total": board.overdue_count.value + len(board.disputed) + len(board.waiting),
    }
    return show(request, "desk/supervise.html", context, here="supervise")


def _beyond(request: Request, rows: Any) -> set[int]:
    """Ids of rows that this person or a seat above now has: nobody supervises themselves or upwards by a paper."""
    actor = request.actor
    mine = [actor.seat] if actor.seat is not None else list(actor.seats)
    return {row.id for row in rows if all(doors.above(seat, row.case.owner_seat) for seat in mine)}


def _knows_supervision(case: Case) -> bool:
    """Whether the case's own method has 督办 as an action where it stands: not every method does, a paper always goes."""
    flow, _hash = definition(case.workflow, case.version)
    return "supervise" in flow.actions_at(case.stage)


def _hands(request: Request, place: int | None, now: Any) -> list[dict[str, Any]]:
    """Whose clock runs: every open case of the scope as a square of the seat that owns it now, in seat order."""
    found: dict[int, list[tuple[Any, Any]]] = {}
    seen: set[int] = set()
    for scope in scopes(request.actor):
        if scope.column == "handler_seat":
            continue
        rows = Case.objects.filter(ORDINARY, **{scope.column: scope.value}, state=OPEN)
        if place is not None:
            rows = rows.filter(**_inside(place))
        for id, seat, late_at, due_at in rows.values_list("id", "owner_seat", "late_at", "due_at")[:2000]:
            if id not in seen and seat is not None:
                seen.add(id)
                found.setdefault(seat, []).append((late_at, due_at))
    hands: list[dict[str, Any]] = []
    for seat, instants in found.items():
        late = sorted(at for at, _due in instants if at < now)
        soon = sum(1 for at, _due in instants if 0 <= (at - now).total_seconds() < 4 * 3600)
        hands.append(
            {
                "seat": seat,
                "name": seat_name(seat),
                "count": len(instants),
                "late": min(len(late), CELLS),
                "soon": min(soon, CELLS),
                "running": min(len(instants), CELLS) - min(len(late), CELLS) - min(soon, CELLS),
                "oldest": late[0] if late else None,
                "late_count": len(late),
                "next": min((at for at, _due in instants if at >= now), default=None),
            }
        )
    # Those with something late stand first; inside the two groups seats keep their own order: this is no ranking.
    hands.sort(key=lambda hand: (not hand["late_count"], hand["seat"]))
    for hand in hands:
        hand["cells"] = ["l"] * hand["late"] + ["s"] * max(0, hand["soon"]) + ["r"] * max(0, hand["running"])
    return hands[:UNITS]


def _inside(place: int) -> dict[str, int]:
    info = places.directory().get(place)
    columns = {"county": "county_id", "town": "town_id", "village": "village_id"}
    return {columns.get(info.kind if info else "", "grid_id"): place}
