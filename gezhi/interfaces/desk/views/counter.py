"""柜台: raise on somebody's behalf, find by code or phone, and the receipt in large type."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.workflows import access, protecting, queries, rules
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.views import receipt_view
from gezhi.foundation import places
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.interfaces.site.answers import new_key
from gezhi.interfaces.site.requests import Request

from .. import fields, intake
from ..menu import home_place
from ..page import show, staff

FOUND = 20


@staff
@require_http_methods(["GET", "POST"])
def counter(request: Request) -> HttpResponse:
    """The form and the search. POST registers and shows the receipt."""
    request.actor.need("case.raise_for")
    asked = str(request.POST.get("workflow") or request.GET.get("as") or intake.ORDINARY)
    context: dict[str, Any] = {
        "places": _places(request, whole_county=asked != intake.ORDINARY),
        "methods": intake.methods(),
        "method": asked,
        "ordinary": intake.ORDINARY,
        "categories": fields.category_groups(request.POST.get("category")),
        "consents": intake.CONSENTS.items(),
        "channels": intake.CHANNELS.items(),
        "abouts": protecting.ABOUT.items(),
        "typed": request.POST,
        "errors": {},
        "key": new_key(),
        "rows": None,
        "find": "",
        "home": str(home_place(request.actor) or ""),
        "refusal": None,
    }
    status = 200
    if request.method == "POST":
        try:
            case, _new = intake.register_matter(
                request.POST, actor=request.actor, key=request.POST.get("_key") or new_key()
            )
            if not case.on_behalf and access.sees(
                case, request.actor
            ):  # an office's own matter: nobody takes a receipt
                return redirect("desk:case", case_id=case.id)
            return redirect("desk:receipt", case_id=case.id)
        except (Invalid, Conflict, NotAllowed, NotFound) as refusal:
            context |= {"errors": refusal.field_errors, "refusal": refusal}
            status = refusal.http
    elif request.GET.get("find", "").strip():
        context |= _found(request, request.GET["find"].strip()[:40])
    return show(request, "desk/counter.html", context, here="counter", status=status)


@staff
@require_safe
def receipt(request: Request, case_id: int) -> HttpResponse:
    """The receipt to print: code, what it is about, by when, where to look. Large type, black on white."""
    request.actor.need("case.raise_for")
    view = receipt_view(case_id, request.actor)
    url = f"{request.scheme}://{request.get_host()}/r/{view.case.code}"
    context = {
        "view": view,
        "case": view.case,
        "code": rules.show_code(view.case.code),
        "qr": places.qr_svg(url),
        "where": places.directory().label(view.case.place_id),
        "by": request.actor.name,
    }
    return show(request, "desk/receipt.html", context, here="counter")


def _found(request: Request, written: str) -> dict[str, Any]:
    """Cases of a code, or those raised with a phone that this counter may see, newest first."""
    code = rules.tidy_code(written)
    try:
        if code is not None:
            ids = [access.case_by_code(code).id]
        else:
            hash = intake.known_phone(written, actor=request.actor)
            ids = list(Case.objects.filter(contact_hash=hash).order_by("-id").values_list("id", flat=True)[:FOUND])
    except (Invalid, NotFound) as refusal:
        return {"find": written, "rows": [], "find_error": refusal.field_errors.get("find", "")}
    seen = Case.objects.filter(access.searchable(ids, request.actor)).order_by("-id").values_list("id", flat=True)
    rows = queries.rows_of(list(seen))
    # That a matter lies elsewhere may be said of an ordinary one; of a protected one nothing is said at all.
    elsewhere = Case.objects.filter(access.ORDINARY, pk__in=ids).exists() if ids and not rows else False
    return {"find": written, "rows": rows, "elsewhere": bool(elsewhere) and not rows}


def _places(request: Request, *, whole_county: bool = False) -> list[tuple[str, list[dict[str, str]]]]:
    """Villages and communities this counter registers for, under their town; a village's own counter sees its grids.

    `whole_county`: the county as well, for methods that begin there.
    """
    directory = places.directory()
    groups: list[tuple[str, list[dict[str, str]]]] = []
    for kind, place in request.actor.places("case.raise_for"):
        if whole_county and kind == "county":
            name = places.short_name(directory.get(place).name)
            groups.append((name, [{"value": str(place), "title": _("{county}（全县的事）").format(county=name)}]))
        towns = [place] if kind != "county" else list(directory.children(place))
        for town in towns:
            info = directory.get(town)
            kids = [c for c in directory.children(town) if directory.get(c).kind != "building"]
            options = [{"value": str(town), "title": places.short_name(info.name)}]
            options += [{"value": str(c), "title": places.short_name(directory.get(c).name)} for c in kids]
            groups.append((places.short_name(info.name), options))
    return groups
