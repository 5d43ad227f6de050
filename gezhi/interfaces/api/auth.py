"""Who calls: a bearer token names a person; what they may do is read from their seats at this moment."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from gezhi.foundation import people
from gezhi.foundation.people import Actor


class Bearer(HttpBearer):
    """`Authorization: Bearer …` from POST /session. Sets and returns `request.actor`."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor:
        actor = people.actor_for(people.person_for_token(token).id)
        request.actor = actor  # type: ignore[attr-defined]
        return actor


bearer = Bearer()


def actor_of(request: HttpRequest) -> Any:
    """The actor that `bearer` found."""
    return request.auth  # type: ignore[attr-defined]
