"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

import gezhi


def page(request: HttpRequest) -> dict[str, Any]:
    """`actor` (never None), `lang` ("zh-hans" | "en"), `large` (large type chosen), `zones`, `version`, `request_id`."""
    return {
        "actor": getattr(request, "actor", None),
        "lang": getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE),
        "large": request.COOKIES.get("large") == "1",
        "zones": settings.GEZHI_ZONES,
        "version": gezhi.__version__,
        "request_id": getattr(request, "id", ""),
    }
