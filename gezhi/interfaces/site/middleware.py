"""What happens around every request: fresh snapshots, language, who is asking, refusals in words."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Refusal

from . import faults

GetResponse = Callable[[HttpRequest], HttpResponse]
LANGUAGE_COOKIE = "lang"

# Scripts and styles come from /static only. A `style` attribute is allowed (the width of a bar);
# an inline <script>, <style> or on… handler is not.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


def fresh_caches(get_response: GetResponse) -> GetResponse:
    """Outermost: a request id, revision numbers read at most once per request, and the security headers."""

    def middleware(request: HttpRequest) -> HttpResponse:
        id = secrets.token_hex(6)
        request.__dict__["id"] = id
        with revisions.scope():
            response = get_response(request)
        response.headers.setdefault("X-Request-ID", id)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", "geolocation=(self), camera=(self), microphone=(self)")
        return response

    return middleware


# More than any page or program of ours needs; what the server itself lets through is far above.
ADDRESS_MOST, HEADERS_MOST = 8 * 1024, 32 * 1024


def bounds(get_response: GetResponse) -> GetResponse:
    """Refuses an endless address or endless headers before anything is parsed out of them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        meta = request.META
        if len(meta.get("PATH_INFO", "")) + len(meta.get("QUERY_STRING", "")) > ADDRESS_MOST:
            return faults.respond(request, Refusal(faults.ADDRESS_LONG))
        if sum(len(name) + len(value) for name, value in meta.items() if name[:5] == "HTTP_") > HEADERS_MOST:
            return faults.respond(request, Refusal(faults.HEADERS_LARGE))
        return get_response(request)

    return middleware


def chosen_language(request: HttpRequest) -> str:
    """?lang=, then the cookie, then the session, then what the browser accepts; Chinese unless it accepts none.

    A browser that lists Chinese anywhere gets Chinese: the first language of this product is Chinese,
    and machines in offices often put English first without anybody having asked for it.
    """
    known = dict(settings.LANGUAGES)
    for wanted in (request.GET.get("lang"), request.COOKIES.get(LANGUAGE_COOKIE)):
        if wanted in known:
            return wanted
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.session.get("lang") in known:
        return request.session["lang"]
    accepted = [part.split(";")[0].strip().lower() for part in request.headers.get("Accept-Language", "").split(",")]
    if any(tag.startswith("zh") for tag in accepted):
        return settings.LANGUAGE_CODE
    return "en" if any(tag.startswith("en") for tag in accepted) else settings.LANGUAGE_CODE


def language(get_response: GetResponse) -> GetResponse:
    """Activates the caller's language; `?lang=` is remembered in a cookie for a year."""

    def middleware(request: HttpRequest) -> HttpResponse:
        lang = chosen_language(request)
        request.LANGUAGE_CODE = lang
        with translation.override(lang):
            response = get_response(request)
        response.headers.setdefault("Content-Language", lang)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        if request.GET.get("lang") == lang:
            response.set_cookie(
                LANGUAGE_COOKIE, lang, max_age=365 * 24 * 3600, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
            )
        return response

    return middleware


def actor(get_response: GetResponse) -> GetResponse:
    """`request.actor`, worked out when first looked at: the person of the session, else a resident."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.__dict__["actor"] = SimpleLazyObject(lambda: _actor_of(request))
        return get_response(request)

    return middleware


def _actor_of(request: HttpRequest):
    from gezhi.foundation import people

    person = people.current_person(request) if settings.SESSION_COOKIE_NAME in request.COOKIES else None
    # With a one-time password, or without the code one's post must have, one is nobody yet: only /password and
    # /second-factor open.
    return people.resident("") if person is None or people.unfinished(person) else people.actor_for(person.id)


def refusals(get_response: GetResponse) -> GetResponse:
    """A refusal raised anywhere in a view becomes words: JSON under /api, a page elsewhere."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    middleware.__dict__["process_exception"] = faults.answer  # where Django looks for it
    return middleware
