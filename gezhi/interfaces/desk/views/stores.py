"""借用: what is on the shelf, in whose hands, reserved by whom; lending, taking back, and a borrower's phone when it is overdue."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gezhi.engines.matching import lending, signing
from gezhi.engines.matching.rosters import Store, stores
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, Refusal
from gezhi.foundation.people import Actor
from gezhi.interfaces.site.requests import Request

from .. import decided
from ..names import place_name
from ..page import show, staff, tell, whole


def mine(actor: Actor) -> list[tuple[Store, int]]:
    """The stores the actor lends from, each with a place."""
    return decided.by(actor, stores(), lambda kind: kind.lenders)


@staff
@require_http_methods(["GET", "POST"])
def one(request: Request, name: str) -> HttpResponse:
    """`/desk/stores/<store>?place=`: the things and their loans. POST do=lend | hand | back | drop | phone."""
    kind, place = decided.asked(request, name, mine(request.actor), lending.may_lend)
    refusal: Refusal | None = None
    shown: dict[int, Any] = {}
    if request.method == "POST":
        try:
            if request.POST.get("do") == "phone":
                shown = _phone(request)
            else:
                tell(request, DO.get(request.POST.get("do", ""), _nothing)(request, kind, place))
                return redirect(f"{reverse('desk:store', args=[name])}?place={place}")
        except (Invalid, Conflict) as refused:
            refusal = refused
    found = lending.things(name, place, actor=request.actor)
    labels = {thing.subject.pk: thing.subject.label for thing in found}
    tomorrow = clock.local(clock.now() + timedelta(days=1))
    context = {
        "kind": kind, "place": place, "name": place_name(place, "county"), "refusal": refusal, "things": found, "shown": shown,
        "wrong": refusal.field_errors if refusal else {}, "typed": request.POST if refusal else {},
        "overdue": [(loan, labels.get(loan.thing_id, "")) for loan in lending.overdue(name, place, actor=request.actor)],
        "out": [(loan, labels[loan.thing_id]) for thing in found for loan in thing.hands if loan.until >= clock.now()],
        "ahead": [(loan, labels[loan.thing_id]) for thing in found for loan in thing.ahead],
        "many": isinstance(kind.things["amount"], str) or kind.things["amount"] > 1, "until": tomorrow,
    }  # fmt: skip
    return show(request, "desk/store.html", context, here="activities", status=refusal.http if refusal else 200)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)
    except ValueError:
        raise Invalid("store.invalid", field_errors={"until": _("请写日期和时间。")}) from None


def _lend(request: Request, kind: Store, place: int) -> str:
    given = request.POST
    who = signing.guest(given.get("name", ""), given.get("phone", ""))
    since = _moment(given["since"]) if given.get("since") else clock.now()
    row = lending.reserve(
        kind.name, place, whole(given.get("thing")) or 0, who, since, _moment(given.get("until", "")), actor=request.actor,
        amount=whole(given.get("amount", "1")) or 0, at_once=not given.get("since"),
    )  # fmt: skip
    return _("借出了，{who} 拿走").format(who=row.label) if row.state == lending.OUT else _("约好了")


def _hand(request: Request, kind: Store, place: int) -> str:
    return _("借出了，{who} 拿走").format(who=lending.hand_out(_id(request), actor=request.actor).label)


def _back(request: Request, kind: Store, place: int) -> str:
    lending.bring_back(_id(request), whole(request.POST.get("returned")), actor=request.actor)
    return _("还回来了，已经上架")


def _drop(request: Request, kind: Store, place: int) -> str:
    lending.drop(_id(request), actor=request.actor)
    return _("取消了，那段时间空出来了")


def _nothing(request: Request, kind: Store, place: int) -> str:
    raise NotFound()


def _id(request: Request) -> int:
    return whole(request.POST.get("loan")) or 0


def _phone(request: Request) -> dict[int, Any]:
    """{loan: {"name", "phone"}} of one borrower, for a stated purpose; the look is logged."""
    row = lending.one(_id(request), actor=request.actor)
    if row.contact_ref is None:
        raise NotFound("store.none")
    text = people.reveal(
        row.contact_ref, actor=request.actor, purpose=request.POST.get("purpose", ""), about=f"loan:{row.pk}",
        path=places.directory().path(row.place_id),
    )  # fmt: skip
    return {row.pk: json.loads(text)}


DO = {"lend": _lend, "hand": _hand, "back": _back, "drop": _drop}
