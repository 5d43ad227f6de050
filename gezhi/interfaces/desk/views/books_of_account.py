"""账本: what each account has and every posting behind it; entering with a reason, a second person, closing, correcting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.ledger import access, entries, periods, queries
from gezhi.engines.ledger.models import Leg, Transfer
from gezhi.engines.ledger.payouts import STATES as LIST_STATES
from gezhi.engines.ledger.posting import STATES
from gezhi.engines.ledger.rules import whole as amount_of
from gezhi.engines.ledger.schema import Entry, Ledger, ledger
from gezhi.foundation import places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from gezhi.foundation.people import Actor
from gezhi.foundation.subjects.models import Entry as Line
from gezhi.foundation.subjects.models import Subject
from gezhi.interfaces.site.requests import Request

from ..names import person_name, place_name
from ..page import show, staff, tell, whole

MOST_CHOICES = 200
ABOUT = {"session": "desk:session", "case": "desk:case", "entry": "desk:entry", "payout": "desk:payout"}


@staff
@require_safe
def index(request: Request) -> HttpResponse:
    """`/desk/ledgers`: the books this person reads."""
    rows = [
        {"book": book, "place": place, "where": place_name(place, "county")}
        for book, place in access.mine(request.actor)
    ]
    return show(request, "desk/books_index.html", {"rows": rows}, here="ledgers")


def asked(request: Request, name: str) -> tuple[Ledger, int]:
    """(the ledger, the place of `?place=` or the actor's own). NotFound where it is not theirs to read."""
    own = [(book, place) for book, place in access.mine(request.actor) if book.name == name]
    if not own:
        raise NotFound("ledger.none")
    book, place = own[0]
    place = whole(request.GET.get("place")) or place
    if place not in places.directory() or not access.sees(book, place, request.actor):
        raise NotFound("ledger.none")
    return book, place


@staff
@require_http_methods(["GET", "POST"])
def book(request: Request, name: str) -> HttpResponse:
    """`/desk/ledgers/<name>?place=&kind=`: sums by kind, accounts of one, what waits. POST do=enter | confirm | refuse | close."""
    found, place = asked(request, name)
    refusal: Refusal | None = None
    if request.method == "POST":
        do = DO.get(request.POST.get("do", ""))
        if do is None:
            raise NotFound()
        try:
            tell(request, do(request, found, place))
            return redirect(
                f"{reverse('desk:book_of_account', args=[name])}?place={place}&kind={request.GET.get('kind', '')}"
            )
        except (Invalid, Conflict, NotAllowed) as refused:
            refusal = refused
    actor = request.actor
    kind = found.kinds.get(request.GET.get("kind", "")) or next(iter(found.kinds.values()))
    waiting = queries.pending(name, place, actor=actor)
    legs = queries.legs_of(waiting)
    context: dict[str, Any] = {
        "book": found, "place": place, "name": place_name(place, "county"), "kind": kind, "refusal": refusal,
        "totals": [
            (found.kinds[t.kind], t, found.asset_of(t.kind).said(t.balance)) for t in queries.totals(name, place, actor=actor)
        ],
        "accounts": [
            (row, found.asset_of(row.kind).said(row.balance), found.asset_of(row.kind).said(row.held_out) if row.held_out else "")
            for row in queries.accounts(name, kind.id, place, actor=actor)
        ],
        "waiting": [(row, found.said(row.entry), _sides(legs[row.pk], found), entries.may_confirm(row, actor)) for row in waiting],
        "unbacked": [(row, found.said(row.entry)) for row in queries.unbacked(name, place, actor=actor)],
        "forms": [(entry, _choices(found, entry, place)) for entry in entries.offered(found, place, actor)],
        "lists": [
            (pay, period_now(pay.every)) for pay in found.payouts.values()
            if access.seat_here(actor, (*pay.freeze, *pay.approve, *pay.pay), place) is not None
        ],
        "payouts": [
            (row, found.said(row.list), LIST_STATES[row.state], found.asset_of(found.payouts[row.list].source).said(row.total) if row.list in found.payouts else "") for row in (queries.payouts(name, place, actor=actor) if found.payouts else ())
        ],
        "closes": access.seat_here(actor, found.close, place) is not None, "wrong": refusal.field_errors if refusal else {},
        "typed": request.POST if refusal else {}, "key": uuid4().hex, "states": STATES,
    }  # fmt: skip
    return show(request, "desk/book_of_account.html", context, here="ledgers", status=refusal.http if refusal else 200)


def _sides(legs: list[Leg], found: Ledger) -> list[tuple[str, str]]:
    """Whose account, with what; the accounts of one place are told apart by their kind."""
    return [
        (kind.title if (kind := found.kinds[leg.account.kind]).of_place else leg.account.label, _signed(leg, found))
        for leg in legs
    ]


def period_now(every: str) -> str:
    """The running period of a list, as it is written: 2026-11, 2026-Q4, 2026 or once."""
    today = clock.today()
    written = {"month": f"{today:%Y-%m}", "quarter": f"{today:%Y}-Q{(today.month + 2) // 3}", "year": f"{today:%Y}"}
    return written.get(every, "once")


def _signed(leg: Leg, found: Ledger) -> str:
    return ("+" if leg.amount > 0 else "") + found.assets[leg.asset].said(leg.amount)


def _choices(found: Ledger, entry: Entry, place: int) -> list[tuple[Any, list[Subject]]]:
    """Whom an entry can be about: (kind, lines of its register at the place). Two queries a kind."""
    chosen = []
    for id in entry.kinds:
        kind = found.kinds[id]
        if kind.of_place:
            continue
        ids = []
        if kind.register:
            lines = Line.objects.filter(access.inside(place), register=kind.register, until=None).order_by("pk")
            ids = list(dict.fromkeys(lines.values_list("subject_id", flat=True)[:MOST_CHOICES]))
        chosen.append((kind, list(Subject.objects.filter(pk__in=ids).order_by("label", "pk"))))
    return chosen


def _enter(request: Request, found: Ledger, place: int) -> str:
    given = request.POST
    entry = found.entries.get(given.get("entry", ""))
    if entry is None:
        raise NotFound("ledger.none")
    plain = all(side.amount == "amount" for side in entry.sides)
    scale = found.asset_of(entry.sides[0].source).scale if plain else 0
    holders = {kind: f"subject:{whole(given.get(f'who-{kind}')) or 0}" for kind in entry.kinds}
    row, _new = entries.enter(
        found.name, entry.id, place, amount_of(given.get("amount", ""), scale) or 0, actor=request.actor,
        key=f"desk:{given.get('key', '')[:40]}", holders=holders, reason=given.get("reason", ""), phone=given.get("phone", ""),
    )  # fmt: skip
    return _("记下了，等另一位确认") if row.state == "pending" else _("记下了")


def _confirm(request: Request, found: Ledger, place: int) -> str:
    entries.confirm(_id(request), actor=request.actor)
    return _("确认了，已入账")


def _refuse(request: Request, found: Ledger, place: int) -> str:
    entries.refuse(_id(request), actor=request.actor)
    return _("没有入账，占住的退回了")


def _close(request: Request, found: Ledger, place: int) -> str:
    try:
        until = date.fromisoformat(request.POST.get("until", ""))
    except ValueError:
        raise Invalid("ledger.invalid", field_errors={"until": _("请写日期。")}) from None
    periods.close(found.name, place, until, actor=request.actor)
    return _("结账到 {day}").format(day=until.isoformat())


def _id(request: Request) -> int:
    return whole(request.POST.get("transfer")) or 0


DO: dict[str, Callable[[Request, Ledger, int], str]] = {
    "enter": _enter, "confirm": _confirm, "refuse": _refuse, "close": _close,
}  # fmt: skip


@staff
@require_safe
def account(request: Request, account_id: int) -> HttpResponse:
    """`/desk/ledgers/accounts/<id>?before=`: the statement of one account, every line leading to its transfer."""
    row = access.account_to_see(account_id, actor=request.actor)
    found = ledger(row.ledger)
    asset = found.asset_of(row.kind)
    legs = queries.statement(row, before=whole(request.GET.get("before")))
    context = {
        "account": row, "book": found, "kind": found.kinds[row.kind], "balance": asset.said(row.balance), "place": place_name(row.place_id, "county"),
        "held": asset.said(row.held_out) if row.held_out else "", "older": legs[-1].position if len(legs) == queries.PAGE else None,
        "lines": [(leg, found.said(leg.transfer.entry), _signed(leg, found), asset.said(leg.after or 0)) for leg in legs],
        "waiting": [(leg, found.said(leg.transfer.entry), _signed(leg, found)) for leg in queries.waiting_on(row)],
    }  # fmt: skip
    return show(request, "desk/account_of_book.html", context, here="ledgers")


@staff
@require_http_methods(["GET", "POST"])
def transfer(request: Request, transfer_id: int) -> HttpResponse:
    """`/desk/ledgers/transfers/<id>`: its sides, who and why, the record it came from. POST: correct it, with a reason."""
    row = access.transfer_to_see(transfer_id, actor=request.actor)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            made = entries.correct(row.pk, actor=request.actor, reason=request.POST.get("reason", ""))
            tell(request, _("更正了，两笔都留着"))
            return redirect("desk:transfer", transfer_id=made.pk)
        except (Invalid, Conflict, NotAllowed) as refused:
            refusal = refused
    found = ledger(row.ledger)
    back = Transfer.objects.filter(reverses=row).first()
    context = {
        "transfer": row, "book": found, "title": found.said(row.entry), "state": STATES[row.state], "refusal": refusal,
        "sides": [(leg, found.kinds[leg.account.kind].title, _signed(leg, found)) for leg in queries.legs_of([row])[row.pk]],
        "reason": queries.reason(row), "by": _who(row.person_id), "second": _who(row.second_id), "about": _about(row.about, request.actor),
        "reversal": back, "correctable": back is None and entries.may_correct(row, request.actor),
        "wrong": refusal.field_errors if refusal else {}, "typed": request.POST if refusal else {},
    }  # fmt: skip
    return show(request, "desk/transfer.html", context, here="ledgers", status=refusal.http if refusal else 200)


def _who(person_id: int | None) -> str:
    return person_name(person_id) if person_id else ""


def _about(stream: str, actor: Actor) -> tuple[str, str] | None:
    """(words, address) of the record it came from; the address is empty where there is no page."""
    what, _colon, id = stream.partition(":")
    said = {"session": _("活动"), "case": _("事项"), "entry": _("台账"), "duty": _("走访"), "payout": _("发放名单")}
    if not stream:
        return None
    address = reverse(ABOUT[what], args=[int(id)]) if what in ABOUT and id.isdigit() else ""
    return f"{said.get(what, what)} {id}", address
