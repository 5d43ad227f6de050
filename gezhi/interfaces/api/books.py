"""The doors of books and appraisals, for reading: balances, statements, payout lists; rounds, scores and what made them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from gezhi.engines.appraisals import queries as appraisals
from gezhi.engines.appraisals.models import Result, Round
from gezhi.engines.appraisals.rules import plain
from gezhi.engines.appraisals.schema import Rubric, rubric
from gezhi.engines.ledger import access, queries
from gezhi.engines.ledger.models import Account, Leg, Payout
from gezhi.engines.ledger.schema import Asset, Ledger, ledger
from gezhi.foundation import places
from gezhi.foundation.errors import NotFound
from gezhi.foundation.people import Actor
from gezhi.interfaces.api import asking, book_shapes, numbers, placewords, refusals, views
from gezhi.interfaces.api.auth import actor_of, bearer
from gezhi.interfaces.api.documents import faults
from gezhi.interfaces.api.root import api


@api.get(
    "/ledgers",
    auth=bearer,
    response={200: book_shapes.LedgerPage, **faults(401, 422)},
    tags=["books"],
    summary="Books that the caller reads",
)
def list_ledgers(request: HttpRequest) -> HttpResponse:
    """Each with the place from which they read it."""
    asking.only(request)
    return views.reply({"items": [_book(book, place) for book, place in access.mine(actor_of(request))]})


@api.get(
    "/ledgers/{name}",
    auth=bearer,
    response={200: book_shapes.BalancesOut, **faults(401, 404, 422)},
    tags=["books"],
    summary="What stands in a book, by kind of account",
)
def show_balances(request: HttpRequest, name: str, place: str = "") -> HttpResponse:
    """At `place` (an id, code or name) and inside it; left out: where the caller sits."""
    asking.only(request, "place")
    actor = actor_of(request)
    book, at = _asked(name, place, actor)
    kinds = [
        {
            "kind": total.kind, "title": book.kinds[total.kind].title, "asset": book.kinds[total.kind].asset, "accounts": total.accounts,
            "balance": _amount(total.balance, book.asset_of(total.kind)), "held": _amount(total.held_out, book.asset_of(total.kind)),
        }
        for total in queries.totals(name, at, actor=actor)
    ]  # fmt: skip
    return views.reply({"ledger": name, "place_id": str(at), "kinds": kinds})


@api.get(
    "/ledgers/{name}/accounts",
    auth=bearer,
    response={200: book_shapes.AccountPage, **faults(401, 404, 422)},
    tags=["books"],
    summary="Accounts of a book",
)
def list_accounts(
    request: HttpRequest, name: str, place: str = "", kind: str = "", cursor: str = "", limit: str = "50"
) -> HttpResponse:
    """In the order they were opened. `kind`: of one kind only."""
    asking.only(request, "place", "kind", "cursor", "limit")
    after, size = asking.paging(cursor, limit)
    actor = actor_of(request)
    book, at = _asked(name, place, actor)
    if kind and kind not in book.kinds:
        raise refusals.ItemMalformed(field_errors={"kind": _("没有这一项")})
    rows = queries.accounts(name, kind, at, actor=actor, after=after or 0, size=size + 1)
    following = str(rows[size - 1].pk) if len(rows) > size else None
    return views.reply({"items": [_account(row, book) for row in rows[:size]], "next": following})


@api.get(
    "/accounts/{account_id}/entries",
    auth=bearer,
    response={200: book_shapes.EntryPage, **faults(401, 404, 422)},
    tags=["books"],
    summary="The statement of an account",
)
def list_entries(request: HttpRequest, account_id: str, cursor: str = "", limit: str = "50") -> HttpResponse:
    """What was posted, the newest first, each line with what stood afterwards."""
    asking.only(request, "cursor", "limit")
    before, size = asking.paging(cursor, limit)
    row = access.account_to_see(numbers.row_id(account_id, "ledger.none"), actor=actor_of(request))
    book = ledger(row.ledger)
    legs = queries.statement(row, before=before, size=size + 1)
    following = str(legs[size - 1].position) if len(legs) > size else None
    return views.reply(
        {
            "account": _account(row, book),
            "items": [_entry(leg, book, book.asset_of(row.kind)) for leg in legs[:size]],
            "next": following,
        }
    )


@api.get(
    "/ledgers/{name}/payouts",
    auth=bearer,
    response={200: book_shapes.PayoutPage, **faults(401, 404, 422)},
    tags=["books"],
    summary="Payout lists of a book",
)
def list_payouts(request: HttpRequest, name: str, place: str = "", cursor: str = "", limit: str = "50") -> HttpResponse:
    """Frozen, approved, paid and voided ones, at the place and inside it."""
    asking.only(request, "place", "cursor", "limit")
    before, size = asking.paging(cursor, limit)
    actor = actor_of(request)
    book, at = _asked(name, place, actor)
    rows = queries.payouts(name, at, actor=actor, before=before, size=size + 1)
    following = str(rows[size - 1].pk) if len(rows) > size else None
    return views.reply({"items": [_payout(row, book) for row in rows[:size]], "next": following})


@api.get(
    "/payouts/{payout_id}/lines",
    auth=bearer,
    response={200: book_shapes.PayoutLines, **faults(401, 404, 422)},
    tags=["books"],
    summary="Who is paid how much by a list",
)
def list_lines(request: HttpRequest, payout_id: str, cursor: str = "", limit: str = "50") -> HttpResponse:
    """As it was frozen; `transfer` is the posting that paid a line."""
    asking.only(request, "cursor", "limit")
    after, size = asking.paging(cursor, limit)
    row = access.payout_to_see(numbers.row_id(payout_id, "ledger.none"), actor=actor_of(request))
    book = ledger(row.ledger, row.version)
    asset = _asset_of(row, book)
    found = queries.lines(row, after=after or 0, size=size + 1)
    items = [
        {
            "number": line.number, "holder": line.holder, "label": line.label, "pays": _amount(line.amount, asset),
            "transfer": None if made is None else str(made),
        }
        for line, made in found[:size]
    ]  # fmt: skip
    following = str(found[size - 1][0].number) if len(found) > size else None
    return views.reply({"payout": _payout(row, book), "items": items, "next": following})


@api.get(
    "/appraisals",
    auth=bearer,
    response={200: book_shapes.RoundPage, **faults(401, 422)},
    tags=["appraisals"],
    summary="Appraisals that the caller may know of",
)
def list_rounds(request: HttpRequest, cursor: str = "", limit: str = "50") -> HttpResponse:
    """One for each rubric, place and period; cancelled ones are left out."""
    asking.only(request, "cursor", "limit")
    before, size = asking.paging(cursor, limit)
    page = appraisals.page(actor=actor_of(request), before=before, size=size)
    return views.reply({"items": [_round(row) for row in page.rows], "next": _next(page)})


@api.get(
    "/appraisals/{round_id}/scores",
    auth=bearer,
    response={200: book_shapes.ScorePage, **faults(401, 404, 422)},
    tags=["appraisals"],
    summary="Sealed scores of an appraisal",
)
def list_scores(request: HttpRequest, round_id: str, cursor: str = "", limit: str = "50") -> HttpResponse:
    """Those the caller sees, by place and name, never by score."""
    asking.only(request, "cursor", "limit")
    since, size = asking.paging(cursor, limit)
    number = numbers.row_id(round_id, "appraisal.none")
    row, kind, page = appraisals.scores(number, actor=actor_of(request), since=since or 0, size=size)
    items = [_score(result, kind) for result in page.rows]
    return views.reply({"appraisal": _round(row), "items": items, "next": _next(page)})


@api.get(
    "/appraisals/{round_id}/scores/{subject_id}",
    auth=bearer,
    response={200: book_shapes.ExplainedOut, **faults(401, 404, 422)},
    tags=["appraisals"],
    summary="How one score came about",
)
def show_score(request: HttpRequest, round_id: str, subject_id: str) -> HttpResponse:
    """The lines add up to the score; each names the records it was computed from."""
    asking.only(request)
    number = numbers.row_id(round_id, "appraisal.none")
    row, kind, found = appraisals.scored(
        number, numbers.row_id(subject_id, "appraisal.no_subject"), actor=actor_of(request)
    )
    lines = [
        {
            "item": line["item"], "title": kind.says(kind.item(line["item"]) or {"title": {}}), "points": line["points"],
            "weight": line["weight"], "gives": line["gives"], "missing": line["missing"], "records": line["records"],
        }
        for line in found.lines
    ]  # fmt: skip
    lost = [kind.says(gate) for gate in kind.gates if gate["id"] in found.lost]
    return views.reply({"appraisal": _round(row), "score": _score(found, kind), "lines": lines, "lost": lost})


def _asked(name: str, place: str, actor: Actor) -> tuple[Ledger, int]:
    """The book, where the caller reads it; elsewhere it does not exist, whether there is one or not."""
    own = next(((book, at) for book, at in access.mine(actor) if book.name == name), None)
    if own is None:
        raise NotFound("ledger.none")
    book, at = own
    if place:
        at = placewords.by_word(place)
    if not access.sees(book, at, actor):
        raise NotFound("ledger.none")
    return book, at


def _next(page: appraisals.Page) -> str | None:
    return None if page.next is None else str(page.next)


def _place(place_id: int) -> str:
    return places.directory().label(place_id, "county")


def _amount(amount: int, asset: Asset) -> dict[str, Any]:
    return {"amount": amount, "said": asset.said(amount)}


def _book(book: Ledger, place_id: int) -> dict[str, Any]:
    return {
        "ledger": book.name, "title": book.title, "version": book.version, "place_id": str(place_id), "place": _place(place_id),
    }  # fmt: skip


def _account(row: Account, book: Ledger) -> dict[str, Any]:
    asset = book.asset_of(row.kind)
    return {
        "id": str(row.pk), "kind": row.kind, "holder": row.holder, "label": row.label, "place": _place(row.place_id),
        "balance": _amount(row.balance, asset), "held": _amount(row.held_out, asset),
        "closed_until": row.closed_until.isoformat() if row.closed_until else None,
    }  # fmt: skip


def _entry(leg: Leg, book: Ledger, asset: Asset) -> dict[str, Any]:
    made = leg.transfer
    return {
        "transfer": str(made.pk), "entry": made.entry, "title": book.said(made.entry), "day": made.day.isoformat(),
        "at": views.stamp(made.settled_at or made.made_at), "change": _amount(leg.amount, asset), "after": _amount(leg.after or 0, asset),
        "about": made.about, "reverses": None if made.reverses_id is None else str(made.reverses_id),
    }  # fmt: skip


def _asset_of(row: Payout, book: Ledger) -> Asset:
    known = book.payouts.get(row.list) or ledger(row.ledger, row.version).payouts[row.list]
    return book.asset_of(known.source)


def _payout(row: Payout, book: Ledger) -> dict[str, Any]:
    return {
        "id": str(row.pk), "list": row.list, "title": book.said(row.list), "period": row.period, "place": _place(row.place_id),
        "state": row.state, "count": row.count, "total": _amount(row.total, _asset_of(row, book)), "digest": row.digest,
    }  # fmt: skip


def _round(row: Round) -> dict[str, Any]:
    return {
        "id": str(row.pk), "rubric": row.rubric, "version": row.version, "title": rubric(row.rubric, row.version).title,
        "period": row.period, "place": _place(row.place_id), "state": row.state, "cut": views.stamp(row.cut),
        "object_until": views.stamp(row.object_until), "subjects": row.subjects, "digest": row.digest,
    }  # fmt: skip


def _score(row: Result, kind: Rubric) -> dict[str, Any]:
    return {
        "subject_id": str(row.subject_id), "label": row.label, "place": _place(row.place_id),
        "score": None if row.score is None else plain(row.score), "band": kind.band(row.band), "eligible": row.eligible,
        "awarded": row.awarded, "corrected": row.corrected,
    }  # fmt: skip
