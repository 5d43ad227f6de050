"""案件: the list with filters, search, and the list behind a number."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.http.request import QueryDict
from django.views.decorators.http import require_safe

from gezhi.engines.workflows import queries
from gezhi.engines.workflows.queries import Filters
from gezhi.foundation import places
from gezhi.foundation.errors import Invalid
from gezhi.interfaces.site.requests import Request

from ..fields import category_groups
from ..names import CHANNELS, seat_name
from ..narrowing import in_words, narrowed, narrowing_places, number_of, opened
from ..page import part, show, staff, wants_part

PAGE = 50


@staff
@require_safe
def cases(request: Request) -> HttpResponse:
    """Cases the person may see, newest first, 50 a page; with the sentence that defines them when a number led here."""
    given = request.GET
    opens = number_of(given, request.actor)
    filters = narrowed(given, opens)
    page = queries.page(request.actor, filters, cursor=given.get("cursor"), size=PAGE)
    count = queries.count(request.actor, filters)
    after = given.copy()
    if page.next:
        after["cursor"] = page.next
    context: dict[str, Any] = {
        "rows": page.rows,
        "count": count,
        "next_url": f"?{after.urlencode()}" if page.next else "",
        "given": given,
        "opened": opened(opens, count.value) if opens else None,
        "list_url": request.get_full_path(),
        "places": narrowing_places(request),
        "categories": category_groups(given.get("category")),
        "channels": CHANNELS.items(),
        "owner_name": seat_name(filters.owner) if filters.owner else "",
        "first": not given.get("cursor"),
        "keeps": request.actor.may("case.protected"),
        "narrowed": any(given.get(name) for name in ("state", "place", "category", "owner", "overdue", "q", "channel")),
        "chips": _chips(given, filters),
        "kept": [(name, value) for name, value in given.items() if name != "cursor"],
    }
    return show(request, "desk/cases.html", context, here="cases")


@staff
@require_safe
def search(request: Request) -> HttpResponse:
    """Words, a case number or a code, over everything the person may see."""
    q = request.GET.get("q", "").strip()[:100]
    context: dict[str, Any] = {"q": q, "rows": [], "count": None, "next_url": "", "list_url": request.get_full_path()}
    if q:
        filters = Filters(q=q)
        page = queries.page(request.actor, filters, cursor=request.GET.get("cursor"), size=PAGE)
        context["rows"] = page.rows
        if page.next:
            after = request.GET.copy()
            after["cursor"] = page.next
            context["next_url"] = f"?{after.urlencode()}"
        context["places"] = _named_places(request, q)
    return show(request, "desk/search.html", context, here="cases")


@staff
@require_safe
def figure(request: Request) -> HttpResponse:
    """A number opened in the side sheet: what it means, its two halves, its first rows."""
    opens = number_of(request.GET, request.actor)
    if opens is None:
        raise Invalid("desk.figure")
    filters = narrowed(QueryDict(), opens)
    page = queries.page(request.actor, filters, size=8)
    context = {"opened": opened(opens, None), "rows": page.rows, "list_url": ""}
    if wants_part(request):
        return part(request, "desk/parts/figure.html", context)
    return show(request, "desk/figure.html", context, here="bulletin")


def _named_places(request: Request, q: str) -> list[tuple[int, str]]:
    """Places of exactly this name inside what the person may see."""
    scopes = [place for _kind, place in request.actor.places("case.see")]
    directory = places.directory()
    return [
        (id, directory.label(id)) for id in directory.by_name(q) if any(directory.is_within(id, s) for s in scopes)
    ][:5]


def _chips(given: QueryDict, filters: Filters) -> list[tuple[str, str]]:
    """What the list is narrowed to, in words, each with the address that takes it away again."""
    chips = []
    for name, said in in_words(given, filters).items():
        if said:
            without = given.copy()
            without.pop(name, None)
            without.pop("cursor", None)
            chips.append((said, f"?{without.urlencode()}"))
    return chips
