"""公示: registers of things and organisations that a pack makes public, with the columns it names and nothing else."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gezhi.engines.registers.to_sheets import cell, column_title
from gezhi.foundation import places
from gezhi.foundation.subjects import definitions, queries
from gezhi.interfaces.api import limits
from gezhi.interfaces.portal import ground
from gezhi.interfaces.site.acting import whole


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """`/open`: what is public here."""
    limits.knock(request, "services", writes=False)
    rows = [r for r in definitions.registers() if r.public and r.served]
    return render(request, "portal/open.html", {"rows": rows, "where": ground.where()})


@require_safe
def listed(request: HttpRequest, name: str) -> HttpResponse:
    """`/open/service_squad?place=3`: its lines, 50 a page."""
    limits.knock(request, "services", writes=False)
    place = whole(request.GET.get("place"))
    place = place if place is not None and place in places.directory() else None
    page = queries.public_page(name, place, cursor=request.GET.get("cursor"))
    declared = page.register
    rows = [
        (
            row.label,
            cell(declared, row, "place"),
            [(column_title(declared, c), said) for c in declared.public if (said := cell(declared, row, c))],
        )
        for row in page.rows
    ]
    context = {
        "register": declared, "rows": rows, "next": page.next, "chosen": place, "groups": ground.choices(),
        "where": ground.where(),
    }  # fmt: skip
    return render(request, "portal/open_list.html", context)
