"""The API object: one error shape for everything that can go wrong, no page of its own, no external link."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from gezhi.foundation import errors
from gezhi.interfaces.api import documents, refusals
from gezhi.interfaces.site import faults

DESCRIPTION = """\
格治 Gezhi 的接口。公开部分不需要登录；工作人员先用 POST /session 取得令牌。
The interface of Gezhi. The public part needs no sign-in; staff obtain a token at POST /session.

每个错误都是同一个形状：code 永远不变，what、why、next 用 Accept-Language 指定的语言说明。
Every error has one shape: `code` never changes; what, why and next speak the language of Accept-Language.
"""


class Gezhi(NinjaAPI):
    """Ninja's API, whose document also holds the request bodies that operations read themselves."""

    def get_openapi_schema(self, *args: Any, **kwargs: Any) -> Any:
        document = super().get_openapi_schema(*args, **kwargs)
        document["components"]["schemas"].update(documents.components())
        return document


api = Gezhi(
    title="Gezhi 格治",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    docs_url=None,
    openapi_url="/openapi.json",
)


@api.exception_handler(errors.Refusal)
def _refused(request: HttpRequest, refusal: errors.Refusal) -> HttpResponse:
    return faults.respond(request, refusal)


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return faults.respond(request, errors.SignInNeeded())


@api.exception_handler(ValidationError)
def _wrong_fields(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = {str(fault["loc"][-1]): _words(fault) for fault in error.errors}
    return faults.respond(request, refusals.ItemMalformed(field_errors=fields))


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    # Ninja raises this for a body it cannot parse, and nothing else here.
    return faults.respond(request, errors.Refusal(refusals.MALFORMED))


def _words(fault: dict[str, Any]) -> str:
    kind = str(fault.get("type", ""))
    if kind == "missing":
        return _("这一项要填")
    if kind.startswith(("int", "float", "decimal")):
        return _("要填数字")
    if kind == "literal_error":
        return _("只能是：{choices}").format(choices=fault.get("ctx", {}).get("expected", ""))
    if kind == "extra_forbidden":
        return _("没有这一项")
    return _("类型不对")


def in_our_words(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view whose "method not allowed" speaks like every other error."""

    @wraps(view)
    def spoken(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        allowed = response.headers["Allow"]
        refusal = refusals.BadMethod(method=request.method or "", allowed=allowed)
        answer = faults.respond(request, refusal)
        answer.headers["Allow"] = allowed
        return answer

    return spoken
