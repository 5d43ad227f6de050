"""Where a resident is: the door plate that was scanned, or the village or community that was chosen."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotFound, register

register(
    "plate.unknown",
    404,
    gettext_lazy("没有这块门牌。"),
    gettext_lazy("二维码可能旧了、破损了，或者这栋楼已经拆并。"),
    gettext_lazy("请从首页选您所在的村或社区，一样可以说事。"),
)

#: Who looks after a place, in the order residents know them.
CARERS = ("building_head", "grid_worker", "village_secretary")


@dataclass(frozen=True)
class Plate:
    """A door plate: `over` the small line, `parts` of the big one, `door` the lit entrance of `doors` (-1 all)."""

    place_id: int
    over: tuple[str, ...]
    parts: tuple[str, ...]
    door: int
    doors: int
    token: str
    village: str


def county() -> places.PlaceInfo | None:
    """The county this server works for, or None before any place is loaded."""
    directory = places.directory()
    found = directory.of_kind("county")
    return directory.get(found[0]) if found else None


def where() -> str:
    """The name of the county for the top line."""
    found = county()
    return found.name if found else _("格治")


def plate_of(token: str) -> Plate:
    """The plate of a scanned token. Raises NotFound plate.unknown."""
    directory = places.directory()
    place_id = directory.by_qr(token)
    if place_id is None or not directory.open(place_id):
        raise NotFound("plate.unknown")
    return plate(place_id, token)


def plate(place_id: int, token: str = "") -> Plate:
    """The plate of any open place: its own name large, what it lies in small."""
    directory = places.directory()
    info = directory.get(place_id)
    assert info is not None
    path = directory.path(place_id)
    village = "" if path.village_id is None else places.short_name(directory.get(path.village_id).name)
    own = places.short_name(info.name)
    over = [n for n in (village, *_between(directory, place_id)) if n and n != own]
    if not over and path.town_id not in (None, place_id):
        over = [directory.get(path.town_id).name]
    parts = tuple(p.strip() for p in re.split(r"(?<=[楼区院栋])\s*", own) if p.strip())
    doors = min(info.units or 3, 4) if info.kind == "building" else 0
    unit = re.search(r"(\d+)\s*单元", own)
    door = int(unit.group(1)) if unit else -1  # a building without units on its plate: every entrance is lit
    return Plate(place_id, tuple(over), parts or (own,), door if door <= doors else 0, doors, token, village or own)


def _between(directory: places.Directory, place_id: int) -> list[str]:
    """Names between the village and a building that residents use (an estate, not "grid 2")."""
    names = [directory.get(up).name for up in directory.ancestors(place_id) if directory.get(up).kind == "building"]
    return list(reversed(names))


def choices() -> list[tuple[str, list[tuple[int, str]]]]:
    """Towns with their open villages and communities, for a grouped list: [(town, [(id, name)])]."""
    directory = places.directory()
    groups = []
    for town in directory.of_kind("town"):
        inside = [
            (child, places.short_name(directory.get(child).name))
            for child in directory.children(town)
            if directory.get(child).kind == "village"
        ]
        if inside:
            groups.append((directory.get(town).name, inside))
    return groups


@dataclass(frozen=True)
class Carer:
    """Somebody who looks after a place: the post in words and the masked name."""

    post: str
    name: str


def carers(place_id: int) -> list[Carer]:
    """Who looks after a place now; a post nobody holds here is left out."""
    directory, now = people.directory(), clock.now()
    found: list[Carer] = []
    for post in CARERS:
        if post not in directory.posts:
            continue
        seat = directory.seat_for(post, place_id)
        info = directory.seat(seat)
        if info.post != post:
            continue  # the post fell to somebody higher up: not a neighbour
        found += [Carer(info.title, directory.person(p).name_public) for p in directory.holders(seat, now)[:2]]
    return found
