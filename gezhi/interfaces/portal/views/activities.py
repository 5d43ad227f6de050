"""身边的活动: what is on near me, signing up with a phone, my sign-ups, leaving, a word afterwards."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from gezhi.engines.matching import queries, rules, signing
from gezhi.engines.matching.models import Booking, Session
from gezhi.engines.matching.schema import activity
from gezhi.engines.matching.words import BOOKINGS, KINDS, ROLES, STATES
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, Refusal
from gezhi.interfaces.api import limits
from gezhi.interfaces.portal import ground
from gezhi.interfaces.site.acting import whole
from gezhi.interfaces.site.answers import go
from gezhi.interfaces.site.faults import wants_json


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """`/activities?place=&kind=`: what residents may come to, the next first."""
    limits.knock(request, "services", writes=False)
    place, kind = whole(request.GET.get("place")), request.GET.get("kind", "")
    place = place if place is not None and place in places.directory() else None
    rows = queries.coming(place, kinds=[kind] if kind in KINDS else ())
    context = {
        "rows": [_line(row) for row in rows], "groups": ground.choices(), "chosen": place, "kind": kind,
        "kinds": KINDS.items(), "where": ground.where(), "now": clock.now(),
    }  # fmt: skip
    return render(request, "portal/activities.html", context)


def _line(row: Session) -> dict[str, Any]:
    left = None if row.seats is None else max(0, row.seats - row.booked)
    return {
        "row": row, "kind": KINDS[row.kind], "left": left, "place": places.directory().label(row.place_id, "village"),
    }  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, session_id: int) -> HttpResponse:
    """`/activities/<id>`: what it is; sending the form signs up. Nothing that is not for residents is there."""
    if request.method != "POST":
        limits.knock(request, "services", writes=False)
        return _page(request, _public(session_id))
    limits.knock(request, "raise", writes=True)
    _public(session_id)
    try:
        who = signing.guest(request.POST.get("name", ""), request.POST.get("phone", ""))
        booking = signing.sign_up(session_id, who, actor=people.resident())
    except (Invalid, Conflict) as refusal:
        if wants_json(request):
            raise
        return _page(request, _public(session_id), refusal)
    return go(request, reverse("my_activity", args=[booking.code]), code=booking.code)


def _public(session_id: int) -> Session:
    row = Session.objects.filter(pk=session_id, public=True).first()
    if row is None:
        raise NotFound("session.not_found")
    return row


def _page(request: HttpRequest, row: Session, refusal: Refusal | None = None) -> HttpResponse:
    kind, now = activity(row.activity, row.version), clock.now()
    open_now = row.state == "planned" and now < (row.sign_until or row.starts)
    full = row.seats is not None and row.booked >= row.seats
    roles = queries.roles_of(row)
    context = _line(row) | {
        "about": kind.about, "name": kind.title, "theme": kind.theme_title(row.theme), "state": STATES[row.state],
        "open_now": open_now and (not full or kind.sign_up["waiting"]), "full": full, "refusal": refusal,
        "roles": [(ROLES[role], who) for role, who in roles.items()], "typed": request.POST if refusal else {},
        "wrong": refusal.field_errors if refusal else {}, "where": ground.where(), "now": now,
    }  # fmt: skip
    return render(request, "portal/activity.html", context, status=refusal.http if refusal else 200)


def _mine(request: HttpRequest, code: str) -> tuple[Session, Booking]:
    tidy = rules.tidy_code(code)
    if tidy is None:
        raise NotFound("booking.not_found")
    limits.knock(request, "read", writes=False)
    try:
        return queries.by_code(tidy)
    except NotFound:
        limits.wrong_code(request)
        raise


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def my_activity(request: HttpRequest, code: str) -> HttpResponse:
    """`/a/<code>`: my sign-up: where I stand, leaving it (do=leave), and afterwards a word about it (do=say)."""
    row, booking = _mine(request, code)
    refusal: Refusal | None = None
    if request.method == "POST":
        limits.knock(request, "say", writes=True)
        given, me = request.POST, people.resident()
        try:
            if given.get("do") == "leave":
                signing.withdraw(row.pk, booking.number, actor=me, code=booking.code or "")
            elif given.get("do") == "say":
                rating = whole(given.get("rating")) or 0
                signing.say(row.pk, booking.number, rating, given.get("words", ""), actor=me, code=booking.code or "")
            else:
                raise NotFound()
            return go(request, reverse("my_activity", args=[booking.code]))
        except (Invalid, Conflict) as refused:
            if wants_json(request):
                raise
            refusal = refused
            row, booking = _mine(request, code)
    address = request.build_absolute_uri(reverse("my_activity", args=[booking.code]))
    context = _line(row) | {
        "booking": booking, "said": BOOKINGS[booking.state], "state": STATES[row.state], "where": ground.where(),
        "line": queries.line_position(booking) if booking.state == "waiting" else 0, "now": clock.now(),
        "may_leave": row.state == "planned" and clock.now() < row.starts and booking.state in ("booked", "waiting"),
        "may_say": booking.state == "attended" and booking.rating is None, "refusal": refusal, "address": address,
        "qr": SafeString(places.qr_svg(address)), "ratings": [(5, _("很好")), (4, _("好")), (3, _("一般")), (2, _("不太好")), (1, _("不好"))],
    }  # fmt: skip
    return render(request, "portal/my_activity.html", context, status=refusal.http if refusal else 200)


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """`/activities/mine?codes=A,B`: the rows of sign-ups made on this phone, as a fragment; unknown codes are left out."""
    found = []
    for written in request.GET.get("codes", "").split(",")[:5]:
        try:
            row, booking = _mine(request, written)
        except NotFound:
            continue
        found.append(_line(row) | {"booking": booking, "said": BOOKINGS[booking.state]})
    return render(request, "portal/_my_activities.html", {"rows": found, "now": clock.now()})
