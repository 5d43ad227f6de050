"""保密事项: the desk of those who receive protected matters. What it lists and counts is only what opens for the reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.workflows import access, apart, guarding, protecting, queries, restoring
from gezhi.engines.workflows import named as naming
from gezhi.engines.workflows.models import CLOSED, OPEN, Case
from gezhi.engines.workflows.named import Named
from gezhi.engines.workflows.queries import Filters
from gezhi.engines.workflows.views import CaseView, case_view
from gezhi.foundation import people, places
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed
from gezhi.interfaces.site import acting
from gezhi.interfaces.site.answers import new_key
from gezhi.interfaces.site.requests import Request

from ..names import place_name
from ..page import show, staff, tell

PAGE = 50
#: What the tabs narrow to; each is also the number that opens it.
TABS = {
    "open": Filters(kept=True, state=OPEN),
    "late": Filters(kept=True, overdue=True),
    "closed": Filters(kept=True, state=CLOSED),
}


@staff
@require_safe
def protected(request: Request) -> HttpResponse:
    """The list, newest first, with whom each matter names; the review itself is the first action of a case."""
    request.actor.need(naming.POWER)
    chosen = request.GET.get("is", "open")
    if chosen not in TABS:
        raise Invalid("page.cursor")
    page = queries.page(request.actor, TABS[chosen], cursor=request.GET.get("cursor"), size=PAGE)
    cases = [row.case for row in page.rows]
    naming.load(cases)
    titles = _titles(cases, request)
    after = request.GET.copy()
    if page.next:
        after["cursor"] = page.next
    context: dict[str, Any] = {
        "rows": [
            {"row": row, "title": titles.get(row.id, row.title), "why": _why(row.case), "whom": _whom(row.case)}
            for row in page.rows
        ],
        "tabs": [
            {
                "id": id,
                "title": title,
                "count": queries.count(request.actor, TABS[id]),
                "url": f"{reverse('desk:protected')}?is={id}",
            }
            for id, title in (("open", _("在办")), ("late", _("已过时限")), ("closed", _("已结案")))
        ],
        "chosen": chosen,
        "list_url": request.get_full_path(),
        "next_url": f"?{after.urlencode()}" if page.next else "",
    }
    return show(request, "desk/protected.html", context, here="cases")


@staff
@require_http_methods(["GET", "POST"])
def protect(request: Request, case_id: int) -> HttpResponse:
    """转为保密事项: GET: whom it may be about and what follows. POST: the matter is kept apart from now on."""

    def act(seq: int | None, key: str) -> HttpResponse:
        about, ground = (request.POST.get(name, "").strip() for name in ("about", "ground"))
        case = apart.protect(case_id, about, ground, actor=request.actor, expected_seq=seq, key=key)
        if access.sees(case, request.actor):
            tell(request, _("案 {number} 转为保密事项了，由上一级收。").format(number=case.number))
            return redirect("desk:case", case_id=case_id)
        tell(
            request,
            _("案 {number} 转为保密事项了，由上一级收。您这里不再看得到它，请不要再提起。").format(number=case.number),
        )
        return redirect("desk:inbox")

    def shown(view: CaseView) -> dict[str, Any]:
        return {"abouts": protecting.ABOUT.items(), "seats": _near_seats(view), "gone": bool(view.case.protected)}

    return _apart(
        request, case_id, "desk/protect.html", lambda view: apart.may(view.case, view.items, request.actor), act, shown
    )


@staff
@require_http_methods(["GET", "POST"])
def restore(request: Request, case_id: int) -> HttpResponse:
    """恢复为普通事项: GET: where it goes back to. POST: it is an ordinary matter again, where it stood."""

    def act(seq: int | None, key: str) -> HttpResponse:
        reason = request.POST.get("reason", "").strip()
        case = restoring.restore(case_id, reason, actor=request.actor, expected_seq=seq, key=key)
        tell(request, _("案 {number} 恢复为普通事项了，回到原来那一步。").format(number=case.number))
        sees = access.sees(case, request.actor)
        return redirect("desk:case", case_id=case_id) if sees else redirect("desk:protected")

    def shown(view: CaseView) -> dict[str, Any]:
        return {"back_to": restoring.goes_back_to(view.case), "whom": _whom(view.case)}

    return _apart(
        request, case_id, "desk/restore.html", lambda view: restoring.may(view.case, request.actor), act, shown
    )


def _apart(
    request: Request,
    case_id: int,
    template: str,
    may: Callable[[CaseView], bool],
    act: Callable[[int | None, str], HttpResponse],
    shown: Callable[[CaseView], dict[str, Any]],
) -> HttpResponse:
    """A page on which a matter is kept apart or restored: what was typed stays when it is refused."""
    view = case_view(case_id, request.actor)
    refusal: Conflict | Invalid | NotAllowed | None = None
    if request.method == "POST":
        try:
            return act(acting.whole(request.POST.get("_seq")), request.POST.get("_key") or new_key())
        except (Conflict, Invalid, NotAllowed) as wrong:
            refusal = wrong
            view = case_view(case_id, request.actor)
    elif not may(view):
        raise NotAllowed()
    context = {
        "view": view,
        "case": view.case,
        **shown(view),
        "seq": view.case.event_seq,
        "key": new_key(),
        "refusal": refusal,
        "errors": refusal.field_errors if refusal else {},
        "typed": request.POST,
    }
    return show(request, template, context, here="cases", status=refusal.http if refusal else 200)


def _near_seats(view: CaseView) -> list[tuple[str, str]]:
    """Seats that the words may be about: of the matter's own grid, village and town, nearest first, and whose it is."""
    directory, case = people.directory(), view.case
    near = (case.place_id, *places.directory().ancestors(case.place_id))
    found = [seat.id for place in near if place != case.county_id for seat in directory.seats_at(place)]
    found += [seat for seat in (case.handler_seat,) if seat is not None]
    return [(f"seat:{id}", directory.seat(id).label) for id in dict.fromkeys(found)]


def _titles(cases: list[Case], request: Request) -> dict[int, str]:
    """The reporter's own words for those who may read them; the others stay 保密事项. One query."""
    mine = [case for case in cases if guarding.sees_original(case, request.actor)]
    said = queries.own_titles(mine)
    return {case.id: said[case.text_ref] for case in mine}


def _why(case: Case) -> str:
    words = {"report": _("举报"), "petition": _("信访"), "legal": _("涉法涉诉"), "named": _("说到干部或单位")}
    return words.get(case.protected, case.protected)


def _whom(case: Case) -> str:
    """Whom it names, once each, as the receiver must know them."""
    lines: tuple[Named, ...] = naming.of(case)
    directory = people.directory()
    said: dict[str, None] = {}
    for line in lines:
        if line.seat_id is not None and line.seat_id in directory.seats:
            said[directory.seat(line.seat_id).label] = None
        elif line.organisation_id is not None and line.organisation_id in directory.organisations:
            said[directory.organisations[line.organisation_id].name] = None
        elif line.place_id is not None:
            said[place_name(line.place_id, "town")] = None
    suspected = bool(lines) and all(line.source == "text" for line in lines)
    whom = _("、").join(said) or _("没有点名")
    return _("像是在说{whom}，待核对").format(whom=whom) if suspected else whom
