"""Short ways for mechanisms whose heart is a session: a county with packs, people with their posts, sessions held."""

from __future__ import annotations

from collections.abc import Sequence

from tests.engines.matching.conftest import HOUR, Hall, at, refused
from tests.interfaces.desk.conftest import Desk
from tests.world import World

__all__ = ["HOUR", "Hall", "at", "meeting_hall", "page", "refused", "staff_of"]


def meeting_hall(county, at_ten, *packs: str) -> Hall:
    """A county with these packs where sessions can be planned and held."""
    return Hall(county(*packs), at_ten)


def staff_of(world: World, post: str, places: Sequence[str], names: Sequence[str]) -> list[int]:
    """One seat of a post at each place, held by these made-up people; their ids."""
    for place, name in zip(places, names, strict=True):
        world.seat(post, place, name, label=name)
    return [world.people[name] for name in names]


def page(hall: Hall, name: str, url: str, status: int = 200) -> str:
    """What somebody sees on the desk."""
    answer = Desk(hall.world).of(name).get(url)
    assert answer.status_code == status, answer.status_code
    return answer.content.decode()
