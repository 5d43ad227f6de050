"""A small county where cases can run: places, seats, a cast of made-up people, the standard pack installed.

world = World()                     # inside a database test
case = world.open("灯坏了")          # through actions.open_case, at 湖滨社区 第 1 网格
world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from gezhi.engines.workflows import actions as work
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.foundation import packs, people
from gezhi.foundation.packs import installed, loading
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP, County

PACKS = Path(__file__).parents[1] / "packs"
# Reading and proving the shipped packs takes a second; their files do not change while tests run.
read_once = cache(loading.load)


class World(County):
    """The cast, by seat: 赵兰 secretary and 秦英 grid worker of 湖滨, 周敏 and 吕岩 street duty desk,
    方晓 and 丁禾 county dispatch, 马东 city management, 陈军 power company, 水远 street water station."""

    def __init__(self, *more_packs: str) -> None:
        super().__init__()
        for name in ("standard-county", *more_packs):
            with mock.patch.object(installed, "load", read_once):
                packs.install(PACKS / name, actor=people.system("test"))
        for name in packs.registry().names("posts"):
            people.sync_posts(packs.registry().body("posts", name))
        self.seats = {
            "dispatch": self.seat("county_dispatcher", "county", "方晓", "丁禾"),
            "city": self.unit("city_management", "县城管局", "county", "马东"),
            "power": self.unit("power", "县供电公司", "county", "陈军"),
            "water": self.unit("town_water", "东街水务站", "east", "水远"),
            "street": self.seat("street_officer", "east", "周敏", "吕岩"),
            "west_street": self.seat("street_officer", "west", "何苗", "曹川"),
            "secretary": self.seat("village_secretary", "lake", "赵兰"),
            "hill_secretary": self.seat("village_secretary", "hill", "钱立"),
            "grid": self.seat("grid_worker", "lake1", "秦英"),
            "grid2": self.seat("grid_worker", "lake2", "李禾"),
            "hill_grid": self.seat("grid_worker", "hill1", "孙田"),
        }

    def unit(self, code: str, name: str, place: str, holder: str) -> int:
        """A unit of the county or a town, with its one seat and its holder."""
        organisation = actions.open_organisation(code, name, kind="unit", place_id=self.places[place], actor=SETUP)
        post = "department" if place == "county" else "town_unit"
        seat = actions.open_seat(post, self.places[place], actor=SETUP, organisation_id=organisation)
        actions.appoint(seat, self.person(holder), actor=SETUP)
        return seat

    def open(self, text: str = "三楼楼道灯坏了一周，晚上看不清。", place: str = "lake1", **data: Any) -> Case:
        """Raise a matter as a resident (or as `by`, a name of the cast)."""
        by, key = data.pop("by", None), data.pop("key", None)
        channel, workflow = data.pop("channel", "portal"), data.pop("workflow", "request")
        actor = self.actor(by) if by else people.resident()
        case, _new = work.open_case(
            workflow, {"text": text, **data}, actor=actor, place_id=self.places[place], channel=channel, key=key
        )
        return case

    def do(self, case: Case, action: str, by: str | None = None, *, item: int | None = None, **data: Any) -> Case:
        """Fire an action as a name of the cast, or as the resident when `by` is left out."""
        key, seq = data.pop("key", None), data.pop("expected_seq", None)
        actor = self.actor(by) if by else people.resident(case.code)
        return work.fire(case.id, action, item=item, expected_seq=seq, actor=actor, data=data, key=key)

    def main(self, case: Case) -> WorkItem:
        """The running main item."""
        return WorkItem.objects.get(case_id=case.id, state=OPEN, side=False)

    # Short ways to a stage, each step by the person whose step it is.

    def to_sign(self, case: Case, unit: str = "city") -> Case:
        return self.do(case, "dispatch", "赵兰", sort="big", unit=self.seats[unit])

    def to_handle(self, case: Case, unit: str = "city", by: str = "马东") -> Case:
        self.to_sign(case, unit)
        return self.do(case, "accept", by)

    def to_verify(self, case: Case) -> Case:
        self.to_handle(case)
        return self.do(case, "finish", "马东", result="换了灯和声控开关。")

    def to_follow_up(self, case: Case) -> Case:
        self.to_verify(case)
        return self.do(case, "pass", "秦英")

    def to_closed(self, case: Case) -> Case:
        self.to_follow_up(case)
        return self.do(case, "solved", rating="very")
