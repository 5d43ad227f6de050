"""The public board: what was raised and what was done, by place and kind of matter."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gezhi.foundation import places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotFound
from gezhi.interfaces.api import limits
from gezhi.interfaces.portal import board as facts
from gezhi.interfaces.portal import ground
from gezhi.interfaces.site.acting import whole


def _place(request: HttpRequest) -> places.PlaceInfo:
    """The place asked for, else the county. Raises NotFound for anything that is no county, town or village."""
    asked = request.GET.get("place", "")
    found = places.directory().get(whole(asked) or 0) if asked else ground.county()
    if found is None or found.kind not in facts.COLUMNS:
        raise NotFound()
    return found


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """`/board?place=`: counts of the last 30 days; every figure opens its list."""
    limits.knock(request, "board", writes=False)
    place = _place(request)
    own, around, groups = facts.tallies(place.id)
    up = places.directory().parent(place.id) if place.kind != "county" else None
    context = {
        "place": place, "name": own.title, "own": own, "around": around, "groups": groups, "days": facts.DAYS,
        "up": places.directory().get(up) if up else None, "now": clock.now(), "towns": ground.choices(),
    }  # fmt: skip
    return render(request, "portal/board.html", context)


@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """`/board/list?place=&is=raised|closed|solved|open&group=`: the matters behind one figure."""
    limits.knock(request, "board", writes=False)
    place = _place(request)
    figure = request.GET.get("is", "raised")
    if figure not in facts.FIGURES:
        raise NotFound()
    page = max(1, min(whole(request.GET.get("page")) or 1, 1000))
    group = request.GET.get("group", "")[:60]
    found, more = facts.listed(place.id, figure, group, page=page)
    context = {
        "place": place, "name": places.short_name(place.name), "figure": figure, "group": group, "rows": found,
        "days": facts.DAYS, "page": page, "more": page + 1 if more else None, "now": clock.now(),
    }  # fmt: skip
    return render(request, "portal/board_list.html", context)
