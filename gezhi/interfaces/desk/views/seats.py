"""设席位: open and close seats of a place (the duty desks among them), and enter its units."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gezhi.foundation import people, places
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from gezhi.foundation.people import actions
from gezhi.interfaces.site.requests import Request

from ..names import holders
from ..page import show, staff, tell, whole
from .staff import open_work

# A code of a unit: short, stable, for programs; made from the name's place in the list when nobody gives one.
_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")


@staff
@require_http_methods(["GET", "POST"])
def seats(request: Request, place: int) -> HttpResponse:
    """The open seats of a place and the posts that can be set up here; POST opens or closes one, or enters a unit."""
    directory = places.directory()
    if place not in directory:
        raise NotFound()
    request.actor.need("people.manage", directory.path(place))
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            _do(request, place)
            return redirect("desk:seats", place=place)
        except (Invalid, Conflict, NotAllowed, NotFound) as refused:
            refusal = refused
    everyone, here = people.directory(), people.directory().seats_at(place)
    work = open_work([seat.id for seat in here])
    context = {
        "place": directory.get(place),
        "name": places.short_name(directory.get(place).name),
        "rows": [
            {"seat": seat, "who": holders(seat.id), "open": work.get(seat.id, 0), "duty": everyone.post(seat.post).duty}
            for seat in here
        ],
        "root": everyone.chain.root,
        "posts": posts_for(directory.get(place).kind),
        "units": [unit for unit in everyone.organisations.values() if unit.place_id == place],
        "refusal": refusal,
        "errors": refusal.field_errors if refusal else {},
        "typed": request.POST if refusal else {},
    }
    return show(request, "desk/seats.html", context, here="people", status=refusal.http if refusal else 200)


def posts_for(kind: str) -> list[Any]:
    """Posts whose seats may stand at a place of this kind, duty desks first; the root is opened once, by `gezhi admin`."""
    known = people.directory().posts.values()
    fit = [p for p in known if not p.root and (p.level == kind or (p.level == "grid" and kind in places.GRIDS))]
    return sorted(fit, key=lambda post: not post.duty)


def _do(request: Request, place: int) -> None:
    given, actor = request.POST, request.actor
    wanted = given.get("do", "")
    if wanted == "open":
        unit = whole(given.get("unit"))
        mine = {o.id for o in people.directory().organisations.values() if o.place_id == place}
        if given.get("unit") and unit not in mine:
            raise NotFound("people.no_organisation", organisation=given.get("unit", "")[:20])
        label = given.get("label", "").strip()[:40]
        seat = actions.open_seat(given.get("post", "")[:40], place, actor=actor, organisation_id=unit, label=label)
        tell(request, _("设好了：{seat}").format(seat=people.directory().seat(seat).label), _("现在空着，请任命。"))
    elif wanted == "close":
        seat = whole(given.get("seat")) or 0
        info = people.directory().seat(seat)
        if info.place_id != place:
            raise NotFound("people.no_seat", seat=seat)
        actions.close_seat(seat, actor=actor)
        tell(request, _("撤了：{seat}").format(seat=info.label), _("它手里的事归上一级席位。"))
    elif wanted == "unit":
        name, code = given.get("name", "").strip(), given.get("code", "").strip()
        wrong = {}
        if not 2 <= len(name) <= 80:
            wrong["name"] = _("写 2 到 80 个字的名称。")
        if not _CODE.fullmatch(code):
            wrong["code"] = _("代号用小写字母开头的字母、数字和下划线，例如 housing。")
        if wrong:
            raise Invalid(field_errors=wrong)
        actions.open_organisation(
            code, name, kind="unit", place_id=place, actor=actor, short=given.get("short", "").strip()[:40]
        )
        tell(request, _("{name}登记好了。").format(name=name), _("接着给它设席位。"))
    else:
        raise Invalid("request.malformed")
