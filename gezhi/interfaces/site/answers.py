"""How a page answers a sent form: the next page for a browser, a small JSON for the script that keeps a queue.

The scripts of the phone pages send forms with `Accept: application/json`, so that a sending that could not be
delivered can be kept and repeated; without scripts the same address answers with a redirect.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

from gezhi.interfaces.site.faults import wants_json

KEY = re.compile(r"[A-Za-z0-9-]{8,80}")


def go(request: HttpRequest, url: str, **facts: Any) -> HttpResponse:
    """Done: on to `url`. A script is told the address and the facts."""
    if wants_json(request):
        return JsonResponse({"url": url, **facts})
    response = HttpResponseRedirect(url)
    response.status_code = 303  # always fetched with GET, whatever was sent
    return response


def new_key() -> str:
    """A fresh idempotency key for a form that is being shown."""
    return secrets.token_urlsafe(18).replace("_", "-")


def form_key(request: HttpRequest) -> str:
    """The idempotency key of a sent form; a missing or odd one is replaced, which only loses the protection."""
    key = request.POST.get("key", "")
    return key if KEY.fullmatch(key) else new_key()
