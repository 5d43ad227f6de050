"""The doors every zone has, whichever faces it serves: signing in and out, and a reader's preferences.

`/signin` `/password` `/signout` `/signout/everywhere` `/prefer` `/patterns`. Residents never need them; staff come here from any face.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from gezhi.foundation import people
from gezhi.foundation.errors import Invalid, Refusal

from . import patterns

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
        person = people.sign_in(
            request.POST.get("username", ""),
            request.POST.get("password", ""),
            ip=request.META.get("REMOTE_ADDR", ""),
        )
    except Refusal as refusal:
        context["refusal"] = refusal
        response = render(request, "signin.html", context, status=refusal.http)
        if refusal.http == 429:
            response.headers["Retry-After"] = str(getattr(refusal, "retry_after", 60))
        return response
    people.start_session(request, person)
    if person.must_change:
        return redirect("password")
    return redirect(safe_next(request, wanted, home_of(person.id)))


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
        ip = request.META.get("REMOTE_ADDR", "")
        person = people.change_password(person, given.get("old", ""), given.get("new", ""), ip=ip)
    except Refusal as refusal:
        context["refusal"] = refusal
        return render(request, "password.html", context, status=refusal.http)
    people.start_session(request, person)
    return redirect(home_of(person.id))


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
        path("password", password, name="password"),
        path("signout", signout, name="signout"),
        path("signout/everywhere", signout_everywhere, name="signout_everywhere"),
    ]
