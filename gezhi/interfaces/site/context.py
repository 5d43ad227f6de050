"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

import gezhi
from gezhi.foundation import notices


def page(request: HttpRequest) -> dict[str, Any]:
    """`actor` (never None), `lang` ("zh-hans" | "en"), `large` (large type chosen), `zones`, `version`, `request_id`;
    `bell`: how many notices a colleague has not read, asked once and only by pages that show it."""
    bell = SimpleLazyObject(lambda: _unread(request))
    return {
        "bell": bell,
        "actor": getattr(request, "actor", None),
        "lang": getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE),
        "large": request.COOKIES.get("large") == "1",
        "zones": settings.GEZHI_ZONES,
        "version": gezhi.__version__,
        "request_id": getattr(request, "id", ""),
    }


def _unread(request: HttpRequest) -> int:
    person = getattr(getattr(request, "actor", None), "person_id", None)
    return notices.unread(person) if person is not None else 0
