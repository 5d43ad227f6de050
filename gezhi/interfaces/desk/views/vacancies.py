"""空缺: which seats are vacant, level by level, since when, and who answers for them meanwhile."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from gezhi.foundation import people, places
from gezhi.foundation.errors import NotFound
from gezhi.foundation.people.queries import vacancies
from gezhi.interfaces.site.requests import Request

from ..menu import home_place
from ..names import person_name, place_name
from ..page import show, staff
from .staff import open_work

SHOWN = 500
ORDER = ("province", "city", "county", "town", "village", "grid1", "grid2", "grid3", "building")


@staff
@require_safe
def vacant(request: Request, place: int | None = None) -> HttpResponse:
    """Vacant seats of a place and below, widest level first, the longest vacant first; `?level=village` one level."""
    request.actor.need("people.manage")
    directory, everyone = places.directory(), people.directory()
    scopes = request.actor.places("people.manage")
    place = place or (scopes[0][1] if scopes else home_place(request.actor))
    if place is None or place not in directory:
        raise NotFound()
    request.actor.need("people.manage", directory.path(place))
    found = vacancies(place)
    by_level = {kind: [one for one in found if directory.place(one.seat.place_id).kind == kind] for kind in ORDER}
    level = request.GET.get("level", "")
    shown = by_level.get(level, []) if level else [one for kind in ORDER for one in by_level[kind]]
    load = open_work([one.seat.id for one in shown[:SHOWN]])
    rows: list[dict[str, Any]] = [
        {
            "seat": one.seat,
            "where": place_name(one.seat.place_id),
            "since": one.since,
            "never": one.never_held,
            "answers": everyone.seat(one.answers.seat_id).label,
            "who": [person_name(person) for person in one.answers.persons],
            "standing_in": one.answers.seat_id == one.seat.id,
            "open": load.get(one.seat.id, 0),
        }
        for one in shown[:SHOWN]
    ]
    context = {
        "place": place,
        "name": places.short_name(directory.place(place).name),
        "rows": rows,
        "level": level,
        "levels": [(kind, len(by_level[kind])) for kind in ORDER if by_level[kind]],
        "all": len(found),
        "more": max(0, len(shown) - SHOWN),
    }
    return show(request, "desk/vacancies.html", context, here="people")
