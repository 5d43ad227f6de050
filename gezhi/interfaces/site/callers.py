"""Where a request comes from, and with what: for counting, and for a person to recognise their own sessions by."""

from __future__ import annotations

import os

from django.http import HttpRequest
from django.utils.translation import gettext as _

_PROGRAMS = (
    ("MicroMessenger", "微信"), ("DingTalk", "钉钉"), ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"),
    ("HeadlessChrome", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"), ("python", "Python"), ("curl", "curl"),
)  # fmt: skip
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Macintosh", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def client_ip(request: HttpRequest) -> str:
    """The caller's address. X-Forwarded-For counts only for the proxies the operator declared (GEZHI_PROXIES)."""
    proxies = int(os.environ.get("GEZHI_PROXIES", "0"))
    peer = request.META.get("REMOTE_ADDR", "")
    if proxies > 0:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        if len(hops) >= proxies:
            return hops[-proxies]
    return peer


def device(request: HttpRequest) -> str:
    """A kind of program and of machine ("Chrome · Windows"): no version, nothing that tells two of them apart."""
    said = request.META.get("HTTP_USER_AGENT", "")
    program = next((name for mark, name in _PROGRAMS if mark in said), "")
    system = next((name for mark, name in _SYSTEMS if mark in said), "")
    return " · ".join(part for part in (program, system) if part) or _("不认识的程序")
