"""可能是同一件: what may be the same event, beside a case and while somebody writes at the counter; merging two."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gezhi.engines.workflows import access, merged, merging, queries, similar
from gezhi.engines.workflows.models import CLOSED, Case
from gezhi.engines.workflows.similar import Near
from gezhi.engines.workflows.views import CaseView, case_view
from gezhi.foundation import places
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.interfaces.site import acting
from gezhi.interfaces.site.answers import new_key
from gezhi.interfaces.site.requests import Request

from ..names import ANSWERS
from ..page import part, show, staff, tell, wants_part

SHOWN = 5  # beside a case
SHORT = 6  # letters below which a text is like everything


@staff
@require_safe
def near(request: Request, case_id: int) -> HttpResponse:
    """Beside a case, asked for when the page stands: what may be the same, what was merged into it, where it went."""
    view = case_view(case_id, request.actor)
    context = _beside(request, view)
    if wants_part(request):
        return part(request, "desk/parts/similar.html", context)
    return show(request, "desk/similar.html", context, here="cases")


def _beside(request: Request, view: CaseView) -> dict[str, Any]:
    case, actor = view.case, request.actor
    main = Case.objects.filter(pk=case.merged_into).first() if case.merged_into is not None else None
    reports = merging.reporters_of(case, actor) if case.merged_into is None and not case.protected else []
    may = main is None and not case.protected and case.parent_id is None and _may_merge(view)
    event = similar.event_of(case, view.words.text, actor=actor) if may else similar.Event()
    found = event.likest(SHOWN)
    titles = queries.titles_of([*(one.case for one in found), *reports])
    return {
        "view": view,
        "case": case,
        "main": main if main is not None and access.sees(main, actor) else None,
        "gone": main is not None,
        "found": [_line(one, titles) for one in found],
        "reports": [(one, titles.get(one.text_ref, ""), ANSWERS.get(one.solved, "")) for one in reports],
        "together": len(event.alike) + len(event.around),
        "asked": sum(1 for one in reports if one.followed_at),
        "back": request.GET.get("back", ""),
    }


def _may_merge(view: CaseView) -> bool:
    """Whether the page offers merging at all; the engine has the last word."""
    return view.case.state != CLOSED and view.case.phase in ("received", "owned", "working") and not view.words.erased


def _line(one: Near, titles: dict[int, str]) -> dict[str, Any]:
    return {
        "near": one,
        "case": one.case,
        "title": titles.get(one.case.text_ref, ""),
        "place": places.directory().label(one.case.place_id),
        "closed": one.case.state == CLOSED,
    }


@staff
@require_http_methods(["GET", "POST"])
def merge(request: Request, case_id: int, into: int) -> HttpResponse:
    """GET: both side by side, and what will become of each. POST: the report is handled with the other from now on."""
    view, main = case_view(case_id, request.actor), case_view(into, request.actor)
    if view.case.protected or main.case.protected:
        raise NotFound("case.not_found")
    refusal: Conflict | Invalid | NotAllowed | None = None
    if request.method == "POST":
        try:
            merging.merge(
                case_id,
                into,
                actor=request.actor,
                reason=request.POST.get("reason", "").strip(),
                expected_seq=acting.whole(request.POST.get("_seq")),
                key=request.POST.get("_key") or new_key(),
            )
        except (Conflict, Invalid, NotAllowed) as wrong:
            refusal = wrong
            view, main = case_view(case_id, request.actor), case_view(into, request.actor)
        else:
            tell(request, _("并好了，和案 {number} 一起办。").format(number=main.case.number))
            return redirect("desk:case", case_id=into)
    counted = merging.reports_of([case_id, into])
    context = {
        "view": view,
        "case": view.case,
        "main": main,
        "reports": 1 + counted.get(into, 0),
        "along": counted.get(case_id, 0),
        "seq": view.case.event_seq,
        "key": new_key(),
        "refusal": refusal,
        "typed": request.POST,
        "field": merged.MERGE.form.fields[0],
        "gone": view.case.merged_into is not None,
    }
    return show(request, "desk/merge.html", context, here="cases", status=refusal.http if refusal else 200)


@staff
@require_POST
def counter_near(request: Request) -> HttpResponse:
    """While somebody writes at the counter: what may be the same event, as a piece of the page. Nothing is kept."""
    request.actor.need("case.raise_for")
    text = request.POST.get("text", "").strip()[:2000]
    place = acting.whole(request.POST.get("place"))
    found: list[Near] = []
    if len(text) >= SHORT and place is not None and places.directory().open(place):
        request.actor.need("case.raise_for", places.directory().path(place))
        found = similar.candidates(text, place, actor=request.actor, limit=3)
    titles = queries.titles_of([one.case for one in found])
    return part(request, "desk/parts/counter_similar.html", {"found": [_line(one, titles) for one in found]})
