"""发放名单: looked at, frozen, approved by somebody else, paid once; printed for signature."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gezhi.engines.ledger import access, payouts
from gezhi.engines.ledger.models import Transfer
from gezhi.engines.ledger.schema import PayList, ledger
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from gezhi.interfaces.site.requests import Request

from ..names import place_name
from ..page import show, staff, tell
from ..rubric_words import posts
from .books_of_account import _who, asked

DO = {"approve": payouts.approve, "pay": payouts.pay, "void": payouts.void}


@staff
@require_http_methods(["GET", "POST"])
def draw(request: Request, name: str, list_id: str) -> HttpResponse:
    """`/desk/ledgers/<name>/lists/<list>?place=&period=`: the list as the register says now. POST freezes what was seen."""
    book, place = asked(request, name)
    period = (request.POST if request.method == "POST" else request.GET).get("period", "").strip()
    refusal: Refusal | None = None
    shown: payouts.Preview | None = None
    if list_id not in book.payouts:
        raise NotFound("ledger.none")
    if request.method == "POST":
        try:
            row = payouts.freeze(name, list_id, place, period, actor=request.actor, seen=request.POST.get("seen", ""))
            tell(request, _("名单冻结了，等另一位批准"))
            return redirect("desk:payout", payout_id=row.pk)
        except (Invalid, Conflict, NotAllowed) as refused:
            refusal = refused
    try:
        shown = payouts.preview(name, list_id, place, period, actor=request.actor)
    except (Invalid, Conflict) as refused:
        refusal = refusal or refused
    pay = book.payouts[list_id]
    asset = book.asset_of(pay.source)
    context: dict[str, Any] = {
        "book": book, "pay": pay, "place": place, "name": place_name(place, "county"), "period": period, "refusal": refusal,
        "lines": [(line, asset.said(line.amount)) for line in shown.lines] if shown else [],
        "total": asset.said(shown.total) if shown else "", "seen": shown.seen if shown else "",
        "on": shown.on if shown else None,
        "freezes": access.seat_here(request.actor, pay.freeze, place) is not None,
    }  # fmt: skip
    return show(request, "desk/payout_draw.html", context, here="ledgers", status=refusal.http if refusal else 200)


@staff
@require_http_methods(["GET", "POST"])
def payout(request: Request, payout_id: int) -> HttpResponse:
    """`/desk/ledgers/payouts/<id>`: who is paid how much, each line leading to its posting. POST do=approve | pay | void."""
    row = access.payout_to_see(payout_id, actor=request.actor)
    refusal: Refusal | None = None
    if request.method == "POST":
        do = DO.get(request.POST.get("do", ""))
        if do is None:
            raise NotFound()
        try:
            do(row.pk, actor=request.actor)
            return redirect("desk:payout", payout_id=row.pk)
        except (Invalid, Conflict, NotAllowed) as refused:
            refusal = refused
    book = ledger(row.ledger)
    pay = ledger(row.ledger, row.version).payouts[row.list]
    asset = book.asset_of(pay.source)
    made = {t.key: t.pk for t in Transfer.objects.filter(about=f"payout:{row.pk}")}
    actor = request.actor

    def may(*posts: str) -> bool:
        return access.seat_here(actor, posts, row.place_id) is not None

    context = {
        "row": row, "book": book, "title": pay.title, "state": payouts.STATES[row.state], "refusal": refusal,
        "name": place_name(row.place_id, "county"), "total": asset.said(row.total), "next": _next(row.state, pay),
        "lines": [(line, asset.said(line.amount), made.get(f"payout:{row.pk}:{line.number}")) for line in row.lines.order_by("number")],
        "approves": row.state == "frozen" and may(*pay.approve) and actor.person_id != row.frozen_id,
        "pays": row.state == "approved" and may(*pay.pay), "voids": row.state in ("frozen", "approved") and may(*pay.freeze, *pay.approve),
        "people": [(_("冻结"), _who(row.frozen_id), row.frozen_at), (_("批准"), _who(row.approved_id), row.approved_at), (_("发放"), _who(row.paid_id), row.paid_at)],
    }  # fmt: skip
    return show(request, "desk/payout.html", context, here="ledgers", status=refusal.http if refusal else 200)


def _next(state: str, pay: PayList) -> str:
    """Who has it now; "" when nothing is left to do."""
    if state == "frozen":
        return _("等{post}批准；冻结的人不能自己批。").format(post=posts(pay.approve))
    if state == "approved":
        return _("批准了，等{post}发放。").format(post=posts(pay.pay))
    return ""
