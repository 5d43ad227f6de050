"""实时看板: a template of duties counted now, before or after it is sealed; the same counting, so the same cut gives the same figures."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from gezhi.engines.duties import queries as duties
from gezhi.engines.publishing.bulletins import gathering, queries
from gezhi.engines.publishing.bulletins.schema import Template, template, templates
from gezhi.foundation import places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotFound
from gezhi.foundation.measures import Period
from gezhi.foundation.packs.reading import localised
from gezhi.interfaces.site.acting import whole
from gezhi.interfaces.site.requests import Request

from ..names import seat_name
from ..page import show
from .sealed import shown_section, where

PAGE = 50


def offered(level: str, kind: str) -> list[tuple[str, str]]:
    """(name, title) of what can be looked at live for a level of place and a kind of period."""
    found = templates(period=kind, level="grid" if level.startswith("grid") else level)
    return [(one.name, localised(one.title)) for one in found if one.counts == "duties"]


def live(request: Request, place: int, when: Period, name: str) -> HttpResponse:
    """`?template=linkage`: every number counted now, each opening its records (`&number=3`, `&part=d`). The caller has asked
    whether the reader may read bulletins there."""
    kind, info = template(name), places.directory().place(place)
    if (name, localised(kind.title)) not in offered(info.kind, when.kind):
        raise NotFound("bulletin.not_found")
    made = gathering.gather(kind, place, when, now=clock.now())
    number = whole(request.GET.get("number"))
    if number is not None:
        return _rows(request, kind, made, place, when, number)

    def url(n: int, one: dict[str, Any]) -> str:
        return _address(place, when, name, number=n) if one["name"] and one["top"] not in (None, "0") else ""

    context = {
        "title": localised(kind.title),
        "place_label": places.directory().label(place, "county"),
        "words": when.words,
        "sections": [shown_section(section, made.body, url) for section in made.body["sections"]],
        "back": reverse("desk:bulletin", kwargs={"place": place, "kind": when.kind, "period": when.name}),
        "running": when.until > clock.now(),
        "at": clock.now(),
    }
    return show(request, "desk/live.html", context, here="bulletin")


def _rows(
    request: Request, kind: Template, made: gathering.Gathered, place: int, when: Period, number: int
) -> HttpResponse:
    part = "d" if request.GET.get("part") == "d" else "n"
    ids = queries.ids_behind(made.body, made.rows, number, part)
    found = duties.recorded(ids, request.actor, after=whole(request.GET.get("after")) or 0, size=PAGE + 1)
    context = {
        "title": localised(kind.title),
        "place_label": places.directory().label(place, "county"),
        "words": {"before": when.back().words, "year": when.words}.get(
            made.body["numbers"][number]["when"], when.words
        ),
        "kept": made.body["numbers"][number],
        "ids": len(ids),
        "place": place,
        "rows": [
            {"owed": owed, "row": done, "seat": seat_name(done.seat_id), "where": where(done.place_id)}
            for owed, done in found[:PAGE]
        ],
        "back": _address(place, when, kind.name),
        "more": _address(place, when, kind.name, number=number, part=part, after=found[PAGE - 1][1].pk)
        if len(found) > PAGE
        else "",
    }
    return show(request, "desk/live.html", context, here="bulletin")


def _address(place: int, when: Period, name: str, **more: Any) -> str:
    page = reverse("desk:bulletin", kwargs={"place": place, "kind": when.kind, "period": when.name})
    return f"{page}?{urlencode({'template': name, **more})}"
