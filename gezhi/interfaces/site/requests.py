"""The request as views see it: what the middleware has added, with types."""

from __future__ import annotations

from django.http import HttpRequest

from gezhi.foundation.people.actor import Actor


class Request(HttpRequest):
    """For annotations. `id`: of this request, also in the logs; `actor`: who asks, never None."""

    id: str
    actor: Actor
    LANGUAGE_CODE: str
