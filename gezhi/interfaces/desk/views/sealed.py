"""Sealed bulletins: the list, the paper with every number a link to its rows, taking it, showing it on the portal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.duties import queries as duties
from gezhi.engines.publishing import jobs
from gezhi.engines.publishing.bulletins import paper, queries, sealing
from gezhi.engines.publishing.bulletins.schema import PERIODS, template
from gezhi.engines.publishing.models import Bulletin
from gezhi.engines.publishing.render import html, word
from gezhi.engines.workflows import queries as cases
from gezhi.engines.workflows.queries import Filters
from gezhi.foundation import exports, measures, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound
from gezhi.foundation.packs.reading import localised
from gezhi.interfaces.site.acting import whole
from gezhi.interfaces.site.requests import Request

from ..names import person_name, seat_name
from ..page import show, staff, tell

PAGE = 50
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@staff
@require_safe
def sealed_list(request: Request) -> HttpResponse:
    """Sealed bulletins of the places the person may read about, newest period first, 50 a page."""
    request.actor.need("bulletin.read")
    given = request.GET
    place, kind = whole(given.get("place")), given.get("kind", "")
    kind = kind if kind in PERIODS else ""
    found = queries.sealed(request.actor, place=place, kind=kind, before=_before(given.get("before")), size=PAGE + 1)
    after = given.copy()
    if len(found) > PAGE:
        last = found[PAGE - 1]
        after["before"] = f"{last.until.isoformat()}~{last.pk}"
    context = {
        "lines": [_line(row) for row in found[:PAGE]],
        "kind": kind,
        "kinds": [(id, _kind(id)) for id in PERIODS],
        "place": place,
        "where": places.directory().label(place) if place is not None and place in places.directory() else "",
        "next_url": f"?{after.urlencode()}" if len(found) > PAGE else "",
        "first": not given.get("before"),
    }
    return show(request, "desk/sealed_list.html", context, here="bulletin")


@staff
@require_safe
def sealed(request: Request, bulletin_id: int) -> HttpResponse:
    """The frozen paper. Every number of its period opens the rows it was counted from."""
    row = queries.one(bulletin_id, actor=request.actor)
    body = sealing.opened(row)
    context = {
        **_line(row),
        "body": body,
        "number": paper.issue_number(body),
        "heading": paper.paper(body, sealed_on=_day(row))["heading"],
        "sections": [shown_section(section, body, partial(_url, row.pk)) for section in paper.shown_sections(body)],
        "corrections": [paper.correction(one, body) for one in body["corrections"]],
        "closing": paper.closing(body),
        "sealed_by": person_name(row.sealed_by),
        "seat": seat_name(row.sealed_seat) if row.sealed_seat else "",
        "published_by": person_name(row.published_by),
        "may_publish": sealing.may_seal(request.actor, sealing.path_of(row)),
        "has_public": any(section["public"] for section in body["sections"]),
        "fingerprint": row.digest[:16],
    }
    return show(request, "desk/sealed.html", context, here="bulletin")


@staff
@require_http_methods(["POST"])
def take(request: Request, bulletin_id: int) -> HttpResponse:
    """The bulletin as Word or as a page to print, logged as an export."""
    form = request.POST.get("form", "")
    if form not in ("docx", "print"):
        raise Invalid("invalid")
    row = queries.one(bulletin_id, actor=request.actor)
    made = paper.paper(sealing.opened(row), sealed_on=_day(row))
    said = {_("通报"): made["heading"]}
    export = exports.log("bulletin", actor=request.actor, form=form, rows=1, filter=said, about=f"bulletin:{row.pk}")
    if form == "print":
        fragment = html.fragment(made, {}, fingerprint=row.digest[:16])
        context = {
            "paper": mark_safe(fragment),  # escaped piece by piece where it is made
            "form": False, "title": made["heading"], "mark": exports.mark(export),
        }  # fmt: skip
        return render(request, "desk/print.html", context)
    response = HttpResponse(word.render(made, {}, fingerprint=row.digest[:16]), content_type=WORD)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(made['heading'])}.docx"
    return response


@staff
@require_http_methods(["POST"])
def change(request: Request, bulletin_id: int, what: str) -> HttpResponse:
    """publish or withdraw: what the portal shows."""
    if what not in ("publish", "withdraw"):
        raise NotFound()
    queries.one(bulletin_id, actor=request.actor)
    sealing.publish(bulletin_id, actor=request.actor, shown=what == "publish")
    tell(request, _("已在网页上公开，小数字隐去。") if what == "publish" else _("已从网页上撤下。"))
    return redirect("desk:sealed", bulletin_id=bulletin_id)


@staff
@require_http_methods(["POST"])
def seal(request: Request, place: int, kind: str, period: str) -> HttpResponse:
    """Seal by hand: counted in the background, in the person's name."""
    when = measures.parse_period(period)
    back = reverse("desk:bulletin", kwargs={"place": place, "kind": kind, "period": period})
    if when.kind != kind:
        raise NotFound()
    try:
        jobs.ask_to_seal(request.POST.get("template", "governance"), place, when, actor=request.actor)
    except Conflict as refusal:
        tell(request, refusal.what, refusal.next, tone="wrong")
        return HttpResponseRedirect(back)
    tell(request, _("正在封存，数完就在清单里。"))
    return HttpResponseRedirect(reverse("desk:sealed_list") + f"?place={place}")


@staff
@require_safe
def rows(request: Request, bulletin_id: int, number: int) -> HttpResponse:
    """The cases behind a number of a sealed bulletin: those counted then, of which the reader sees what they may see now."""
    row = queries.one(bulletin_id, actor=request.actor)
    part = "d" if request.GET.get("part") == "d" else "n"
    ids = queries.rows_behind(row, number, part=part)
    body = json.loads(row.body)
    if body.get("of") == "duties":
        return _duty_rows(request, row, body, number, part, ids)
    filters = Filters(ids=tuple(ids))
    page = cases.page(request.actor, filters, cursor=request.GET.get("cursor"), size=PAGE)
    count = cases.count(request.actor, filters)
    after = request.GET.copy()
    if page.next:
        after["cursor"] = page.next
    kept = body["numbers"][number]
    context = {
        **_line(row),
        "words": _counted_over(row, kept),
        "heading": paper.paper(body, sealed_on=_day(row))["heading"],
        "kept": kept,
        "number": number,
        "part": part,
        "ids": len(ids),
        "unseen": max(0, len(ids) - count.value) if not count.capped else 0,
        "rows": page.rows,
        "next_url": f"?{after.urlencode()}" if page.next else "",
        "first": not request.GET.get("cursor"),
        "list_url": request.get_full_path(),
    }
    return show(request, "desk/sealed_rows.html", context, here="bulletin")


def _duty_rows(
    request: Request, row: Bulletin, body: Mapping[str, Any], number: int, part: str, ids: list[int]
) -> HttpResponse:
    """The visits and rounds behind a number; whom they were about only where the reader may see them."""
    found = duties.recorded(ids, request.actor, after=whole(request.GET.get("after")) or 0, size=PAGE + 1)
    context = {
        **_line(row),
        "words": _counted_over(row, body["numbers"][number]),
        "heading": paper.paper(body, sealed_on=_day(row))["heading"],
        "kept": body["numbers"][number],
        "number": number,
        "part": part,
        "ids": len(ids),
        "rows": [
            {"owed": owed, "row": done, "seat": seat_name(done.seat_id), "where": where(done.place_id)}
            for owed, done in found[:PAGE]
        ],
        "after": found[PAGE - 1][1].pk if len(found) > PAGE else None,
    }
    return show(request, "desk/sealed_duties.html", context, here="bulletin")


def where(place_id: int) -> str:
    directory = places.directory()
    return directory.label(place_id, "village") if place_id in directory else ""


def _line(row: Bulletin) -> dict[str, Any]:
    directory = places.directory(measures.parse_period(row.period).last)
    return {
        "row": row,
        "place_label": directory.label(row.place_id, "county") if row.place_id in directory else "",
        "title": localised(template(row.template, row.version).title),
        "words": measures.parse_period(row.period).words,
        "kind_word": _kind(row.kind),
        "by": person_name(row.sealed_by),
    }


def shown_section(
    section: Mapping[str, Any], body: Mapping[str, Any], url: Callable[[int, Any], str]
) -> dict[str, Any]:
    numbers = body["numbers"]

    def cell(n: int | None) -> dict[str, str] | None:
        return None if n is None else {"text": paper.starred(numbers[n]), "url": url(n, numbers[n])}

    def piece(part: Any) -> dict[str, str]:
        if isinstance(part, str):
            return {"text": part, "url": ""}
        return {"text": numbers[part["n"]]["text"], "url": url(part["n"], numbers[part["n"]])}

    table = section["table"]
    return {
        "title": section["title"],
        "public": section["public"],
        "sentences": [[piece(part) for part in sentence] for sentence in section["text"]],
        "figures": [
            {
                "title": numbers[one["now"]]["title"],
                "definition": numbers[one["now"]]["definition"],
                "cells": [cell(one[when]) for when in ("now", "before", "year")],
            }
            for one in section["figures"]
        ],
        "years": any(one["year"] is not None for one in section["figures"]),
        "table": {
            "first": table["first"],
            "columns": table["columns"],
            "rows": [{"name": line["name"], "cells": [cell(n) for n in line["cells"]]} for line in table["rows"]],
            "total": [cell(n) for n in table["total"]],
        }
        if table and table["rows"]
        else None,
    }


def _url(id: int, n: int, number: Mapping[str, Any]) -> str:
    """Where a number opens; nothing to open behind zero, 无数据 and a difference of two periods."""
    opens = number["name"] and number["top"] not in (None, "0")
    return reverse("desk:sealed_rows", args=[id, n]) if opens else ""


def _counted_over(row: Bulletin, kept: Mapping[str, Any]) -> str:
    """The period a number was counted over, in words: the bulletin's own, or the one it was compared with."""
    period = measures.parse_period(row.period)
    other = {"before": period.back(), "year": period.year_before()}.get(kept["when"])
    return (other or period).words


def _kind(kind: str) -> str:
    return {"week": _("周报"), "month": _("月报"), "quarter": _("季报")}[kind]


def _day(row: Bulletin) -> Any:
    return clock.local(row.sealed_at).date()


def _before(text: str | None) -> tuple[datetime, int] | None:
    at, _mark, id = (text or "").partition("~")
    try:
        return (measures.instant(at), int(id)) if id.isdigit() and len(id) < 19 else None
    except ValueError:
        return None
