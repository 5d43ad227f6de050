"""Every number of a bulletin opens exactly its cases; lists say what they show; the board remembers its filters."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from gezhi.engines.workflows.models import Case
from gezhi.foundation.calendar import clock
from gezhi.foundation.measures import week_of


@pytest.fixture
def month(world):
    """Closed in time, closed late, late and open, fresh; one from the other town."""
    world.to_closed(world.open("按期办好的。"))
    late = world.to_closed(world.open("办晚了的。"))
    Case.objects.filter(pk=late.pk).update(
        due_at=late.opened_at - timedelta(seconds=5), close_by=late.opened_at - timedelta(seconds=5)
    )
    stuck = world.to_handle(world.open("还没办完的。"))
    Case.objects.filter(pk=stuck.pk).update(due_at=stuck.opened_at, late_at=stuck.opened_at, close_by=stuck.opened_at)
    world.open("刚提的。")
    world.open("西山的事。", place="hill1")


def bulletin(client, place):
    week = week_of(clock.today()).name
    return client.get(f"/desk/bulletin/{place}/week/{week}").content.decode()


def test_every_number_opens_to_as_many_rows_as_it_says(desk, world, month):
    client = desk.of("方晓")
    html = bulletin(client, world.places["county"])
    links = re.findall(r'<a class="number [^"]*" href="([^"]+measure=[^"]+)"[^>]*>([^<]+)</a>', html)
    assert len(links) > 20
    counts = 0
    for address, shown in links:
        page = client.get(unescape(address)).content.decode()
        head = re.search(r'<b class="figure">([^<]+)</b>', page)
        assert head[1] == shown, address
        rows = len(re.findall(r"<tr data-row>", page))
        if shown.isdigit():
            counts += 1
            assert rows == int(shown), address
        else:
            numerator = re.search(r"分子 (\d+) 件", page)
            assert numerator is None or rows == int(numerator[1]), address
        assert "不在您能看到的范围里" not in page
    assert counts > 10


def test_the_bulletin_counts_what_happened(desk, world, month):
    html = bulletin(desk.of("周敏"), world.places["east"])
    text = re.sub(r"<[^>]+>", "", html)
    assert "收到 4 件，结案 2 件。" in text
    assert "应结 3 件，按期 1 件，按期结案率 33.3%。" in text
    assert "超期 2 件，其中 1 件到现在还没办完。" in text


def test_a_rate_opens_to_its_two_halves(desk, world, month):
    client = desk.of("周敏")
    html = bulletin(client, world.places["east"])
    address = unescape(re.search(r'href="([^"]*measure=closed_on_time_rate[^"]*)"', html)[1])
    page = client.get(address).content.decode()
    assert "按期结案率</b> = 按期结案数 ÷ 应结案数" in page
    assert "按期办好的" in page
    assert "办晚了的" not in page
    below = unescape(re.search(r'href="([^"]*part=denominator[^"]*)"', page)[1])
    assert len(re.findall(r"<tr data-row>", client.get(below).content.decode())) == 3


def test_a_number_in_the_side_sheet_says_its_definition(desk, world, month):
    client = desk.of("周敏")
    html = bulletin(client, world.places["east"])
    address = unescape(re.search(r'hx-get="(/desk/figure\?[^"]*measure=late_not_closed[^"]*)"', html)[1])
    sheet = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "结案期限在期内、到期末还没结案的" in sheet
    assert "还没办完的" in sheet
    assert "<html" not in sheet


@pytest.mark.parametrize(
    "query",
    [
        "measure=nothing",
        "measure=late&since=x&until=y&at=z",
        "measure=late",
        "measure=late&part=third",
        "measure=reported&part=denominator&since=2026-01-01T00:00:00%2B00:00&until=2026-02-01T00:00:00%2B00:00&at=2026-03-01T00:00:00%2B00:00",
        "measure=late&since=2026-01-01T00:00:00%2B00:00&until=2026-02-01T00:00:00%2B00:00&at=2026-03-01T00:00:00%2B00:00&by.password=1",
    ],
)
def test_a_made_up_number_is_refused_in_words(desk, query):
    for address in ("/desk/cases", "/desk/figure"):
        response = desk.of("周敏").get(f"{address}?{query}")
        assert response.status_code == 422
        assert "这个数字打不开" in response.content.decode()


def test_a_bulletin_of_another_place_or_of_no_period_is_refused(desk, world):
    week = week_of(clock.today()).name
    assert desk.of("周敏").get(f"/desk/bulletin/{world.places['west']}/week/{week}").status_code == 403
    assert desk.of("周敏").get(f"/desk/bulletin/{world.places['east']}/week/2026-W60").status_code == 404
    assert desk.of("周敏").get(f"/desk/bulletin/{world.places['east']}/month/{week}").status_code == 404
    assert desk.of("周敏").get(f"/desk/bulletin/999999/week/{week}").status_code == 404


def test_a_place_without_cases_says_so_instead_of_a_rate(desk, world):
    html = bulletin(desk.of("方晓"), world.places["county"])
    assert "无数据" in html
    assert "还没有到期的事" in html


def test_the_board_keeps_its_filters(desk, world, month):
    client = desk.of("周敏")
    place = world.places["lake"]
    assert "还没办完的" in client.get(f"/desk/supervise?place={place}&sort=new").content.decode()
    back = client.get("/desk/supervise")
    assert back.status_code == 302
    assert back.headers["Location"] == f"/desk/supervise?place={place}&sort=new"
    client.get("/desk/supervise?sort=late")
    assert client.get("/desk/supervise").headers["Location"] == "/desk/supervise?sort=late"


def test_the_board_shows_disputes_and_what_waits_for_a_yes(desk, world):
    dispute = world.to_sign(world.open("到底归谁管。"))
    for unit, name in (("water", "马东"), ("power", "水远"), ("city", "陈军")):
        world.do(dispute, "return", name, ground="不归我们", proposed=world.seats[unit])
        dispute.refresh_from_db()
        if dispute.stage == "triage_street":
            world.do(dispute, "dispatch", "周敏", sort="big", unit=world.seats[unit])
    dispute.refresh_from_db()
    assert dispute.stage == "arbitrate"
    asked = world.to_handle(world.open("要等吊车的。"))
    world.do(asked, "extend", "马东", more="2 work_day", reason="吊车后天来")
    html = desk.of("周敏").get("/desk/supervise?sort=late").content.decode()
    assert "到底归谁管" in html
    assert "要等吊车的" in html
    assert "2 个工作日" in html
    assert f"/desk/cases/{asked.id}/do/grant" in html
    assert f"/desk/cases/{asked.id}/do/refuse" in html


def test_lists_narrow_and_page(desk, world):
    for number in range(53):
        world.open(f"第 {number} 件。", place="lake1" if number % 2 else "lake2")
    client = desk.of("周敏")
    first = client.get("/desk/cases?state=open").content.decode()
    assert len(re.findall(r"<tr data-row>", first)) == 50
    following = unescape(re.search(r'href="(\?[^"]*cursor=[^"]+)"', first)[1])
    second = client.get(f"/desk/cases{following}").content.decode()
    assert len(re.findall(r"<tr data-row>", second)) == 3
    grid = client.get(f"/desk/cases?place={world.places['lake2']}").content.decode()
    assert "27 件，新的在前" in grid
    assert client.get("/desk/cases?state=closed").content.decode().count("<tr data-row>") == 0
    assert client.get("/desk/cases?cursor=made-up").status_code == 422


def test_the_number_beside_a_suggested_unit_opens_the_cases_it_counts(desk, world):
    category = "H0102"
    for _ in range(2):
        world.to_closed(world.open("路灯坏了。", category=category))
    other = world.to_handle(world.open("路灯又坏了。", category=category))
    fresh = world.open("路灯还是坏的。", category=category)
    page = desk.of("赵兰").get(f"/desk/cases/{fresh.id}/brief", headers={"HX-Request": "true"}).content.decode()
    found = re.search(r'<a class="number" href="([^"]+handler=[^"]+)">(\d+)</a>', page)
    assert found is not None, page
    listed = desk.of("赵兰").get(unescape(found[1])).content.decode()
    assert len(re.findall(r"<tr data-row", listed)) == int(found[2]) > 0
    assert f"/desk/cases/{other.id}" not in listed


def test_nobody_of_another_grid_is_suggested(desk, world):
    category = "H0102"
    elsewhere = world.to_handle(world.open("路灯坏了。", category=category), "grid2", "李禾")
    world.do(elsewhere, "finish", "李禾", result="换了灯。")
    world.do(elsewhere, "pass", "秦英")
    world.do(elsewhere, "solved", rating="very")
    world.to_closed(world.open("路灯又坏了。", category=category))
    fresh = world.open("路灯还是坏的。", category=category)
    page = desk.of("赵兰").get(f"/desk/cases/{fresh.id}/brief", headers={"HX-Request": "true"}).content.decode()
    assert re.findall(r"handler=(\d+)", page) == [str(world.seats["city"])]


def test_a_false_closure_is_counted_where_follow_ups_are_and_opens(desk, world):
    case = world.to_follow_up(world.open())
    other = world.to_closed(world.open("路面坑洼。"))
    world.do(case, "false_closure", "赵兰", finding="电话里说没人来过。")
    page = desk.of("赵兰").get("/desk/follow").content.decode()
    told = dict(re.findall(r"<dt>(虚假办结[数率])</dt><dd>(.*?)</dd>", page, re.S))
    assert re.sub(r"<[^>]*>|\s", "", told["虚假办结数"]) == "1"
    assert "50.0" in told["虚假办结率"]
    opened = desk.of("赵兰").get(unescape(re.search(r'href="([^"]+)"', told["虚假办结数"])[1])).content.decode()
    assert case.number in opened and other.number not in opened
    month = f"{clock.local(clock.now()):%Y-%m}"
    assert "虚假办结率" in bulletin_of(desk, world, month)


def bulletin_of(desk, world, month):
    return desk.of("周敏").get(f"/desk/bulletin/{world.places['east']}/month/{month}").content.decode()
