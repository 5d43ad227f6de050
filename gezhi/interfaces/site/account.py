"""One's own account: where one is signed in, the second factor with its recovery codes, what happened lately.

`/account` `/account/sessions/<id>/end` `/account/tokens/<id>/end` `/second-factor`; any face's staff come here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gezhi.foundation import people, places
from gezhi.foundation.errors import Refusal
from gezhi.foundation.events import Event
from gezhi.foundation.people import second_factor, signin, sittings
from gezhi.foundation.people.records import PersonInfo

from . import callers, happenings

LATELY = 20
SINCE_LAST = 12  # events looked through for the sign-in before this one
# What somebody else did to one's account: said when one signs in next, and marked in the list.
BY_OTHERS = ("person.factor_reset", "person.password_set", "person.sign_in_changed", "person.sessions_ended")
View = Callable[..., HttpResponse]


def owner(view: View) -> View:
    """Passes the person of the session, finished or not; nobody is sent to sign in."""

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        person = people.current_person(request)
        return redirect("signin") if person is None else view(request, person, *args, **kwargs)

    return guarded


@owner
@require_safe
def account(request: HttpRequest, person: PersonInfo) -> HttpResponse:
    """Sessions and tokens with a button to end each, the state of the second factor, the last things that happened."""
    if lacking := people.unfinished(person):
        return redirect({"password": "password", "factor": "second_factor"}[lacking])
    context = {
        "person": person,
        "sessions": signin.sessions_of(person, here=request.session.session_key),
        "tokens": sittings.tokens_of(person),
        "codes_left": second_factor.codes_left(person.id) if person.second_factor else 0,
        "required": second_factor.required(person),
        "lately": lately(person),
        "notice": _notice(request),
    }
    return render(request, "account.html", context)


@owner
@require_POST
def end_session(request: HttpRequest, person: PersonInfo, number: int) -> HttpResponse:
    """End one session of one's own."""
    sittings.end(person, number)
    return _told(request, _("那一处已经退出。"))


@owner
@require_POST
def end_token(request: HttpRequest, person: PersonInfo, number: int) -> HttpResponse:
    """Revoke one token of one's own."""
    sittings.end_token(person, number)
    return _told(request, _("那个接口凭证已经收回。"))


@owner
@sensitive_post_parameters("password", "otp")
@require_http_methods(["GET", "HEAD", "POST"])
def factor(request: HttpRequest, person: PersonInfo) -> HttpResponse:
    """The second factor: begin, confirm, new recovery codes, another phone, off. Codes are in the answer, once."""
    if person.must_change:
        return redirect("password")
    context: dict[str, Any] = {"asks_password": not people.began_lately(request)}
    status = 200
    if request.method == "POST":
        try:
            done = _change(request, person)
            if isinstance(done, HttpResponse):
                return done
            context["codes"] = done
            person = people.directory().person(person.id)
        except Refusal as refusal:
            context["refusal"], status = refusal, refusal.http
    setup = None if person.second_factor else second_factor.begun(person)
    context |= {
        "person": person,
        "setup": setup,
        # Made by us from our own secret; every character of the address is escaped into modules of the code.
        "qr": mark_safe(places.qr_svg(setup.uri)) if setup else "",
        "required": second_factor.required(person),
        "codes_left": second_factor.codes_left(person.id) if person.second_factor else 0,
        "told": [line for line in lately(person)[:5] if line["bad"]] if not person.second_factor else [],
    }
    return render(request, "second_factor.html", context, status=status)


def _change(request: HttpRequest, person: PersonInfo) -> HttpResponse | tuple[str, ...]:
    given, ip = request.POST, callers.client_ip(request)
    wanted = given.get("do", "")
    if wanted == "begin":
        if not people.began_lately(request):
            people.first_step(person.username or "", given.get("password", ""), ip=ip)
        second_factor.begin(person)
        return redirect("second_factor")
    if wanted == "confirm":
        codes = signin.confirm_factor(person, given.get("otp", ""))
        _sit_again(request, person)
        return codes
    if wanted not in ("codes", "replace", "off"):
        raise Refusal("request.malformed")
    signin.check_code(person, given.get("otp", ""), ip=ip)
    if wanted == "codes":
        return second_factor.renew_codes(person)
    if wanted == "replace":
        second_factor.replace(person)
        _sit_again(request, person)
        return redirect("second_factor")
    second_factor.remove(person)
    _sit_again(request, person)
    return _told(request, _("二次验证关掉了。"))


def _sit_again(request: HttpRequest, person: PersonInfo) -> None:
    """The other sessions have ended; this one goes on under a new key."""
    fresh = people.directory().person(person.id)
    people.start_session(request, fresh, device=callers.device(request), ip=callers.client_ip(request))


def lately(person: PersonInfo) -> list[dict[str, Any]]:
    """The last things that happened to an account, the newest first: when, what, and who when it was another."""
    rows = Event.objects.filter(stream=f"person:{person.id}", kind__in=happenings.ACCOUNT).order_by("-seq")[:LATELY]
    known = people.directory().persons
    found = []
    for row in rows:
        other = row.actor_person is not None and row.actor_person != person.id
        by = known[row.actor_person].name_public if other and row.actor_person in known else row.actor_name
        why = second_factor.REASONS.get(row.patch.get("@why", ""), "")
        bad = row.kind in happenings.BAD or (bool(other or by) and row.kind in BY_OTHERS)
        found.append({"at": row.at, "what": happenings.said(row.kind), "by": by, "why": why, "bad": bad})
    return found


def told_of_others(person: PersonInfo) -> bool:
    """Whether somebody else changed the account since the sign-in before this one (one query).

    The first sign-in has none before it: that the account was set up is what everybody's account begins with.
    """
    rows = Event.objects.filter(stream=f"person:{person.id}", kind__in=[*BY_OTHERS, "person.signed_in"])
    newest = list(rows.order_by("-seq").values_list("kind", "actor_person")[:SINCE_LAST])
    others = False
    for kind, actor in newest[1:]:  # the first is the sign-in just now
        if kind == "person.signed_in":
            return others
        others = others or actor != person.id
    return others and len(newest) == SINCE_LAST


def _told(request: HttpRequest, what: str) -> HttpResponse:
    request.session["account.notice"] = what
    return redirect("account")


def _notice(request: HttpRequest) -> dict[str, str] | None:
    what = request.session.pop("account.notice", None) if "account.notice" in request.session else None
    return {"what": what} if what else None
