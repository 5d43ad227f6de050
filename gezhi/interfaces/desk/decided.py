"""Documents of packs that some posts decide at their places: matches, rosters, stores."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol, TypeVar

from gezhi.foundation import people, places
from gezhi.foundation.errors import NotFound
from gezhi.foundation.people import Actor
from gezhi.foundation.people.answering import seats_of
from gezhi.interfaces.site.requests import Request

from .page import whole


class _Named(Protocol):
    @property
    def name(self) -> str: ...


K = TypeVar("K", bound=_Named)


def by(actor: Actor, kinds: Iterable[K], posts: Callable[[K], Collection[str]]) -> list[tuple[K, int]]:
    """(document, place) for each place of a seat of the actor that decides it, from the widest place to the narrowest."""
    seat = people.directory().seat
    return [
        (kind, place)
        for kind in kinds
        for place in dict.fromkeys(seat(id).place_id for id in seats_of(actor, posts(kind)))
    ]


def asked(
    request: Request, name: str, mine: list[tuple[K, int]], may: Callable[[K, int, Actor], bool]
) -> tuple[K, int]:
    """(the document, the place of `?place=` or the actor's own). NotFound where it is not theirs to decide."""
    own = [(kind, place) for kind, place in mine if kind.name == name]
    if not own:
        raise NotFound()
    kind, place = own[0]
    place = whole(request.GET.get("place")) or place
    if place not in places.directory() or not may(kind, place, request.actor):
        raise NotFound()
    return kind, place
