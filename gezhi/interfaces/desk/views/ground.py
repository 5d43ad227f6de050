"""地图 and 辖区: where cases lie, and the places themselves with their door plates."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from gezhi.engines.workflows.access import ORDINARY
from gezhi.engines.workflows.models import OPEN, Case
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotFound
from gezhi.interfaces.site.requests import Request

from ..atlas import Load, load_map
from ..menu import home_place
from ..page import show, staff
from ..unit_grids import by_unit

COLUMN = {"county": "county_id", "town": "town_id", "village": "village_id"}
BELOW = {"county": "town_id", "town": "village_id", "village": "grid_id"}
POINTS = 400


@staff
@require_safe
def map_page(request: Request, place: int | None = None) -> HttpResponse:
    """Open cases by load and lateness, one level at a time; the table beside the picture says the same."""
    request.actor.need("case.see")
    directory = places.directory()
    place = place or home_place(request.actor)
    info = directory.get(place) if place is not None else None
    if info is None:
        raise NotFound()
    if info.kind not in COLUMN:
        up = directory.at_level(info.id, "village") or directory.at_level(info.id, "town")
        info = directory.get(up) if up is not None else None
        if info is None:
            raise NotFound()
    request.actor.need("case.see", directory.path(info.id))
    now = clock.now()
    units = directory.children(info.id, "unit") if info.kind == "village" else ()
    layer = "unit" if units and request.GET.get("layer") == "unit" else "governance"
    inside = Case.objects.filter(ORDINARY, **{COLUMN[info.kind]: info.id}, state=OPEN)
    lines = (
        inside.order_by()
        .values(BELOW[info.kind])
        .annotate(open=Count("id"), late=Count("id", filter=Q(late_at__lt=now)))
    )
    known = {line[BELOW[info.kind]]: (line["open"], line["late"]) for line in lines}
    if layer == "unit":
        known = by_unit(inside, now)
    children = list(units) if layer == "unit" else _below(info)
    loads = {id: Load(*known.get(id, (0, 0)), _way(request, id)) for id in children}
    rows = [{"id": id, "name": places.short_name(directory.get(id).name), "load": loads[id]} for id in children]
    placed = sum(load.open for load in loads.values())
    total = sum(open for open, _late in known.values())
    context: dict[str, Any] = {
        "place": info,
        "name": places.short_name(info.name),
        "rows": rows,
        "total": total,
        "late": sum(late for _open, late in known.values()),
        "elsewhere": total - placed,
        "atlas": load_map(info.id, loads, _points(inside, now) if info.kind != "county" else (), layer),
        "layer": layer,
        "two_layers": bool(units),
        "up": _up(request, info.id),
        "sketch": info.sketch,
    }
    return show(request, "desk/map.html", context, here="map")


@staff
@require_safe
def places_page(request: Request, place: int | None = None) -> HttpResponse:
    """The tree one level at a time: what lies in a place, who holds its seats, its buildings and their plates."""
    request.actor.need("places.manage")
    directory = places.directory()
    place = place or home_place(request.actor)
    info = directory.get(place) if place is not None else None
    if info is None:
        raise NotFound()
    request.actor.need("places.manage", directory.path(info.id))
    everyone = people.directory()
    rows = []
    for child in directory.children(info.id):
        kid = directory.get(child)
        seats = everyone.seats_at(child)
        rows.append(
            {
                "place": kid,
                "name": places.short_name(kid.name),
                "kind": places.LABELS[kid.kind],
                "inside": len(directory.children(child)),
                "seats": [(seat.organisation_name or seat.title, everyone.holders(seat.id)) for seat in seats][:8],
                "more": max(0, len(seats) - 8),
                "vacant": sum(1 for seat in seats if not everyone.holders(seat.id)),
            }
        )
    chain = [directory.get(id) for id in reversed(directory.ancestors(info.id))]
    context = {
        "place": info,
        "name": places.short_name(info.name),
        "kind": places.LABELS[info.kind],
        "rows": rows,
        "chain": [
            (p.id, places.short_name(p.name)) for p in chain if request.actor.may("places.manage", directory.path(p.id))
        ],
        "problems": _problems() if request.GET.get("check") else None,
        "adjustable": info.kind != "province",
        "units": [(id, places.short_name(directory.get(id).name)) for id in directory.children(info.id, "unit")],
        "map_opens": request.actor.may("case.see", directory.path(info.id)),
        "has_buildings": any(directory.get(id).kind == "building" for id in directory.descendants(info.id)),
    }
    return show(request, "desk/places.html", context, here="places")


@staff
@require_safe
def plates(request: Request, place: int) -> HttpResponse:
    """A4 sheets of door plates to print and cut."""
    directory = places.directory()
    if place not in directory:
        raise NotFound()
    request.actor.need("places.manage", directory.path(place))
    base = f"{request.scheme}://{request.get_host()}" if not settings.PRODUCTION else f"https://{request.get_host()}"
    context = {"sheets": places.sheets(place, base), "name": directory.label(place), "place": directory.get(place)}
    return show(request, "desk/qr_sheet.html", context, here="places")


def _problems() -> list[Any]:
    """Both layers of grids: gaps, overlaps, orphans, and unit grids that reach over their community."""
    return [f for layer in places.LAYERS for f in places.check_partition(clock.today(), layer, codes=True)]


def _below(info: Any) -> list[int]:
    directory = places.directory()
    if info.kind == "village":
        return [id for id in directory.children(info.id) if directory.get(id).kind in places.GRIDS]
    want = {"county": "town", "town": "village"}[info.kind]
    return [id for id in directory.children(info.id) if directory.get(id).kind == want]


def _way(request: Request, id: int) -> str:
    kind = places.directory().get(id).kind
    if kind in ("town", "village"):
        return reverse("desk:map_of", args=[id])
    return f"{reverse('desk:cases')}?state=open&place={id}"


def _points(inside: Any, now: Any) -> list[tuple[float, float, str, str, str]]:
    rows = (
        inside.filter(lon__isnull=False).order_by("-id").values_list("id", "number", "lon", "lat", "late_at")[:POINTS]
    )
    return [
        (lon, lat, "overdue" if late_at < now else "running", reverse("desk:case", args=[id]), number)
        for id, number, lon, lat, late_at in rows
    ]


def _up(request: Request, place: int) -> dict[str, Any] | None:
    directory = places.directory()
    up = directory.parent(place)
    if up is None or directory.get(up).kind not in COLUMN or not request.actor.may("case.see", directory.path(up)):
        return None
    return {"id": up, "name": places.short_name(directory.get(up).name)}
