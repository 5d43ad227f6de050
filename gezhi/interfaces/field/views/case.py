"""One case on the phone: the matter, whose clock runs, the story, and what this person can do now."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gezhi.engines.workflows import access, guarding, rules, views
from gezhi.engines.workflows.views import CaseView, Possible
from gezhi.foundation import files, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from gezhi.interfaces.desk.fields import drawn
from gezhi.interfaces.desk.sentences import told
from gezhi.interfaces.field.guard import staff
from gezhi.interfaces.portal.board import category_title
from gezhi.interfaces.site.acting import act, sent_data, whole
from gezhi.interfaces.site.answers import go, new_key
from gezhi.interfaces.site.faults import wants_json
from gezhi.interfaces.site.requests import Request

NOTICE = "field.notice"


def tell(request: Request, what: str, following: str = "") -> None:
    """Leave one sentence for the next page of the field."""
    request.session[NOTICE] = {"what": what, "next": following}


def notice_of(request: Request) -> dict[str, str] | None:
    """The sentence that was left, once."""
    return request.session.pop(NOTICE) if NOTICE in request.session else None


def ways_of(view: CaseView, item: int | None = None) -> list[dict[str, Any]]:
    """What this person can do, with drawn forms; of one work item when given."""
    ways = []
    for possible in view.possible:
        if possible.why_not is None and (item is None or possible.item in (None, item)):
            ways.append({"p": possible, "fields": drawn(possible.form, view.case)})
    return ways


def blocked(view: CaseView) -> list[Possible]:
    """What would come next but not by this person or not now, with the reason."""
    return [p for p in view.possible if p.why_not is not None]


def _context(request: Request, view: CaseView) -> dict[str, Any]:
    now = clock.now()
    return {
        "view": view, "case": view.case, "now": now, "days": told(view.timeline), "ways": ways_of(view),
        "blocked": blocked(view), "code": rules.show_code(view.case.code), "key": new_key(),
        "category": category_title(view.case.category), "notice": notice_of(request),
        "may_reveal": bool(view.contact.get("phone"))
        and access.may_reveal(view.case, request.actor),
        "item": view.main or view.case,
    }  # fmt: skip


@staff
@require_safe
def case(request: Request, case_id: int) -> HttpResponse:
    """`/field/case/<id>`."""
    return render(request, "field/case.html", _context(request, views.case_view(case_id, request.actor)))


@staff
@require_safe
def ways(request: Request, case_id: int) -> HttpResponse:
    """`/field/case/<id>/ways?item=`: the other actions of a line, for the drawer of the list; the main one left out."""
    view = views.case_view(case_id, request.actor)
    found = ways_of(view, whole(request.GET.get("item")))
    context = {
        "view": view, "case": view.case, "key": new_key(), "now": clock.now(),
        "ways": [w for w in found if not w["p"].main] or found, "blocked": [],
    }  # fmt: skip
    template = "field/_ways.html" if "HX-Request" in request.headers else "field/ways.html"
    return render(request, template, context)


@staff
@require_POST
def do(request: Request, case_id: int, action: str) -> HttpResponse:
    """`/field/case/<id>/do/<action>`: one action; what was typed comes back when it is refused."""
    try:
        changed = act(request, case_id, action, actor=request.actor)
    except NotAllowed:
        access.case_to_see(case_id, actor=request.actor)  # NotFound: whether it exists is not told to outsiders
        raise
    except (Invalid, Conflict) as refusal:
        if wants_json(request):
            raise
        return _again(request, case_id, action, refusal)
    tell(request, _("办好了一件"), changed.number)
    return go(request, reverse("field"), case=case_id)


def _again(request: Request, case_id: int, action: str, refusal: Refusal) -> HttpResponse:
    """The case page with the refused form open, its words in place and the reason beside them."""
    context = _context(request, views.case_view(case_id, request.actor))
    typed, wrong = sent_data(request), refusal.field_errors
    for way in context["ways"]:
        if way["p"].action == action:
            way["open"] = True
            way["fields"] = drawn(way["p"].form, context["case"], data=typed, errors=wrong)
    context |= {"refusal": refusal, "refused": action, "typed": typed}
    return render(request, "field/case.html", context, status=refusal.http)


@staff
@require_POST
def phone(request: Request, case_id: int) -> HttpResponse:
    """`/field/case/<id>/phone`: the full number, after saying what for; logged, and the resident can read the log."""
    found_case = access.case_to_see(case_id, actor=request.actor)
    found = views.contact_text(found_case, "phone")
    if found is None:
        raise NotFound("case.not_found")
    people.reveal(
        found[0], actor=request.actor, purpose=request.POST.get("purpose", ""), about=f"case:{case_id}",
        field="phone", path=access.path_of(found_case), power=guarding.reveal_power(found_case),
    )  # fmt: skip
    context = _context(request, views.case_view(case_id, request.actor))
    return render(request, "field/case.html", context | {"number": found[1]})


@staff
@require_safe
def photo(request: Request, case_id: int, id: int) -> HttpResponse:
    """`/field/case/<id>/photo/<id>`: a picture of a case, for whoever may see the case."""
    views.case_of_photo(case_id, id, request.actor)

    def may(stored: Any) -> None:
        if stored.stream != f"case:{case_id}":
            raise NotFound("case.not_found")

    return files.serve(id, may, "thumb" if request.GET.get("size") == "thumb" else "full")
