"""Doing an action on a case: its form in the side sheet (or on a page of its own), and what comes of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gezhi.engines.workflows import access, veiling
from gezhi.engines.workflows.views import CaseView, Possible, case_view
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal, TooLarge
from gezhi.interfaces.site import acting
from gezhi.interfaces.site.answers import new_key
from gezhi.interfaces.site.requests import Request

from .. import fields, triage
from ..page import part, show, staff, tell, wants_part


@staff
@require_http_methods(["GET", "POST"])
def act(request: Request, case_id: int, action: str) -> HttpResponse:
    """GET: the form. POST: do it, then go where the work goes on.

    A stale click or a wrong field gives the same form back with what happened and everything that was typed.
    """
    view = case_view(case_id, request.actor)
    item = acting.whole(request.GET.get("item") if request.method == "GET" else request.POST.get("_item"))
    if request.method == "POST":
        return _do(request, view, action, item)
    wanted = _offered(view, action, item)
    if wanted is None:
        raise NotFound("case.not_found")
    return _form(request, view, wanted, first=_first(request, view, wanted))


def _do(request: Request, view: CaseView, action: str, item: int | None) -> HttpResponse:
    wanted = _declared(view, action, item)
    try:
        acting.act(request, view.case.id, action, actor=request.actor)
    except (Invalid, Conflict, NotAllowed, TooLarge) as refusal:
        return _again(request, action, refusal, view, wanted)
    tell(request, _("“{title}”已经办了。").format(title=wanted.title), _follow(view), undo=_undo(request, view, action))
    target = _next(request, view)
    response: HttpResponse = HttpResponseRedirect(target)
    if wants_part(request):
        response = HttpResponse(status=204)
        response.headers["HX-Redirect"] = target
    return response


def _offered(view: CaseView, action: str, item: int | None) -> Possible | None:
    """The action as it is offered now: at this work item, or at any when a link of a list names none (督办, 催办)."""
    return next((p for p in view.possible if p.action == action and (item is None or p.item in (item, None))), None)


def _declared(view: CaseView, action: str, item: int | None) -> Possible:
    """The action as it stands now; one that has just gone is still given, so that what was typed can be shown."""
    found = _offered(view, action, item)
    if found is not None:
        return found
    stages = {i.number: i.stage for i in view.items}
    stage = stages.get(item or 0, view.case.stage)
    declared = view.flow.actions_at(stage).get(action) if stage in view.flow.stages else None
    if declared is None:
        raise NotFound("case.not_found")
    title = fields.titled(declared.title)
    return Possible(action, title, declared.form, False, None, item, view.case.event_seq, None, True)


def _again(request: Request, action: str, refusal: Refusal, before: CaseView, wanted: Possible) -> HttpResponse:
    fresh = case_view(before.case.id, request.actor)
    still = next((p for p in fresh.possible if p.action == action and p.why_not is None), None)
    return _form(
        request,
        fresh,
        still or wanted,
        data=dict(request.POST.items()) | acting.sent_data(request),
        errors=refusal.field_errors,
        refusal=refusal,
        gone=still is None,
        status=refusal.http,
    )


def _form(
    request: Request,
    view: CaseView,
    wanted: Possible,
    *,
    data: dict[str, Any] | None = None,
    errors: dict[str, Any] | None = None,
    refusal: Refusal | None = None,
    gone: bool = False,
    first: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "view": view,
        "case": view.case,
        "action": wanted,
        "gone": gone,
        "refusal": refusal,
        "fields": fields.drawn(wanted.form, view.case, data=data, errors=errors, first=first),
        "seq": view.case.event_seq,
        "key": new_key(),
        "back": _back(request),
        "photos": any(f.type == "photos" for f in wanted.form.fields),
    }
    if wants_part(request):
        return part(request, "desk/parts/act.html", context, status=status)
    return show(request, "desk/act.html", context, here="cases", status=status)


def _first(request: Request, view: CaseView, wanted: Possible) -> dict[str, Any]:
    """First values: what is already known, and for a dispatch the category read from the words and the unit that did
    such things here."""
    first: dict[str, Any] = {}
    asked = {f.type: f.id for f in wanted.form.fields}
    if "category" in asked:
        advice = triage.advice(view)
        first[asked["category"]] = advice.category
        if advice.units and "seat" in asked:
            first[asked["seat"]] = advice.units[0].seat_id
        elif advice.named_seat and "seat" in asked:
            first[asked["seat"]] = advice.named_seat
    if wanted.form.get(veiling.COPY) is not None and not view.veiled:
        first[veiling.COPY] = view.words.text  # to be cut down, not written anew
    for name in ("unit", "category", "sort"):
        if request.GET.get(name) and wanted.form.get(name) is not None:
            first[name] = request.GET[name]
    if wanted.form.get("sort") is not None and "sort" not in first:
        first["sort"] = triage.likely_sort(first.get(asked.get("seat", "")))
    return first


def _undo(request: Request, view: CaseView, action: str) -> tuple[str, str] | None:
    """What takes a dispatch back while nobody has signed for it: sorting again, for whoever may do that."""
    if action != "dispatch":
        return None
    fresh = case_view(view.case.id, request.actor)
    again = next((p for p in fresh.possible if p.action == "resort" and p.why_not is None), None)
    if again is None or again.item is None:
        return None
    return again.title, f"{reverse('desk:act', args=[view.case.id, again.action])}?item={again.item}"


def _follow(view: CaseView) -> str:
    return _("案 {number}，{title}").format(number=view.case.number, title=view.words.title)


def _next(request: Request, view: CaseView) -> str:
    """Back to the list the person works through, else to the case when it is still theirs to see."""
    if back := _back(request):
        return back
    try:
        access.case_to_see(view.case.id, actor=request.actor)
    except NotFound:
        return reverse("desk:inbox")  # an assisting unit that has done its part sees the case no more
    return reverse("desk:case", args=[view.case.id])


def _back(request: Request) -> str:
    """The list one came from (`back`), if it is a page of this desk."""
    wanted = request.POST.get("_back") or request.GET.get("back") or ""
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if safe and wanted.startswith("/desk/") else ""
