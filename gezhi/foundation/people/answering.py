"""Whose seat it is to decide something at a place: what every room asks of an actor and a list of posts."""

from __future__ import annotations

from collections.abc import Collection

from gezhi.foundation import places

from .actor import Actor
from .snapshot import directory


def acting(actor: Actor) -> int | None:
    """The seat somebody acts in: the one they chose, else their first."""
    return actor.seat or next(iter(actor.seats), None)


def seats_of(actor: Actor, posts: Collection[str]) -> list[int]:
    """A colleague's own seats of these posts, from the widest place to the narrowest; none for anybody else."""
    if actor.kind != "staff":
        return []
    known, ground = directory(), places.directory()
    mine = [seat for seat in sorted(actor.answering) if known.seat(seat).post in posts]
    return sorted(mine, key=lambda seat: len(ground.ancestors(known.seat(seat).place_id)))


def covers(seat: int, place_id: int) -> bool:
    """Whether a place lies where a seat answers."""
    return places.directory().is_within(place_id, directory().seat(seat).place_id)


def seat_here(actor: Actor, posts: Collection[str], place_id: int) -> int | None:
    """Which of a colleague's seats of these posts answers for a place; None: it is not theirs to decide."""
    return next((seat for seat in seats_of(actor, posts) if covers(seat, place_id)), None)
