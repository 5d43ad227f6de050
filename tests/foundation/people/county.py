"""A small county with everybody the tests need. All persons are made up."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from gezhi.foundation import people, places
from gezhi.foundation.packs import Context, read_yaml
from gezhi.foundation.people import actions
from tests.remembered import Remembered

STANDARD = Path(__file__).parents[3] / "packs" / "standard-county" / "posts.yaml"
SETUP = people.system("setup")
OPENED = date(2020, 1, 1)


def standard_posts():
    """The body of the shipped posts file; fails when the file has a flaw."""
    context = Context(str(STANDARD))
    body = people_reader()(read_yaml(STANDARD.read_text(encoding="utf-8"), context), context)
    context.finish()
    return body


def people_reader():
    from gezhi.foundation.people.posts import read_posts

    return read_posts


class County(metaclass=Remembered):
    """Places, posts and a root with two holders; more is opened by name: `county.seat("grid_worker", "grid1")`."""

    def __init__(self):
        self.places: dict[str, int] = {}
        self.people: dict[str, int] = {}
        open_place = places.open_place
        above = None
        for kind, name in (("province", "某省"), ("city", "某市"), ("county", "清河县")):
            above = self.places[kind] = open_place(kind, name, actor=SETUP, parent=above, on=OPENED)
        for town in ("east", "west"):
            self._open(town, "town", {"east": "东街街道", "west": "西山镇"}[town], "county")
        for village, town in (("lake", "east"), ("hill", "west"), ("ridge", "west")):
            name = {"lake": "湖滨社区居民委员会", "hill": "南岗村民委员会", "ridge": "北岭村民委员会"}[village]
            self._open(village, "village", name, town)
        for grid, village in (("lake1", "lake"), ("lake2", "lake"), ("hill1", "hill")):
            self._open(grid, "grid1", f"第 {grid[-1]} 网格", village)
        self._open("lake1a", "grid2", "第 1-1 微网格", "lake1")
        self._open("block7", "building", "7 号楼", "lake1")
        people.sync_posts(standard_posts())
        self.root = actions.open_root(
            "county_director", self.places["county"], self.persons("于沐阳", "欧阳澄"), actor=SETUP
        )

    def _open(self, key: str, kind: str, name: str, parent: str) -> None:
        self.places[key] = places.open_place(kind, name, actor=SETUP, parent=self.places[parent], on=OPENED)

    def person(self, name: str, **facts) -> int:
        """The id of the person of this name, entered when first named."""
        if name not in self.people:
            self.people[name] = actions.create_person(name, actor=SETUP, synthetic=True, **facts)
        return self.people[name]

    def persons(self, *names: str) -> list[int]:
        return [self.person(name) for name in names]

    def seat(self, post: str, place: str, *holders: str, label: str = "") -> int:
        """Open a seat and appoint these persons now."""
        seat = actions.open_seat(post, self.places[place], actor=SETUP, label=label)
        for name in holders:
            actions.appoint(seat, self.person(name), actor=SETUP)
        return seat

    def actor(self, name: str) -> people.Actor:
        return people.actor_for(self.people[name])

    def path(self, place: str):
        return places.directory().path(self.places[place])
