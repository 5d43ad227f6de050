"""Numbers of a register that open to their lines, and who should stand in it and does not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from gezhi.engines.registers import figures as counted
from gezhi.engines.registers import files, sums
from gezhi.engines.registers.to_sheets import column_title
from gezhi.foundation import places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, NotFound
from gezhi.foundation.subjects import access, definitions
from gezhi.interfaces.site.requests import Request

from ..names import place_name
from ..page import show, staff, whole
from .registers import day_of, offered_places

MOST = 500


@staff
@require_safe
def figures(request: Request, name: str) -> HttpResponse:
    """`?by=kind&place=3&on=2026-10-31`: lines, subjects and sums by what the lines say; each number opens its lines."""
    declared = access.register_for(request.actor, name)
    ways = counted.ways(declared)
    if not ways:
        raise NotFound()
    by = request.GET.get("by", "") or ways[0][0]
    place, error, day = whole(request.GET.get("place")), "", None
    if place not in places.directory():
        place = None
    try:
        day = day_of(request.GET.get("on", ""), "on")
    except Invalid:
        error = _("日期不对，按今天显示。")
    found = counted.figures(request.actor, name, by, place_id=place, day=day)
    kept = {"place": place or "", "on": day.isoformat() if day else ""}
    rows = [
        (cut, [cut.sums.get(field, "") for field in found.added], _opens(name, by, cut, kept)) for cut in found.cuts
    ]
    context = {
        "register": declared,
        "kind": definitions.kind(declared.of).said,
        "ways": ways,
        "by": by,
        "by_title": dict(ways)[by],
        "titles": [column_title(declared, field) for field in found.added],
        "rows": rows,
        "whole": found.whole,
        "sums": [found.whole.sums.get(field, "") for field in found.added],
        "all_url": _url(name, kept),
        "place": place,
        "places": [(id, place_name(id)) for id in offered_places(access.scopes(request.actor, declared))],
        "day": day if day != clock.today() else None,
        "on": kept["on"],
        "error": error,
        **_overdue(request, declared, place, day),
    }
    return show(request, "desk/register_figures.html", context, here="registers")


def _overdue(request: Request, declared: definitions.Register, place: int | None, day: date | None) -> dict[str, Any]:
    """Money overdue by how long, where the register has a schedule."""
    if declared.adds_up.schedule is None:
        return {}
    aged = sums.ageing(request.actor, declared.name, place_id=place, today=day)
    bands = [sum((one.bands[at] for one in aged), Decimal()) for at in range(len(sums.BANDS) + 1)]
    return {"scheduled": True, "aged": aged, "bands": bands, "overdue": sum(bands, Decimal())}


def _opens(name: str, by: str, cut: counted.Cut, kept: dict[str, Any]) -> str:
    """Where the number of a group leads; lines that say nothing there have no address of their own."""
    return _url(name, {**kept, "cut": f"{by}:{cut.value}"}) if cut.value else ""


def _url(name: str, given: dict[str, Any]) -> str:
    said = urlencode({key: value for key, value in given.items() if value})
    return f"{reverse('desk:register', args=[name])}{'?' + said if said else ''}"


@staff
@require_safe
def missing(request: Request, name: str) -> HttpResponse:
    """Who should have a line and has none: a list that empties only by entering one for each."""
    declared = access.register_for(request.actor, name)
    rows = files.missing(request.actor, name, limit=MOST)
    other = definitions.register(declared.whom.register) if declared.whom else None
    context = {
        "register": declared,
        "other": other,
        "rows": [
            (row, place_name(row.place_id, "county"), access.may(request.actor, row, declared, "edit")) for row in rows
        ],
        "cut": len(rows) >= MOST,
        "unsaid": [
            (cut, _url(declared.whom.register, {"cut": f"{declared.whom.field}:{cut.value}"}))
            for cut in counted.unanswered(request.actor, name)
        ]
        if declared.whom and declared.whom.field
        else [],
        "may_edit": bool(access.scopes(request.actor, declared, "edit")),
    }
    return show(request, "desk/register_missing.html", context, here="registers")
