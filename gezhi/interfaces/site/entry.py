"""The doors every zone has, whichever faces it serves: signing in and out, and a reader's preferences.

`/signin` `/signin/code` `/password` `/account` `/second-factor` `/signout` `/signout/everywhere` `/prefer` `/patterns`. Residents never need them; staff come here from any face.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from gezhi.foundation import people
from gezhi.foundation.errors import Invalid, Refusal
from gezhi.foundation.people.records import PersonInfo

from . import account, patterns
from .callers import client_ip, device

YEAR = 365 * 24 * 3600
#: Where a person lands: the first post of theirs that is named here decides, else the desk.
ON_FOOT = frozenset({"grid_worker", "grid_head", "building_head", "linked_member"})


def safe_next(request: HttpRequest, wanted: str, otherwise: str) -> str:
    """An address inside this site, or `otherwise`: a link from elsewhere must not send people away."""
    inside = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if wanted.startswith("/") and inside else otherwise


def home_of(person_id: int) -> str:
    """The page a person starts the day with."""
    zones = settings.GEZHI_ZONES
    actor, directory = people.actor_for(person_id), people.directory()
    posts = {directory.seat(seat).post for seat in actor.seats}
    if "field" in zones and posts and posts <= ON_FOOT:
        return "/field/"
    return "/desk/" if "desk" in zones else "/field/" if "field" in zones else "/"


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def signin(request: HttpRequest) -> HttpResponse:
    """GET shows the form; POST signs in and goes to `next` or to the person's own first page."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    context: dict[str, Any] = {"next": wanted, "username": request.POST.get("username", "")}
    if request.method != "POST":
        return render(request, "signin.html", context)
    try:
        person = people.first_step(
            request.POST.get("username", ""), request.POST.get("password", ""), ip=client_ip(request)
        )
    except Refusal as refusal:
        return _refused(request, "signin.html", context | {"refusal": refusal}, refusal)
    if person.second_factor:
        people.start_half(request, person)
        return redirect(f"{reverse('signin_code')}?{urlencode({'next': wanted})}" if wanted else "signin_code")
    return _inside(request, person, wanted)


@never_cache
@sensitive_post_parameters("otp")
@require_http_methods(["GET", "HEAD", "POST"])
def signin_code(request: HttpRequest) -> HttpResponse:
    """The second page of signing in: a code of the app, or a recovery code. The password is not asked again."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    try:
        person = people.half_signed(request)
    except Refusal as refusal:
        return _refused(request, "signin.html", {"next": wanted, "username": "", "refusal": refusal}, refusal)
    context: dict[str, Any] = {"next": wanted}
    if request.method != "POST":
        return render(request, "signin_code.html", context)
    try:
        how = people.second_step(person, request.POST.get("otp", ""), ip=client_ip(request))
    except Refusal as refusal:
        return _refused(request, "signin_code.html", context | {"refusal": refusal}, refusal)
    return _inside(request, person, wanted, by=how)


def _inside(request: HttpRequest, person: PersonInfo, wanted: str, by: str = "") -> HttpResponse:
    """Begin the session; first what the account still lacks, or what others did to it, then where one wanted to be."""
    people.start_session(request, person, device=device(request), ip=client_ip(request))
    if lacking := people.unfinished(person):
        return redirect({"password": "password", "factor": "second_factor"}[lacking])
    if by == "recovery" or account.told_of_others(person):
        return redirect("account")
    return redirect(safe_next(request, wanted, home_of(person.id)))


def _refused(request: HttpRequest, template: str, context: dict[str, Any], refusal: Refusal) -> HttpResponse:
    response = render(request, template, context, status=refusal.http)
    if refusal.http == 429:
        response.headers["Retry-After"] = str(getattr(refusal, "retry_after", 60))
    return response


@never_cache
@sensitive_post_parameters("old", "new", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """One's own password: GET shows the form; POST replaces it and goes to the person's own first page."""
    person = people.current_person(request)
    if person is None:
        return redirect("signin")
    context: dict[str, Any] = {"forced": person.must_change}
    if request.method != "POST":
        return render(request, "password.html", context)
    given = request.POST
    try:
        if given.get("new", "") != given.get("again", ""):
            raise Invalid("password.differs")
        person = people.change_password(person, given.get("old", ""), given.get("new", ""), ip=client_ip(request))
    except Refusal as refusal:
        context["refusal"] = refusal
        return render(request, "password.html", context, status=refusal.http)
    people.start_session(request, person, device=device(request), ip=client_ip(request))
    return redirect("second_factor" if people.unfinished(person) else home_of(person.id))


@require_POST
def signout(request: HttpRequest) -> HttpResponse:
    """Ends this session."""
    people.sign_out(request)
    return redirect("signin")


@require_POST
def signout_everywhere(request: HttpRequest) -> HttpResponse:
    """Ends every session and token of the person, on every device."""
    person = people.current_person(request)
    if person is not None:
        people.sign_out_everywhere(person)
    people.sign_out(request)
    return redirect("signin")


@require_GET
def prefer(request: HttpRequest) -> HttpResponse:
    """`?large=1|0&next=/…`: large type, remembered in a cookie for a year."""
    response = redirect(safe_next(request, request.GET.get("next", ""), "/"))
    large = "1" if request.GET.get("large") == "1" else "0"
    response.set_cookie("large", large, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response


urlpatterns = [
    path("prefer", prefer, name="prefer"),
    path("patterns", patterns.page, name="patterns"),
]
if {"desk", "field"} & set(settings.GEZHI_ZONES):
    # Where only residents come there is nothing to sign in to, and no password to guess.
    urlpatterns += [
        path("signin", signin, name="signin"),
        path("signin/code", signin_code, name="signin_code"),
        path("password", password, name="password"),
        path("account", account.account, name="account"),
        path("account/sessions/<int:number>/end", account.end_session, name="end_session"),
        path("account/tokens/<int:number>/end", account.end_token, name="end_token"),
        path("second-factor", account.factor, name="second_factor"),
        path("signout", signout, name="signout"),
        path("signout/everywhere", signout_everywhere, name="signout_everywhere"),
    ]
