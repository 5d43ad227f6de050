"""Refusals and faults in words: JSON for programs, a page for people, always with the request's id."""

from __future__ import annotations

import html
import logging
from typing import Any

from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import NotAllowed, NotFound, Refusal, TooLarge, TooMany, Unavailable, as_json, register

log = logging.getLogger("gezhi.site")

BAD_REQUEST = register(
    "request.malformed",
    400,
    _("没有看懂这次请求。"),
    _("送来的内容不完整，或者格式不对。"),
    _("请回到上一页重新打开后再试；程序发来的，请发一个完整的 JSON 对象，用 UTF-8 编码。"),
)
CSRF = register(
    "request.expired_form",
    403,
    _("这一页放得太久了。"),
    _("为了安全，表单只在一段时间内有效。"),
    _("请刷新页面再交一次；填过的文字请先复制。"),
)
FAULT = register(
    "server.fault",
    500,
    _("系统出了差错。"),
    _("问题在我们这边，已经记下。"),
    _("请过一会儿再试；如果一直这样，请把页面上的编号告诉管理员。"),
)

ADDRESS_LONG = register(
    "request.address_too_long",
    414,
    _("网址太长了。"),
    _("一个网址最多 8 KB，这里没有哪一页要这么长。"),
    _("请从首页重新打开要看的页面。"),
)
HEADERS_LARGE = register(
    "request.headers_too_large",
    431,
    _("这次请求带的东西太多。"),
    _("请求头一共最多 32 KB，多半是浏览器里积了太多 Cookie。"),
    _("请清除本站的 Cookie 后再试。"),
)

# Never shown back, whatever the page: these may be secrets.
_HIDDEN = ("csrfmiddlewaretoken", "password", "token", "key")
# The page of these is made without the database, templates or anything of the request.
_WITHOUT_TEMPLATE = frozenset({414, 431, 500, 503})
_SECRET = frozenset({"old", "new", "again", "otp", "next"})


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or request.headers.get("Accept", "").startswith("application/json")


def answer(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """The response to an exception from a view; None leaves it to Django (a fault, answered by `server_error`)."""
    refusal = as_refusal(exception)
    if refusal is None:
        return None
    if refusal.http >= 500:
        log.error("request %s: %s", getattr(request, "id", "-"), refusal.code, exc_info=exception)
    return respond(request, refusal)


def as_refusal(exception: Exception) -> Refusal | None:
    """Django's own refusals, said in our words."""
    match exception:
        case Refusal():
            return exception
        case Http404():
            return NotFound()
        case RequestDataTooBig() | TooManyFilesSent() | TooManyFieldsSent():
            return TooLarge()
        case SuspiciousOperation() | BadRequest():
            return Refusal(BAD_REQUEST)
        case OperationalError() | InterfaceError():
            return Unavailable()
        case _:
            return None


def respond(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """JSON or a page for one refusal, with its status and headers."""
    response: HttpResponse
    if wants_json(request):
        response = JsonResponse(as_json(refusal) | {"request_id": getattr(request, "id", "")}, status=refusal.http)
    else:
        response = HttpResponse(_page(request, refusal), status=refusal.http)
    if isinstance(refusal, TooMany):
        response.headers["Retry-After"] = str(refusal.retry_after)
    if refusal.http == 401 and wants_json(request):
        response.headers["WWW-Authenticate"] = "Bearer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(request: HttpRequest, refusal: Refusal) -> str:
    context: dict[str, Any] = {
        "refusal": refusal,
        "code": refusal.code,
        "status": refusal.http,
        "what": refusal.what,
        "why": refusal.why,
        "next": refusal.next,
        "fields": refusal.field_errors,
        "typed": _typed(request),
        "request_id": getattr(request, "id", ""),
    }
    if refusal.http not in _WITHOUT_TEMPLATE:
        try:
            return render_to_string("error.html", context, request=request)
        except Exception:  # whatever is wrong with the page, the person still gets the words
            log.exception("request %s: the error page itself failed", context["request_id"])
    # With the database or a template out of order the page must not need either.
    return _PLAIN.format(**{name: html.escape(str(context[name])) for name in ("what", "why", "next", "request_id")})


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    """What was typed into the refused form, so that a page can give it back: (field, text), secrets left out."""
    if request.method != "POST":
        return []
    try:
        return [
            (name, str(text))
            for name, text in request.POST.items()
            if text and name not in _SECRET and not name.lower().endswith(_HIDDEN)
        ]
    except (SuspiciousOperation, RequestDataTooBig, OSError):
        return []


_PLAIN = """<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{what}</title></head>
<body><main><h1>{what}</h1><p>{why}</p><p>{next}</p><p><small>{request_id}</small></p></main></body></html>
"""


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    refusal = as_refusal(exception) if exception is not None else None
    if isinstance(exception, DisallowedHost):
        # The host name is what is wrong; nothing on the page may be built from it.
        return HttpResponse(status=400)
    return respond(request, refusal or Refusal(BAD_REQUEST))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return respond(request, NotAllowed())


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return respond(request, NotFound())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return respond(request, Refusal(CSRF))


def server_error(request: HttpRequest) -> HttpResponse:
    return respond(request, Refusal(FAULT))
