"""The door-plate home, raising a matter, and finding one's place by a tap."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gezhi.engines.matching.schema import activities
from gezhi.engines.workflows import protecting, rules, talking
from gezhi.engines.workflows.schema import definition, definition_at
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock, deadline, parse_limit
from gezhi.foundation.errors import Invalid
from gezhi.foundation.packs import service_items
from gezhi.interfaces.api import limits
from gezhi.interfaces.portal import board, ground, intake
from gezhi.interfaces.site.answers import form_key, go, new_key
from gezhi.interfaces.site.faults import wants_json


def first_word(place_id: int | None = None) -> Any:
    """By when somebody will have decided who handles a matter raised now: the limit of the first step."""
    flow, _hash = definition(intake.WORKFLOW) if place_id is None else definition_at(intake.WORKFLOW, place_id)
    stage = flow.first
    return deadline(clock.now(), parse_limit(stage.clock.limit)) if stage.clock else None


def _page(request: HttpRequest, plate: ground.Plate | None, refusal: Invalid | None = None) -> HttpResponse:
    typed = request.POST if refusal is not None else {}
    chosen = typed.get("place") or (str(plate.place_id) if plate else "")
    context = {
        "plate": plate,
        "where": ground.where(),
        "county": ground.county(),
        "groups": ground.choices(),
        "chosen": chosen,
        "key": typed.get("key") or new_key(),
        "typed": typed,
        "refusal": refusal,
        "wrong": refusal.field_errors if refusal else {},
        "first_word": first_word(plate.place_id if plate else None),
        "max_text": intake.MAX_TEXT,
        "abouts": protecting.ABOUT.items(),
        "carers": ground.carers(plate.place_id) if plate else [],
        "talks": talking.workflow() is not None,
        "village_id": places.directory().at_level(plate.place_id, "village") if plate else None,
        "services": any(i.offered(clock.today()) for i in service_items.items()),
        "activities": any(kind.public for kind in activities()),
        "needs": board.count_open(plate.place_id) if plate else None,
        "again": reverse("plate", args=[plate.token]) if plate and plate.token else reverse("home"),
    }
    return render(request, "portal/home.html", context, status=refusal.http if refusal else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """`/`: raise a matter; the place is chosen from the list."""
    return _raise(request, None, "portal") if request.method == "POST" else _page(request, None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def plate(request: HttpRequest, token: str) -> HttpResponse:
    """`/b/<token>`: the same as the door plate of the building whose code was scanned."""
    found = ground.plate_of(token)
    return _raise(request, found, "scan") if request.method == "POST" else _page(request, found)


def _raise(request: HttpRequest, plate: ground.Plate | None, channel: str) -> HttpResponse:
    intake.knock(request)
    try:
        case, _new = intake.raise_matter(
            request.POST,
            request.FILES.getlist("photos"),
            actor=people.resident(""),
            channel=channel,
            key=form_key(request),
        )
    except Invalid as refusal:
        if wants_json(request):
            raise
        return _page(request, plate, refusal)
    return go(request, reverse("receipt", args=[rules.show_code(case.code)]), code=case.code)


@require_POST
def locate(request: HttpRequest) -> JsonResponse:
    """`/where`: the place of a point, asked only when the resident tapped "use where I am". Nothing is kept."""
    limits.knock(request, "where", writes=False)
    point = intake.point(request.POST)
    place_id = places.find_place(*(point or (float("nan"), float("nan"))))
    return JsonResponse({"place": place_id, "label": places.directory().label(place_id)})


@never_cache
@require_safe
def needs(request: HttpRequest, token: str) -> HttpResponse:
    """`/b/<token>/needs`: what is being dealt with around this building now, without anybody's words."""
    found = ground.plate_of(token)
    context = {"plate": found, "rows": board.open_needs(found.place_id), "where": ground.where()}
    return render(request, "portal/needs.html", context)
