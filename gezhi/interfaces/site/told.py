"""Where a line of the notice list leads: the page of its case on the face where it is read."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from gezhi.foundation.errors import NotFound


def address_of(stream: str, view: str) -> str:
    """The page `view` of the case of a stream "case:12", the page of a "panel:7", or of the session of "session:3". NotFound otherwise."""
    kind, _sep, number = stream.partition(":")
    if kind == "session":
        on_desk = "desk" in settings.GEZHI_ZONES
        return reverse("desk:session", args=[int(number)]) if on_desk else reverse("field_meetings")
    if kind == "panel" and "desk" in settings.GEZHI_ZONES:
        return reverse("desk:panel", args=[int(number)])
    if kind != "case":
        raise NotFound("notice.not_found")
    return reverse(view, args=[int(number)])
