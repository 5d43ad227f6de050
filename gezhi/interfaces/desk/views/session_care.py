"""Children in our care on a session's page: who brought them, who fetched them, who helps."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.matching import care, held_with, queries
from gezhi.engines.matching.models import Partner
from gezhi.foundation.subjects.models import Subject
from gezhi.interfaces.site.requests import Request

from ..page import whole


def context(view: queries.View, request: Request) -> dict[str, Any] | None:
    """What the page shows where children are in our care, for whoever convenes it; else None. Six queries."""
    if view.kind.ratio is None or not view.may_convene:
        return None
    stays = {stay.number: stay for stay in care.here(view.row)}
    rows = list(Partner.objects.filter(session=view.row).order_by("number"))
    whos = Subject.objects.in_bulk({row.subject_id for row in rows})
    there = sum(1 for row in rows if not row.away)
    inside = sum(1 for stay in stays.values() if stay.left_at is None)
    return {
        "ratio": view.kind.ratio, "inside": inside, "most": view.kind.ratio * there, "there": there,
        "children": [(b, stays.get(b.number)) for b in view.bookings if b.state != "waiting"],
        "helpers": [(whos[row.subject_id], row.away) for row in rows],
        "more": [who for who in held_with.offered(view.kind, request.actor) if who.pk not in whos],
    }  # fmt: skip


def arrive(request: Request, id: int) -> str:
    """A child is brought."""
    given = request.POST
    fetchers = given.get("fetchers", "").replace("，", "、").replace(" ", "、").split("、")
    care.arrive(id, whole(given.get("number")) or 0, given.get("adult", ""), fetchers, actor=request.actor)
    return _("接进来了")


def leave(request: Request, id: int) -> str:
    """A child is fetched."""
    care.leave(id, whole(request.POST.get("number")) or 0, request.POST.get("adult", ""), actor=request.actor)
    return _("接走了，记下了")


def also(request: Request, id: int) -> str:
    """Somebody else may fetch a child."""
    given = request.POST
    care.also(id, whole(given.get("number")) or 0, given.get("adult", ""), given.get("reason", ""), actor=request.actor)
    return _("写进名单了")


def away(request: Request, id: int) -> str:
    """A helper does not come."""
    given = request.POST
    care.away(id, whole(given.get("who")) or 0, actor=request.actor, instead=whole(given.get("instead")))
    return _("记下了")


ACTS = {"arrive": arrive, "leave": leave, "also": also, "away": away}
