"""M021 烂尾供暖协调: three meetings with their decisions on file, publication owed until it is closed, the public reads a redacted page."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from gezhi.engines.workflows import views
from gezhi.foundation.errors import Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.duties import owed, publish

pytestmark = [
    mechanism("M021", file="packs/taoyuan-community/workflows/heating.yaml"),
    mechanism("M021", file="packs/taoyuan-community/duties/publish-progress.yaml"),
    mechanism("M021", file="packs/taoyuan-community/registers/stalled_works.yaml"),
]
AGREED = {"terms": "热力公司垫资，欠款分两年还清。", "heat_on": "2027-01-28"}


@pytest.fixture
def talking(at_ten, county):
    world = county("taoyuan-community")
    publish()
    case = world.open(
        "暖气装了一半没人管，施工队王师傅要钱。", place="lake", workflow="heating", by="赵兰", channel="counter"
    )
    assert owed(world, "赵兰", "publish-progress") == []
    found = {"estate": "暖心小区", "works": "暖气接入", "dispute": "欠施工队十二万。"}
    return world, world.do(case, "found", "赵兰", **found)


def meet(world, case, number: int):
    said = {
        "day": f"2026-11-{18 + number}",
        "came": 9,
        "decided": f"第{number}次定的事",
        "minutes": f"第{number}次的记录",
    }
    return world.do(case, "met", "赵兰", **said)


def test_works_go_on_after_three_meetings_whose_decisions_are_on_file(talking):
    world, case = talking
    with pytest.raises(Invalid):
        world.do(case, "met", "赵兰", day="2026-11-18", came=2, decided="两个人定的", minutes="无")
    for number in (1, 2, 3):
        with pytest.raises(Invalid) as refused:
            world.do(case, "agreed", "赵兰", **AGREED)
        assert "三次" in str(refused.value.field_errors)
        case = meet(world, case, number)
    with pytest.raises(Invalid):  # three meetings, and nobody was told anything yet
        world.do(case, "agreed", "赵兰", **AGREED)
    world.do(case, "told", "赵兰", progress="三方谈好了。")
    case = world.do(case, "agreed", "赵兰", **AGREED)
    assert (case.kept["meetings"], case.kept["published"], case.kept["heat_on"]) == ("3", "1", "2027-01-28")
    lines = [e for e in views.case_view(case.id, world.actor("赵兰")).timeline if e.action == "met"]
    assert sorted((e.said["decided"], e.said["minutes"]) for e in lines) == [
        (f"第{n}次定的事", f"第{n}次的记录") for n in (1, 2, 3)
    ]


def test_publication_is_owed_each_week_until_there_is_heat_and_another_has_looked(talking, at_ten):
    world, case = talking
    for number in (1, 2, 3):
        case = meet(world, case, number)
    world.do(case, "told", "赵兰", progress="三方谈好了。")
    case = world.do(case, "agreed", "赵兰", **AGREED)
    weeks = []
    for _week in range(3):
        weeks.append({o.period for o in owed(world, "赵兰", "publish-progress")})
        at_ten.shift(timedelta(days=7))
    assert all(weeks) and len(set().union(*weeks)) >= 3, "a new one each week"
    case = world.do(case, "warm", "赵兰", result="家家二十度。")
    assert owed(world, "赵兰", "publish-progress"), "open until it is closed"
    assert world.do(case, "right", "周敏", finding="看了六家，都在二十度上下。").outcome == "done"
    at_ten.shift(timedelta(days=14))
    this_week = {o.period for o in owed(world, "赵兰", "publish-progress")}
    assert max(this_week, default="") < "2026-W52", this_week


def test_the_public_page_tells_decisions_and_progress_and_nothing_else(talking):
    world, case = talking
    case = meet(world, case, 1)
    world.do(case, "told", "赵兰", progress="管道图纸补齐了。")
    world.do(case, "note", "赵兰", words="王师傅的电话在我这。")
    page = unescape(Client().get(f"/r/{case.code}").content.decode())
    assert "第1次定的事" in page and "管道图纸补齐了" in page
    for kept_inside in ("第1次的记录", "欠施工队十二万", "王师傅的电话"):
        assert kept_inside not in page, kept_inside
    assert case.number not in unescape(Client().get("/board").content.decode())
