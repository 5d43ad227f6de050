"""报一件: what a worker found on the way; the place is already there, a category is only suggested."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from gezhi.engines.workflows.facing import begins
from gezhi.engines.workflows.schema import definition_at
from gezhi.foundation import packs, people, places
from gezhi.foundation.calendar import clock, deadline, parse_limit
from gezhi.foundation.errors import Invalid
from gezhi.foundation.people import Actor
from gezhi.interfaces.field.guard import staff
from gezhi.interfaces.field.views.case import tell
from gezhi.interfaces.portal import ground, intake
from gezhi.interfaces.site import words
from gezhi.interfaces.site.acting import whole
from gezhi.interfaces.site.answers import form_key, go, new_key
from gezhi.interfaces.site.faults import wants_json
from gezhi.interfaces.site.requests import Request


def own_places(actor: Actor) -> list[tuple[int, str]]:
    """Where the person works: the places of their seats and the buildings in them, finest grids first."""
    directory, seats = places.directory(), people.directory()
    found: dict[int, str] = {}
    for seat in actor.seats:
        start = seats.seat(seat).place_id
        for place_id in (start, *directory.children(start)):
            found[place_id] = directory.label(place_id, since="village")
    return list(found.items())


def goes_to(place_id: int, *, urgent: bool = False) -> dict[str, str]:
    """Who gets a matter of this place and by when they decide: where it would begin now, in words."""
    flow, _hash = definition_at(intake.WORKFLOW, place_id)
    directory, now = people.directory(), clock.now()
    stage = begins(flow, urgent=urgent, now=now)
    post = stage.owner.post if stage.owner else None
    seat = directory.seat_for(post or "", place_id)
    due = deadline(now, parse_limit(stage.clock.limit)) if stage.clock else None
    return {
        "seat": directory.seat(directory.effective(seat, now).seat_id).label,
        "by": words.before(due, now) if due else "",
    }


def suggestions(text: str) -> list[dict[str, Any]]:
    """Categories that the sentence seems to speak of, with the words that say so. Only a suggestion."""
    catalogue = packs.registry().categories
    found = []
    for suggested in packs.suggest_category(text, limit=3):
        category = catalogue.get(suggested.code)
        if category is not None:
            found.append(
                {"code": category.code, "label": category.label, "words": [w for w, _start, _end in suggested.words]}
            )
    return found


def _page(request: Request, refusal: Invalid | None = None) -> HttpResponse:
    typed = request.POST if refusal is not None else {}
    own = own_places(request.actor)
    place_id = whole(typed.get("place")) or whole(request.GET.get("place")) or (own[0][0] if own else None)
    known = place_id is not None and places.directory().open(place_id)
    if known and place_id is not None and place_id not in dict(own):
        own = [(place_id, places.directory().label(place_id, since="village")), *own]
    context = {
        "own": own, "groups": ground.choices(), "chosen": str(place_id or ""), "typed": typed, "refusal": refusal,
        "wrong": refusal.field_errors if refusal else {}, "key": typed.get("key") or new_key(),
        "goes": goes_to(place_id, urgent=bool(typed.get("urgent"))) if known and place_id is not None else None,
        "suggested": suggestions(typed.get("text", "")) if typed.get("text") else [], "max_text": intake.MAX_TEXT,
    }  # fmt: skip
    return render(request, "field/report.html", context, status=refusal.http if refusal else 200)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: Request) -> HttpResponse:
    """`/field/report`."""
    if request.method != "POST":
        return _page(request)
    try:
        case, new = intake.raise_matter(
            request.POST, request.FILES.getlist("photos"), actor=request.actor, channel="field", key=form_key(request)
        )
    except Invalid as refusal:
        if wants_json(request):
            raise
        return _page(request, refusal)
    if new:
        tell(request, _("报上去了"), _("编号 %(number)s") % {"number": case.number})
    return go(request, reverse("field"), case=case.id)


@staff
@require_POST
def hint(request: Request) -> JsonResponse:
    """`/field/report/hint`: while writing: suggested categories, and who gets it by when."""
    place_id = whole(request.POST.get("place"))
    known = place_id is not None and places.directory().open(place_id)
    return JsonResponse(
        {
            "suggested": suggestions(request.POST.get("text", "")[: intake.MAX_TEXT]),
            "goes": goes_to(place_id, urgent=request.POST.get("urgent") == "true")
            if known and place_id is not None
            else None,
        }
    )
