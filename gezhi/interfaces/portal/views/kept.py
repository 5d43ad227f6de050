"""我的信息: what registers keep about me, who looked, who came; and a request to set it right. Opened by my phone."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from gezhi.engines.appraisals import objecting
from gezhi.engines.appraisals import queries as appraisals
from gezhi.engines.appraisals.rules import plain
from gezhi.engines.duties import slips
from gezhi.engines.ledger import queries as accounts
from gezhi.engines.registers import kept
from gezhi.engines.workflows import phones, rules
from gezhi.engines.workflows.models import Case
from gezhi.flows import corrections
from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, Refusal
from gezhi.interfaces.api import limits
from gezhi.interfaces.portal import ground
from gezhi.interfaces.site.acting import whole
from gezhi.interfaces.site.answers import form_key, go, new_key

COOKIE = "me"  # whose phone was verified and which records its owner has proved; signed, this page only
HALF_AN_HOUR = 30 * 60


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """`/me`: what is kept, once the phone is verified; before that, how to verify it."""
    limits.knock(request, "read", writes=False)
    return _page(request)


@never_cache
@require_POST
def phone(request: HttpRequest) -> HttpResponse:
    """`/me/phone`: a code is sent; then the code and the end of the identity number are compared with what is kept."""
    limits.knock(request, "say", writes=True)
    try:
        if "digits" in request.POST:
            return _proved(request)
        mine = phones.ask(request.POST.get("phone", ""), without=not settings.PRODUCTION)
    except Refusal as refusal:
        return _page(request, refusal, mine=request.POST.get("mine", ""))
    return _page(request, mine=mine.hex())


def _proved(request: HttpRequest) -> HttpResponse:
    tail = request.POST.get("tail", "").strip()
    if tail and len(tail) != kept.TAIL:
        raise Invalid("raise.incomplete", field_errors={"tail": _("请填身份证号的最后四位，末位可以是 X。")})
    mine = phones.confirm(_hash(request.POST.get("mine", "")), request.POST["digits"])
    # One code, one try: whoever guesses the four characters needs a new message each time, five a day.
    proved = kept.proved_by(kept.records_of(mine), tail)
    response = go(request, reverse("me"))
    response.set_signed_cookie(
        COOKIE, f"{mine.hex()}:{','.join(map(str, proved))}", max_age=HALF_AN_HOUR, httponly=True, samesite="Lax",
        secure=settings.PRODUCTION, path=reverse("me"),
    )  # fmt: skip
    return response


@never_cache
@require_POST
def correct(request: HttpRequest) -> HttpResponse:
    """`/me/correct`: a request that names the line; on to its receipt."""
    limits.knock(request, "raise", writes=True)
    found = _verified(request)
    if found is None:
        return _unverified(request)
    line = kept.entry_of(*found, whole(request.POST.get("entry")) or 0)
    if line is None:
        raise NotFound("subject.no_entry")
    try:
        case = corrections.ask(*line, request.POST.get("words", ""), key=form_key(request))
    except Refusal as refusal:
        return _page(request, refusal)
    shown = rules.show_code(case.code)
    return go(request, reverse("receipt", args=[shown]), code=shown)


@never_cache
@require_POST
def object_to(request: HttpRequest) -> HttpResponse:
    """`/me/object`: an objection against one line of one's own or one's household's result; the answer comes back on `/me`."""
    limits.knock(request, "say", writes=True)
    found = _verified(request)
    if found is None:
        return _unverified(request)
    given = request.POST
    subject_id = whole(given.get("subject")) or 0
    own = {id for one in kept.mine(*found) for id in _whose(one)}
    try:
        objecting.object_to(
            whole(given.get("round")) or 0, subject_id, given.get("item", ""), given.get("words", ""),
            actor=people.resident(""), own=own,
        )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        return _page(request, refusal)
    return go(request, reverse("me"))


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """`/me/leave`: nothing more is shown on this phone."""
    response = go(request, reverse("me"))
    response.delete_cookie(COOKIE, path=reverse("me"))
    return response


def _unverified(request: HttpRequest) -> HttpResponse:
    return _page(request, Invalid("phone.wrong_code", field_errors={"phone": _("请先用手机号收一个验证码。")}))


def _verified(request: HttpRequest) -> tuple[bytes, frozenset[int]] | None:
    found = request.get_signed_cookie(COOKIE, default="", max_age=HALF_AN_HOUR)
    if not found:
        return None
    mine, _colon, ids = found.partition(":")
    return bytes.fromhex(mine), frozenset(int(id) for id in ids.split(",") if id)


def _hash(text: str) -> bytes:
    try:
        return bytes.fromhex(text)[:16]
    except ValueError:
        return b""


def _page(request: HttpRequest, refusal: Refusal | None = None, mine: str = "") -> HttpResponse:
    found = _verified(request)
    demo = ""
    if mine and not settings.PRODUCTION and not phones.gateways():
        demo = phones.digits_for(_hash(mine))
    context: dict[str, Any] = {
        "verified": found is not None, "mine": mine, "demo": demo, "refusal": refusal, "typed": request.POST,
        "wrong": refusal.field_errors if refusal else {}, "where": ground.where(), "now": clock.now(), "key": new_key(),
        "asked": whole(request.POST.get("entry")), "most": corrections.MOST,
        "against": f"{request.POST.get('round')}-{request.POST.get('subject')}" if refusal else "",
    }  # fmt: skip
    if found is not None:
        context["records"] = [_record(one) for one in kept.mine(*found)]
    return render(request, "portal/me.html", context, status=refusal.http if refusal else 200)


def _whose(one: kept.Mine) -> list[int]:
    """Who somebody is, and the households they belong to."""
    return [*one.family, *one.households]


def _scored(own: appraisals.Own) -> dict[str, Any]:
    kind = own.kind
    return {
        "key": f"{own.row.pk}-{own.result.subject_id}", "own": own, "band": kind.band(own.result.band), "score": None if own.result.score is None else plain(own.result.score),
        "lines": [(line, kind.says(kind.item(line["item"]) or {"title": {}})) for line in own.result.lines],
        "lost": [kind.says(gate) for gate in kind.gates if gate["id"] in own.result.lost],
        "objections": [
            (row, kind.says(kind.item(row.item) or {"title": {}}), words, answer) for row, words, answer in own.objections
        ],
    }  # fmt: skip


def _record(one: kept.Mine) -> dict[str, Any]:
    said = {"name": _("姓名"), "id_number": _("身份证号"), "phone": _("电话")}
    seats = people.directory().seats
    visits = slips.made_to(one.family, readings=one.proved)
    cases = {made.row.case_id for made in visits if made.row.case_id}
    # A matter that became protected is nobody's to see here.
    raised = dict(Case.objects.filter(pk__in=cases, protected="").values_list("pk", "number"))
    return {
        "one": one,
        "accounts": accounts.own([f"subject:{id}" for id in one.family]),
        "scores": [_scored(own) for own in appraisals.own(_whose(one))],
        "facts": [(said[name], value) for name, value in one.facts],
        "visits": [
            (
                made,
                seats[made.row.seat_id].label if made.row.seat_id in seats else "",
                raised.get(made.row.case_id or 0),
            )
            for made in visits
        ],
    }
