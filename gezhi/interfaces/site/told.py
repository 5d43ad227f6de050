"""Where a line of the notice list leads: the page of its case on the face where it is read."""

from __future__ import annotations

from django.urls import reverse

from gezhi.foundation.errors import NotFound


def address_of(stream: str, view: str) -> str:
    """The page `view` of the case of a stream "case:12". Raises NotFound for anything else."""
    kind, _sep, number = stream.partition(":")
    if kind != "case":
        raise NotFound("notice.not_found")
    return reverse(view, args=[int(number)])
