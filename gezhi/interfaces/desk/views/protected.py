"""保密事项: the desk of those who receive protected matters. What it lists and counts is only what opens for the reader."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from gezhi.engines.workflows import guarding, queries
from gezhi.engines.workflows import named as naming
from gezhi.engines.workflows.models import CLOSED, OPEN, Case
from gezhi.engines.workflows.named import Named
from gezhi.engines.workflows.queries import Filters
from gezhi.foundation import people
from gezhi.foundation.errors import Invalid
from gezhi.interfaces.site.requests import Request

from ..names import place_name
from ..page import show, staff

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
