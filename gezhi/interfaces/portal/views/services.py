"""The list of services: found by words or group, read whole, started from its page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.workflows import rules
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import people
from gezhi.foundation.calendar import clock, deadline, parse_limit
from gezhi.foundation.errors import Invalid
from gezhi.foundation.packs import service_items
from gezhi.foundation.packs.reading import localised
from gezhi.interfaces.api import limits
from gezhi.interfaces.portal import ground, intake
from gezhi.interfaces.site.answers import form_key, go, new_key
from gezhi.interfaces.site.faults import wants_json

WORDS = 60


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """`/services?q=&group=`: what is offered now, by group; what was given up is listed apart. No query a row."""
    limits.knock(request, "services", writes=False)
    today = clock.today()
    wanted, group = request.GET.get("q", "")[:WORDS].strip(), request.GET.get("group", "")[:WORDS]
    every = service_items.items()
    found = [i for i in every if i.holds(wanted.split()) and group in ("", i.group_title)]
    offered = [i for i in every if i.offered(today)]
    groups: dict[str, list[service_items.ServiceItem]] = {}
    for item in found:
        if item.offered(today):
            groups.setdefault(item.group_title, []).append(item)
    context = {
        "q": wanted, "group": group, "groups": list(groups.items()), "retired": [i for i in found if not i.offered(today)],
        "titles": list(dict.fromkeys(i.group_title for i in offered)), "count": sum(map(len, groups.values())),
        "any": bool(every), "where": ground.where(),
    }  # fmt: skip
    return render(request, "portal/services.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def item(request: HttpRequest, pack: str, code: str) -> HttpResponse:
    """`/services/<pack>/<code>`: everything about one item; sending the form opens its case. A retired one says since
    when, why and what instead, and takes nothing."""
    found = service_items.item(f"{pack}/{code}")
    if request.method != "POST":
        limits.knock(request, "services", writes=False)
        return _page(request, found)
    intake.knock(request)
    try:
        case, _new = intake.raise_matter(
            request.POST,
            (),
            actor=people.resident(""),
            channel="portal",
            key=form_key(request),
            service=found,
        )
    except Invalid as refusal:
        if wants_json(request):
            raise
        return _page(request, found, refusal)
    return go(request, reverse("receipt", args=[rules.show_code(case.code)]), code=case.code)


def _page(request: HttpRequest, found: service_items.ServiceItem, refusal: Invalid | None = None) -> HttpResponse:
    flow, _hash = definition(found.body["workflow"])
    typed = request.POST if refusal is not None else {}
    limit = parse_limit(found.body["limit"])
    instead = found.retired.get("instead") if found.retired else None
    context: dict[str, Any] = {
        "item": found,
        "offered": found.offered(clock.today()),
        "steps": [localised(flow.stages[s].title) for s in found.body["steps"] if s in flow.stages],
        "limit": limit,
        "done_by": deadline(clock.now(), limit),
        "owner": people.directory().posts[found.body["owner"]].title,
        "instead": service_items.item(f"{found.pack}/{instead}") if instead else None,
        "groups": ground.choices(),
        "chosen": typed.get("place", ""),
        "typed": typed,
        "key": typed.get("key") or new_key(),
        "refusal": refusal,
        "wrong": refusal.field_errors if refusal else {},
        "where": ground.where(),
    }
    return render(request, "portal/service.html", context, status=refusal.http if refusal else 200)
