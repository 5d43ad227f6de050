"""一件事，很多人报: what may be one event on one screen, ticked where the words agree, merged in one step."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gezhi.engines.workflows import gathering, merged, merging, queries, similar
from gezhi.engines.workflows.models import CLOSED
from gezhi.engines.workflows.similar import Near
from gezhi.engines.workflows.views import CaseView, case_view
from gezhi.foundation import places
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.interfaces.site import acting
from gezhi.interfaces.site.answers import new_key
from gezhi.interfaces.site.requests import Request

from ..page import show, staff, tell


@staff
@require_http_methods(["GET", "POST"])
def gather(request: Request, case_id: int) -> HttpResponse:
    """GET: every report that may be of the same event. POST: those ticked are handled with this case from now on."""
    view = case_view(case_id, request.actor)
    if view.case.protected:
        raise NotFound("case.not_found")
    refusal: Conflict | Invalid | NotAllowed | None = None
    if request.method == "POST":
        try:
            done = gathering.gather(
                case_id,
                _ticked(request),
                actor=request.actor,
                reason=request.POST.get("reason", "").strip(),
                key=request.POST.get("_key") or new_key(),
            )
        except (Conflict, Invalid, NotAllowed) as wrong:
            refusal = wrong
            view = case_view(case_id, request.actor)
        else:
            _say(request, done)
            return redirect(_after(done, case_id))
    context = _page(request, view, set(_ticked(request)) if refusal else None) | {"refusal": refusal}
    return show(request, "desk/gather.html", context, here="cases", status=refusal.http if refusal else 200)


def _page(request: Request, view: CaseView, ticked: set[int] | None) -> dict[str, Any]:
    case = view.case
    able = case.merged_into is None and case.state != CLOSED and not view.words.erased
    found = similar.event_of(case, view.words.text, actor=request.actor) if able else similar.Event()
    titles = queries.titles_of(one.case for one in (*found.alike, *found.around))
    counted = merging.reports_of([case.id, *(one.case.id for one in (*found.alike, *found.around))])

    def line(one: Near, first: bool) -> dict[str, Any]:
        return {
            "case": one.case,
            "near": one,
            "title": titles.get(one.case.text_ref, ""),
            "place": places.directory().label(one.case.place_id),
            "along": counted.get(one.case.id, 0),
            "ticked": first if ticked is None else one.case.id in ticked,
        }

    return {
        "view": view,
        "case": case,
        "reports": 1 + counted.get(case.id, 0),
        "alike": [line(one, True) for one in found.alike],
        "around": [line(one, False) for one in found.around],
        "field": merged.MERGE.form.fields[0],
        "typed": request.POST,
        "key": new_key(),
        "back": request.POST.get("back") or request.GET.get("back", ""),
    }


def _ticked(request: Request) -> dict[int, int | None]:
    """The ticked reports: `id:seq`, as the page wrote them. What is not a number is not a report."""
    found: dict[int, int | None] = {}
    for value in request.POST.getlist("report")[: gathering.MOST + 1]:
        id, _colon, seq = value.partition(":")
        if (number := acting.whole(id)) is not None:
            found[number] = acting.whole(seq)
    return found


def _say(request: Request, done: gathering.Gathered) -> None:
    n, number = len(done.joined), done.main.number
    if not done.left:
        tell(request, _("{n} 次反映并好了，和案 {number} 一起办。").format(n=n, number=number))
        return
    why = _("；").join(
        _("案 {number}：{why}").format(number=case.number, why=refusal.what) for case, refusal in done.left[:5]
    )
    words = _("{n} 次反映并到案 {number}，{left} 次没有并。").format(n=n, number=number, left=len(done.left))
    tell(request, words, why, tone="wrong")


def _after(done: gathering.Gathered, case_id: int) -> str:
    """Where some were left: the same screen again, with what is still open; else the case."""
    return reverse("desk:gather" if done.left else "desk:case", args=[case_id])
