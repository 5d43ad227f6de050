"""`/similar`: while a resident writes, whether somebody near has just raised something like it. Nothing is kept.

Told is what the public board tells, and no more: kind, village, how far it is; never anybody's words or number.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from gezhi.engines.workflows import merging, similar
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.interfaces.api import limits
from gezhi.interfaces.portal import board, intake
from gezhi.interfaces.site.acting import whole

SHORT = 6


@never_cache
@require_POST
def near(request: HttpRequest) -> HttpResponse:
    """A piece of the page, empty when nothing is alike."""
    limits.knock(request, "where", writes=False)
    text, place = request.POST.get("text", "").strip()[: intake.MAX_TEXT], whole(request.POST.get("place"))
    rows: list[board.PublicRow] = []
    reports = 0
    if len(text) >= SHORT and place is not None and places.directory().open(place):
        found = similar.candidates(text, place, actor=people.resident(), limit=1)
        rows = board.redacted([one.case for one in found])
        reports = 1 + merging.reports_of([one.case.id for one in found]).get(found[0].case.id, 0) if found else 0
    return render(
        request, "portal/_similar.html", {"rows": rows, "reports": reports, "now": clock.now(), "place": place}
    )
