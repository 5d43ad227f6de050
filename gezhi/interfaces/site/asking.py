"""The request as our middleware leaves it, for type checkers: `actor` is never None, `id` names it in the log."""

from __future__ import annotations

from django.http import HttpRequest

from gezhi.foundation.people import Actor


class Asked(HttpRequest):
    """A request that has passed site.middleware."""

    actor: Actor
    id: str
