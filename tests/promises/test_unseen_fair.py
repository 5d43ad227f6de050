"""The fourth page of prose nobody here had seen (unseen/fair-days.md): who gets which stall on the days of the fair.

Written by the guide on 22 November 2026 by somebody who knew the house; its minutes and stumbles: docs/pack-author.md.
"""

from __future__ import annotations

import shutil

import pytest

from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.models import OPEN, WorkItem
from gezhi.foundation import events, packs, people
from gezhi.foundation.errors import Invalid
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP
from tests.world import World

from .test_unseen_method import UNSEEN

pytestmark = pytest.mark.once("only the steps of a method; test_unseen_drying asks both databases the same of another")

GOOD = {"sells": "food", "certificate": True, "stall": "31", "row": "一排", "metres": 2.5, "power": False,
        "fair": "2026-11-23"}  # fmt: skip


@pytest.fixture
def world(db, at_ten, tmp_path):
    shutil.copytree(UNSEEN / "willow-fair", tmp_path / "willow-fair")
    made = World()
    packs.install(tmp_path / "willow-fair", actor=people.system("test"))
    people.sync_posts(packs.registry().body("posts", "willow-fair"))
    for post, name in (("fair_station", "服务站甲"), ("fair_office", "市场办乙"), ("fair_enforcement", "执法队丙")):
        made.seat(post, "east", name)
    made.kin = made.seat("fair_minder", "east", "公道人丁")
    made.minder = actions.open_seat("fair_minder", made.places["east"], actor=SETUP, label="第 2 位")
    actions.appoint(made.minder, made.person("公道人戊"), actor=SETUP)
    return made


def tick(world, at_ten, case, moment: str):
    at_ten.move_to(moment)
    ticking.tick()
    case.refresh_from_db()
    return case


def test_a_stall_is_asked_for_drawn_objected_to_and_swapped(world, at_ten):
    case = world.open("想从三排换到一排。", workflow="stall_swap")
    assert world.main(case).due_at.isoformat() == "2026-11-18T10:00:00+00:00", "by six today"
    with pytest.raises(Invalid):
        world.do(case, "taken", "服务站甲", **GOOD | {"certificate": False})
    with pytest.raises(Invalid):
        world.do(case, "taken", "服务站甲", **GOOD | {"metres": 3.1})
    case = world.do(world.do(case, "back", "服务站甲"), "brought", "服务站甲")
    case = world.do(case, "taken", "服务站甲", **GOOD, related=[world.kin])
    assert world.main(case).due_at.isoformat() == "2026-11-20T16:00:00+00:00", "until two days before the fair begin"
    case = tick(world, at_ten, case, "2026-11-20T16:00:01+00:00")
    assert (case.stage, world.main(case).owner_seat) == ("draw", world.minder), "never who is kin"
    case = world.do(world.do(case, "drawn", "公道人戊", stall="一排 4 号"), "object", words="他家先占的。")
    assert case.stage == "answer"
    case = world.do(case, "stands", "市场办乙", why="照抽签来。")
    assert world.main(case).due_at.isoformat() == "2026-11-23T16:00:00+00:00", "posted through the day of the fair"
    case = tick(world, at_ten, case, "2026-11-23T16:00:01+00:00")
    assert case.outcome == "done" and not events.verify().findings


def test_the_third_time_without_a_certificate_is_told_why(world):
    case = world.open("卖凉皮的想换一排。", workflow="stall_swap")
    for _twice in range(2):
        case = world.do(world.do(case, "back", "服务站甲"), "brought", "服务站甲")
    case = world.do(case, "back", "服务站甲")
    assert world.do(case, "said", "服务站甲", why="没有健康证。").outcome == "guided"


def test_a_blocked_lane_calls_two_and_the_station_strikes_it_off(world):
    case = world.do(world.open("通道堵了。", workflow="fair_line"), "blocked", "服务站甲")
    due = {i.due_at.isoformat() for i in WorkItem.objects.filter(case_id=case.id, state=OPEN)}
    assert due == {"2026-11-18T04:00:00+00:00"}, "two hours"
    for item in WorkItem.objects.filter(case_id=case.id, state=OPEN).exclude(branch="").order_by("number"):
        assert case.stage == "both"
        by = next(iter(people.directory().holders(people.directory().effective(item.owner_seat).seat_id)))
        name = next(n for n, p in world.people.items() if p == by)
        case = world.do(case, "cleared", name, item=item.number)
    assert world.do(case, "gone", "服务站甲").outcome == "done"
