"""一长两员: which grids lack a head, a full-time worker or a part-time one, and which have too many households."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from gezhi.foundation import people, places
from gezhi.foundation.errors import NotFound
from gezhi.foundation.people.coverage import coverage as judge
from gezhi.foundation.people.coverage import rule
from gezhi.interfaces.site.requests import Request

from ..page import show, staff

SHOWN = 300


@staff
@require_safe
def coverage(request: Request, place: int) -> HttpResponse:
    """Counts by role, each opening its grids: `?lack=head`, `?households=over|under`. No person is named or ranked."""
    known = places.directory()
    info = known.get(place)
    if info is None:
        raise NotFound()
    if not request.actor.may("people.manage", known.path(place)):
        request.actor.need("places.manage", known.path(place))
    body = rule(place)
    context = {"place": info, "name": places.short_name(info.name), "rule": body is not None}
    if body is not None:
        found = judge(place, body)
        language = "en" if (get_language() or "").startswith("en") else "zh"
        roles = [(line, line.title.get(language) or line.title["zh"]) for line in found.roles]
        lack, households = request.GET.get("lack", ""), request.GET.get("households", "")
        counted = dict((*found.too_few, *found.too_many))
        if households in ("over", "under"):
            wanted = [grid for grid, _n in (found.too_many if households == "over" else found.too_few)]
        elif lack:
            wanted = [grid for line, _title in roles if line.id == lack for grid in line.lacking]
        else:
            wanted = list(dict.fromkeys(grid for line, _title in roles for grid in line.lacking))
        rows = [
            {
                "id": grid,
                "label": known.label(grid),
                "missing": [title for line, title in roles if grid in line.lacking],
                "households": counted.get(grid),
                "seats": [
                    seat for line, _title in roles if grid in line.lacking for post in line.posts
                    for seat in people.directory().seats_at(grid, post)
                ],
            }
            for grid in wanted[:SHOWN]
        ]  # fmt: skip
        context |= {
            "found": found,
            "roles": [(line, title, len(line.lacking)) for line, title in roles],
            "rows": rows,
            "lack": lack,
            "households": households,
            "all": len(found.grids),
            "more": max(0, len(wanted) - SHOWN),
        }
    return show(request, "desk/coverage.html", context, here="places")
