"""走访告知单: whoever was visited sees what was recorded: when, by which seat, what for. Opened by the code on the visitor's phone."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gezhi.engines.duties import slips
from gezhi.engines.workflows.models import Case
from gezhi.foundation import packs, people
from gezhi.foundation.calendar import clock
from gezhi.interfaces.site.requests import Request


@require_safe
def slip(request: Request, code: str) -> HttpResponse:
    """`/v/<code>`: one visit, without a name; NotFound for anything else."""
    row, rule = slips.opened(code)
    seat = people.directory().seats.get(row.seat_id)
    # What was raised is followed by its own number; one that became protected is nobody's to see here.
    raised = None
    if row.case_id is not None:
        raised = Case.objects.filter(pk=row.case_id, protected="").values_list("number", flat=True).first()
    context = {
        "row": row, "title": packs.say(rule.title), "says": packs.say(rule.says), "seat": seat.label if seat else "",
        "raised": raised, "now": clock.now(),
    }  # fmt: skip
    return render(request, "portal/visit.html", context)
