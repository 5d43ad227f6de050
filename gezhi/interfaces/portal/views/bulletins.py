"""Published bulletins as everybody may see them: public sections only, small numbers hidden, no rows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gezhi.engines.publishing.bulletins import paper, public, queries, sealing
from gezhi.engines.publishing.bulletins.schema import template
from gezhi.foundation import places
from gezhi.foundation.measures import parse_period
from gezhi.foundation.packs.reading import localised
from gezhi.interfaces.api import limits

from .public import _place


@require_safe
def published(request: HttpRequest) -> HttpResponse:
    """`/bulletins?place=`: what a county, town or village has published, newest first."""
    limits.knock(request, "board", writes=False)
    place = _place(request)
    found = [
        {"id": row.pk, "words": parse_period(row.period).words, "title": localised(template(row.template, row.version).title),
         "at": row.published_at}
        for row in queries.published(place.id)
    ]  # fmt: skip
    return render(
        request, "portal/bulletins.html", {"place": place, "name": places.short_name(place.name), "found": found}
    )


@require_safe
def bulletin(request: HttpRequest, bulletin_id: int) -> HttpResponse:
    """`/bulletins/<id>`: a published bulletin; anything else does not exist here."""
    limits.knock(request, "board", writes=False)
    row = queries.public_one(bulletin_id)
    body = public.public_body(sealing.opened(row))
    numbers = body["numbers"]

    def cells(line: list[int | None]) -> list[str]:
        return ["" if n is None else numbers[n]["text"] for n in line]

    sections: list[dict[str, Any]] = [
        {
            "title": section["title"],
            "text": "".join(paper.said(sentence, numbers) for sentence in section["text"]),
            "figures": [
                {"title": numbers[one["now"]]["title"], "cells": cells([one["now"], one["before"]])}
                for one in section["figures"]
            ],
            "table": section["table"]
            and {
                "first": section["table"]["first"],
                "columns": section["table"]["columns"],
                "rows": [(line["name"], cells(line["cells"])) for line in section["table"]["rows"]],
                "total": cells(section["table"]["total"]),
            },
        }
        for section in paper.shown_sections(body)
    ]
    context = {
        "row": row, "body": body, "sections": sections, "name": body["place"]["name"],
        "heading": f"{body['place']['name']}{body['period']['words']}{body['title']}",
    }  # fmt: skip
    return render(request, "portal/bulletin.html", context)
