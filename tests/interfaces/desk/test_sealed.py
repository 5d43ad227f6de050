"""Sealed bulletins on the desk and the portal: numbers open what was counted, taking is logged, the public sees less."""

from __future__ import annotations

import re
from html import unescape

import pytest
import time_machine

from gezhi.engines.publishing.bulletins import sealing
from gezhi.engines.publishing.models import Bulletin
from gezhi.foundation import exports, jobs, people
from gezhi.foundation.db import count_queries
from gezhi.foundation.jobs.claims import drain
from gezhi.foundation.measures import parse_period


@pytest.fixture(autouse=True)
def later():
    with time_machine.travel("2026-10-14T02:00:00+00:00", tick=False) as traveller:
        yield traveller


@pytest.fixture
def world(later, world):
    """The desk's county, built in October."""
    return world


@pytest.fixture
def october(later, world):
    """Twelve matters, two closed; sealed on 1 November."""
    cases = [world.open(f"第 {n} 件") for n in range(12)]
    for case in cases[:2]:
        world.to_closed(case)
    later.move_to("2026-11-01T02:00:00+00:00")
    row, _new = sealing.seal(
        "governance", world.places["east"], parse_period("2026-10"), actor=people.system("bulletins")
    )
    return row, cases


def test_every_number_of_the_paper_opens_as_many_rows(desk, world, october):
    row, _cases = october
    client = desk.of("方晓")
    with count_queries() as q:
        html = client.get(f"/desk/bulletins/{row.pk}").content.decode()
    assert q.total <= 12
    links = re.findall(r'<a class="number" href="([^"]+)">([^<]+)</a>', html)
    assert len(links) > 15
    for address, shown in links:
        page = client.get(unescape(address)).content.decode()
        assert f'<b class="figure">{shown.rstrip("*")}</b>' in page
        listed = len(re.findall(r"<tr data-row>", page))
        said = re.search(r"分子 (\d+) 件|当时数的 (\d+) 件", page)
        assert listed == int(said[1] or said[2]), address


def test_it_is_sealed_by_hand_in_the_background(desk, world, later):
    jobs.registry.discover()
    for n in range(3):
        world.open(f"第 {n} 件")
    east = world.places["east"]
    client = desk.of("周敏")
    address = f"/desk/bulletin/{east}/month/2026-10"
    assert "封存这一期" not in client.get(address).content.decode()  # it still runs
    later.move_to("2026-11-01T02:00:00+00:00")
    assert "封存这一期" in desk.of("周敏").get(address).content.decode()
    assert "封存这一期" not in desk.of("薛衡").get(address).content.decode()  # the auditor reads
    assert desk.of("薛衡").post(f"{address}/seal").status_code == 403
    assert desk.of("周敏").post(f"{address}/seal").status_code == 302
    assert Bulletin.objects.count() == 0
    drain()
    assert Bulletin.objects.get().sealed_by == world.people["周敏"]
    client = desk.of("周敏")
    assert "2026 年 10 月" in client.get("/desk/bulletins").content.decode()
    assert "已由人工封存" in client.get(address).content.decode()


def test_it_is_taken_as_word_and_print_and_logged(desk, world, october):
    row, _cases = october
    client = desk.of("周敏")
    first = client.post(f"/desk/bulletins/{row.pk}/take", {"form": "docx"})
    assert first.content[:2] == b"PK"
    assert first.content == client.post(f"/desk/bulletins/{row.pk}/take", {"form": "docx"}).content
    printed = client.post(f"/desk/bulletins/{row.pk}/take", {"form": "print"}).content.decode()
    assert "月报〔2026〕第10期" in printed
    assert [made.form for made in exports.recent()] == ["print", "docx", "docx"]
    assert client.post(f"/desk/bulletins/{row.pk}/take", {"form": "exe"}).status_code == 422


def test_another_street_finds_nothing(desk, world, october):
    row, _cases = october
    for address in (f"/desk/bulletins/{row.pk}", f"/desk/bulletins/{row.pk}/numbers/0"):
        assert desk.of("何苗").get(address).status_code == 404
    assert desk.of("何苗").post(f"/desk/bulletins/{row.pk}/take", {"form": "docx"}).status_code == 404
    assert desk.of("何苗").post(f"/desk/bulletins/{row.pk}/do/publish").status_code == 404
    assert "2026 年 10 月" not in desk.of("何苗").get("/desk/bulletins").content.decode()
    assert desk.of("周敏").get(f"/desk/bulletins/{row.pk}/numbers/9999").status_code == 404


def test_what_became_protected_is_counted_and_not_shown(desk, world, october):
    from gezhi.engines.workflows.models import Case

    row, cases = october
    Case.objects.filter(pk=cases[5].pk).update(protected="report")
    html = desk.of("周敏").get(f"/desk/bulletins/{row.pk}").content.decode()
    address = re.search(r'<a class="number" href="([^"]+)">12</a>', html)[1]
    page = desk.of("周敏").get(unescape(address)).content.decode()
    shown = len(re.findall(r"<tr data-row>", page))
    assert shown + int((re.search(r"另有 (\d+) 件不在", page) or [0, 0])[1]) == 12


def test_the_portal_shows_only_what_is_published_without_small_numbers(client, desk, world, october):
    row, _cases = october
    assert client.get(f"/bulletins/{row.pk}").status_code == 404
    assert desk.of("周敏").post(f"/desk/bulletins/{row.pk}/do/publish").status_code == 302
    html = client.get(f"/bulletins/{row.pk}").content.decode()
    assert "收到 12 件" in html
    assert "按期结案 不足 5 件" in html  # two were closed
    assert "各单位办理情况" not in html
    assert "numbers/" not in html
    assert "2026 年 10 月" in client.get(f"/bulletins?place={world.places['east']}").content.decode()
    desk.of("周敏").post(f"/desk/bulletins/{row.pk}/do/withdraw")
    assert client.get(f"/bulletins/{row.pk}").status_code == 404


def test_a_quarter_has_a_page(desk, world, later):
    world.open("一件")
    html = desk.of("周敏").get(f"/desk/bulletin/{world.places['east']}/quarter/2026-Q4").content.decode()
    assert "治理季通报" in html
    assert "2026 年第 4 季度" in html
    assert desk.of("周敏").get(f"/desk/bulletin/{world.places['east']}/day/2026-10-14").status_code == 404
