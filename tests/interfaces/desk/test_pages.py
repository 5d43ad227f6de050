"""Every page opens for whom it is meant, in few queries, without a script or a style of its own."""

from __future__ import annotations

import re

import pytest

from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from gezhi.foundation.measures import month_of, week_of

BUDGET = 20


@pytest.fixture
def busy(world):
    """A few matters at different steps."""
    world.open("迎秀路口井盖缺了一块，小孩差点掉下去。", contact_name="郭一", contact_phone="13700000458")
    world.to_handle(world.open("三楼楼道灯坏了一周。"))
    world.to_follow_up(world.open("路边垃圾三天没清。"))
    return world.to_closed(world.open("水管漏水。"))


def pages(world, case):
    week, month = week_of(clock.today()).name, month_of(clock.today()).name
    town = world.places["east"]
    return {
        "赵兰": [
            "/desk/",
            f"/desk/cases/{case.id}",
            "/desk/cases",
            "/desk/cases?state=open&q=路",
            "/desk/counter",
            "/desk/map",
            "/desk/search?q=井盖",
            "/desk/methods/request",
        ],
        "周敏": [
            "/desk/",
            "/desk/supervise?sort=late",
            "/desk/cases?overdue=1",
            f"/desk/bulletin/{town}/week/{week}",
            f"/desk/bulletin/{town}/month/{month}",
            f"/desk/map/{town}",
            "/desk/counter?find=13700000458",
        ],
        "方晓": ["/desk/", "/desk/supervise?sort=late", "/desk/map"],
        "马东": ["/desk/", f"/desk/cases/{case.id}"],
        "薛衡": ["/desk/audit"],
        "卢一舟": [
            "/desk/people",
            f"/desk/people/at/{town}",
            f"/desk/people/seats/{world.seats['secretary']}",
            f"/desk/people/{world.people['赵兰']}/hand-over",
            "/desk/places",
            f"/desk/places/{world.places['lake1']}",
            f"/desk/places/{world.places['lake']}/plates",
        ],
    }


def test_every_page_opens_within_its_budget(desk, world, busy):
    for name, addresses in pages(world, busy).items():
        client = desk.of(name)
        client.get("/desk/")  # pictures of places and people are read once, whoever comes first
        for address in addresses:
            with count_queries() as q:
                response = client.get(address)
            assert response.status_code == 200, (name, address, response.content[:400])
            assert q.total <= BUDGET, (name, address, q.total, q.statements)


def test_pages_carry_no_script_or_style_of_their_own(desk, world, busy):
    for name, addresses in pages(world, busy).items():
        client = desk.of(name)
        for address in addresses:
            html = client.get(address).content.decode()
            assert not re.search(r"<script(?![^>]*\bsrc=)", html), address
            assert "<style" not in html, address
            assert not re.search(r"\son[a-z]+\s*=\s*[\"']", html), address
            assert not re.search(r"(?:src|href)=[\"']https?://(?!testserver)", html), address


def test_the_number_of_rows_does_not_change_the_number_of_queries(desk, world):
    client = desk.of("周敏")
    world.open("第一件。")

    def queries(address):
        client.get(address)
        with count_queries() as q:
            assert client.get(address).status_code == 200
        return q.total

    addresses = ("/desk/cases", "/desk/supervise?sort=late", "/desk/map")
    few = [queries(a) for a in addresses]
    for number in range(12):
        world.to_sign(world.open(f"又一件，第 {number} 件。"))
    assert [queries(a) for a in addresses] == few


def test_the_menu_has_at_most_seven_entries_and_only_what_the_person_may_open(desk, world):
    for name in ("赵兰", "周敏", "方晓", "马东", "薛衡", "卢一舟", "于沐阳"):
        client = desk.of(name)
        html = client.get("/desk/").content.decode()
        rail = html[html.index('<nav aria-label="主菜单">') :]
        entries = re.findall(r'<a href="([^"]+)"', rail[: rail.index("</nav>")])
        assert 1 <= len(entries) <= 7
        for address in entries:
            assert client.get(address, follow=True).status_code == 200, (name, address)


def test_strangers_are_asked_to_sign_in(client, world):
    for address in ("/desk/", "/desk/cases", "/desk/supervise", "/desk/audit", "/desk/people", "/desk/counter"):
        assert client.get(address).status_code == 401


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("马东", "/desk/supervise"),
        ("赵兰", "/desk/people"),
        ("赵兰", "/desk/audit"),
        ("秦英", "/desk/places"),
        ("马东", "/desk/counter"),
    ],
)
def test_a_page_beyond_ones_powers_is_refused(desk, name, address):
    assert desk.of(name).get(address).status_code == 403


def test_another_towns_case_is_not_told_apart_from_none(desk, world):
    case = world.open("东街的事。")
    client = desk.of("何苗")
    assert client.get(f"/desk/cases/{case.id}").status_code == 404
    assert client.get("/desk/cases/12345").status_code == 404
    assert "东街的事" not in client.get("/desk/search?q=东街").content.decode()


def test_an_empty_desk_says_what_will_appear(desk, world):
    client = desk.of("赵兰")
    assert "现在没有等您办的事" in client.get("/desk/").content.decode()
    assert "没有符合的案件" in client.get("/desk/cases").content.decode()
    assert "没有过时限的事" in desk.of("周敏").get("/desk/supervise?sort=late").content.decode()
