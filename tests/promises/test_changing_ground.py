"""The ground moves under three hundred open cases: a grid is split, a committee replaced, a holiday imported, and last
month's bulletin stays byte for byte what it was."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator
from datetime import date

import pytest
import time_machine
from django.urls import reverse

from gezhi.engines.workflows import bulk
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.foundation import calendar, events, people, places
from gezhi.foundation.jobs import claims, registry
from gezhi.interfaces.commands import holidays
from tests.interfaces.desk.conftest import Desk
from tests.world import World

CASES = 300
NOW = "2026-11-19T10:00:00+08:00"  # Thursday
NOTICE = "日期,名称,是否上班\n2026-11-20,县庆,休息\n"
ADMIN, COUNTY = "卢一舟", "方晓"


@pytest.fixture
def county(db) -> Iterator[tuple[World, Desk]]:
    """Last month some cases were opened and one closed; today three hundred are open in 第 1 网格 and its parts."""
    registry.discover()
    with time_machine.travel("2026-10-14T10:00:00+08:00", tick=False):
        world = World()
        world.seats["admin"] = world.seat("admin", "county", ADMIN)
        for place in ("lake1", "lake1a", "block7", "lake2", "hill1"):
            world.open(place=place)
        world.to_closed(world.open())
        claims.drain()
    with time_machine.travel(NOW, tick=False):
        rows = [
            (world.places[place], {"text": f"楼道灯坏了，第 {n} 处。"})
            for n in range(CASES)
            for place in (("lake1a", "block7")[n % 2],)
        ]
        bulk.open_many("request", rows, actor=people.system("hotline"), channel="hotline")
        some = list(Case.objects.filter(opened_at__gte=calendar.clock.now()).order_by("id")[:40])
        for case in some:  # with a department whose clock runs in working days
            world.to_handle(case)
        yield world, Desk(world)


def last_month(desk: Desk, world: World) -> list[bytes]:
    """What the bulletin of October says, for the community, the street and the county."""
    found = []
    for place in ("lake", "east", "county"):
        answer = desk.of(COUNTY).get(reverse("desk:bulletin", args=[world.places[place], "month", "2026-10"]))
        assert answer.status_code == 200
        found.append(answer.content.split(b"<main")[1].split(b"</main>")[0])
    return [re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", page) for page in found]


def ownerless() -> list[int]:
    """Open cases without exactly one open item of the trunk that has a seat, somebody effective in it, and a clock."""
    directory, now = people.directory(), calendar.clock.now()
    running: dict[int, list[WorkItem]] = {}
    for item in WorkItem.objects.filter(state=OPEN, side=False, branch=""):
        running.setdefault(item.case_id, []).append(item)
    wrong = []
    for case in Case.objects.filter(state=OPEN):
        items = running.get(case.id, [])
        held = [i for i in items if i.due_at and i.owner_seat and directory.effective(i.owner_seat, now).persons]
        if len(items) != 1 or held != items or case.owner_seat != items[0].owner_seat:
            wrong.append(case.id)
    return wrong


def test_a_split_a_new_committee_and_a_holiday_under_three_hundred_open_cases(county, tmp_path):
    world, desk = county
    before, open_before = last_month(desk, world), Case.objects.filter(state=OPEN).count()
    assert open_before >= CASES and ownerless() == []
    admin = desk.of(ADMIN)

    # The grid becomes two: the part of the micro-grid and that of the building.
    url = reverse("desk:place_change", args=[world.places["lake1"], "split"])
    given = {
        "name0": "南网格", "name1": "北网格", f"to{world.places['lake1a']}": "0", f"to{world.places['block7']}": "1",
    }  # fmt: skip
    seen = admin.post(url, {**given, "step": "preview"}).content.decode()
    moving = re.search(r"在办的事 (\d+) 件跟着走", seen)
    assert moving is not None and int(moving[1]) >= CASES and places.directory().open(world.places["lake1"])
    assert admin.post(url, {**given, "step": "do", "reason": "清社治〔2026〕3号"}).status_code == 302
    claims.drain()
    now_in = set(Case.objects.filter(state=OPEN, opened_at__gte=calendar.clock.now()).values_list("grid_id", flat=True))
    assert world.places["lake1"] not in now_in and len(now_in) == 2
    assert ownerless() == []

    # The committee changes: the outgoing secretary's account ends, the new one has every open matter.
    url = f"/desk/people/at/{world.places['lake']}/committee"
    table = "书记\t龙新\t13900001111"
    page = admin.post(url, {"do": "preview", "table": table})
    done = admin.post(url, {"do": "confirm", "table": table, "seen": page.context["seen"]})
    assert done.status_code == 302 and desk.of("赵兰").get("/desk/").status_code == 401
    claims.drain()
    assert ownerless() == []
    (new,) = people.directory().holders(world.seats["secretary"])
    owned = WorkItem.objects.filter(state=OPEN, owner_seat=world.seats["secretary"]).count()
    assert owned >= CASES - 40 and admin.get(done.url).context["total"] == owned
    assert new in people.directory().effective(world.seats["secretary"]).persons

    # A notice makes tomorrow a day off while the clocks run: what counts working days moves on, hours of the day do not.
    clocks = dict(WorkItem.objects.filter(state=OPEN).values_list("id", "due_at"))
    notice = tmp_path / "notice.csv"
    notice.write_text(NOTICE, encoding="utf-8")
    assert holidays.run(Namespace(action="import", file=notice, yes=True)) == 0
    claims.drain()
    assert not calendar.is_workday(date(2026, 11, 20))
    moved = [
        due for id_, due in WorkItem.objects.filter(id__in=clocks).values_list("id", "due_at") if due > clocks[id_]
    ]
    early = [
        due for id_, due in WorkItem.objects.filter(id__in=clocks).values_list("id", "due_at") if due < clocks[id_]
    ]
    assert len(moved) >= 40 and early == []
    assert ownerless() == []

    # Nothing of last month changed, nothing was lost, no record was altered.
    assert last_month(desk, world) == before
    assert Case.objects.filter(state=OPEN).count() == open_before
    assert events.verify().clean


def test_the_comparison_can_fail(county):
    """A bulletin that was not frozen would differ: this month's does, and a case more would show in October's."""
    world, desk = county
    before = last_month(desk, world)
    october = Case.objects.filter(opened_at__date__gte="2026-10-05", opened_at__date__lte="2026-10-28")
    case = october.filter(village_id=world.places["lake"]).first()
    Case.objects.filter(pk=case.pk).update(village_id=world.places["hill"], town_id=world.places["west"])
    assert last_month(desk, world) != before
