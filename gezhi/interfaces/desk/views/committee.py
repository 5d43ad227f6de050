"""换届: the new committee pasted as a table, previewed, done in one step; then the list both sides sign, on A4."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.workflows import guarding
from gezhi.engines.workflows.models import OPEN, WorkItem
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import people, places
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from gezhi.foundation.people import Actor, actions, committee
from gezhi.foundation.people.committee_table import Row, read_table
from gezhi.foundation.people.models import CommitteeChange
from gezhi.foundation.people.queries import seats_within
from gezhi.interfaces.site.requests import Request

from ..fields import titled
from ..names import category_name, person_name, place_name, seat_name
from ..page import show, staff, tell
from .staff import day_of, open_work

LISTED = 1000


@staff
@require_http_methods(["GET", "POST"])
def change(request: Request, place: int) -> HttpResponse:
    """GET: the seats as they are and the form; POST do=preview shows what would happen, do=confirm does it."""
    directory = places.directory()
    if place not in directory:
        raise NotFound()
    request.actor.need("people.manage", directory.path(place))
    given = request.POST
    rows: list[Row] = []
    refusal: Refusal | None = None
    planned: committee.Preview | None = None
    if request.method == "POST":
        try:
            rows = read_table(given.get("table", ""), place, actor=request.actor)
            at = day_of(given, "at")
            if given.get("do") == "confirm":
                seen = int(given["seen"]) if given.get("seen", "").isdecimal() else 0
                done = actions.replace_committee(place, rows, actor=request.actor, at=at, seen=seen)
                tell(request, _("换届已办好"), _("下面是交接单，请打印签字。"))
                return redirect("desk:committee_done", change=done.id)
            seats = committee.seats_of(rows)
            if seats:
                planned = committee.preview(place, seats, actor=request.actor, at=at)
            elif not rows:
                raise Invalid("people.table_wrong", count=0)
        except (Invalid, Conflict, NotAllowed, NotFound) as refused:
            refusal = refused
    own = [seat for seat in seats_within(place) if seat.place_id == place and not seat.closed]
    everyone = people.directory()
    context: dict[str, Any] = {
        "place": directory.get(place),
        "name": places.short_name(directory.place(place).name),
        "now_seated": [(seat, [person_name(p) for p in everyone.holders(seat.id)]) for seat in own],
        "rows": rows,
        "wrong": [row for row in rows if row.problem],
        "lines": _lines(planned, rows) if planned else [],
        "closing": [person_name(p) for p in planned.closing] if planned else [],
        "untouched": [s for s in own if planned and s.id not in {line.seat_id for line in planned.lines}],
        "seen": planned.seen if planned else "",
        "typed": given,
        "refusal": refusal,
    }
    return show(request, "desk/committee.html", context, here="people", status=refusal.http if refusal else 200)


@staff
@require_safe
def done(request: Request, change: int) -> HttpResponse:
    """The hand-over list of a change: seat by seat who goes and who comes, and the open work with its clocks."""
    row = CommitteeChange.objects.filter(pk=change).first()
    if row is None:
        raise NotFound()
    request.actor.need("people.manage", places.directory().path(row.place_id))
    by_seat, left_out = _work([line["seat"] for line in row.body["seats"]], request.actor)
    seats = [
        {
            "label": seat_name(line["seat"]),
            "out": [person_name(p) for p in line["out"]],
            "into": [person_name(p) for p in line["in"]],
            "stay": [person_name(p) for p in line["stay"]],
            "substitutes": [person_name(p) for p in line["substitutes"]],
            "items": by_seat.get(line["seat"], []),
        }
        for line in row.body["seats"]
    ]
    context = {
        "change": row,
        "place": row.place_id,
        "name": places.short_name(places.directory().place(row.place_id).name),
        "seats": seats,
        "total": sum(len(seat["items"]) for seat in seats),
        "more": left_out,
        "closing": [person_name(p) for p in row.body["closing"]],
    }
    return show(request, "desk/committee_done.html", context, here="people")


def _lines(planned: committee.Preview, rows: list[Row]) -> list[dict[str, Any]]:
    fresh: dict[int | None, list[str]] = defaultdict(list)
    for row in rows:
        if row.new:
            fresh[row.seat_id].append(row.name)
    load = open_work([line.seat_id for line in planned.lines])
    return [
        {
            "label": seat_name(line.seat_id),
            "seat": line.seat_id,
            "out": [person_name(p) for p in line.out],
            "into": [person_name(p) for p in line.into],
            "fresh": fresh.get(line.seat_id, []),
            "stay": [person_name(p) for p in line.stay],
            "substitutes": [person_name(p) for p in line.substitutes],
            "open": load.get(line.seat_id, 0),
        }
        for line in planned.lines
    ]


def _work(seats: list[int], actor: Actor) -> tuple[dict[int, list[dict[str, Any]]], int]:
    """Open items by seat, soonest due first, and how many were left off; protected ones only for who may see them."""
    found = WorkItem.objects.filter(state=OPEN, owner_seat__in=seats).select_related("case").order_by("due_at", "id")
    items = list(found[: LISTED + 1])
    concerned = {case.pk for case in guarding.only_cases([i.case for i in items if i.case.protected], actor)}
    by_seat: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for item in items[:LISTED]:
        if item.case.protected and item.case.pk not in concerned:
            continue
        flow, _hash = definition(item.case.workflow, item.case.version)
        by_seat[item.owner_seat or 0].append(
            {
                "item": item,
                "case": item.case,
                "what": category_name(item.case.category),
                "where": place_name(item.case.place_id),
                "stage": titled(flow.stages[item.stage].title),
            }
        )
    return by_seat, max(0, len(items) - LISTED)
