"""走访 on the desk: a rule by place, rows behind each number, a waiver, a village's week; nothing from elsewhere."""

from __future__ import annotations

import re

import pytest
import time_machine

from gezhi.engines.duties import actions
from gezhi.engines.duties.models import Done
from gezhi.engines.duties.schema import rule
from gezhi.foundation import subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from tests.engines.duties.scene import SYSTEM, publish


@pytest.fixture(autouse=True)
def wednesday():
    """18 November 2026, 10:00 in Shanghai: early in the week's window."""
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False):
        yield


@pytest.fixture
def elders(world):
    """Four elders of two grids; one visited."""
    found = []
    for number, grid in enumerate(("lake1", "lake1", "lake1", "lake2")):
        facts = {"name": f"秦{number}", "born": "1944-03-05", "sex": "f"}
        who = subjects.add("person", facts, actor=SYSTEM, place_id=world.places[grid], synthetic=True)
        subjects.enter("lone_elder", who.pk, {"self_care": "able"}, actor=SYSTEM)
        found.append(who)
    publish()
    actions.fulfil("elder-visit", found[0].pk, period().key, {}, actor=world.actor("秦英"))
    return found


def period():
    found = rule("elder-visit").period(clock.now())
    assert found is not None
    return found


def page_of(desk, name: str, url: str) -> str:
    """A page as this person sees it."""
    answer = desk.of(name).get(url)
    assert answer.status_code == 200, answer.content.decode()[:500]
    return answer.content.decode()


def numbers(page: str) -> list[str]:
    """The figures of the table's rows, in order."""
    return re.findall(r'<a class="number" href="[^"]+">(\d+)</a>', page)


def test_a_rule_by_place_and_every_number_opens(desk, elders):
    page = page_of(desk, "赵兰", "/desk/duties/elder-visit")
    assert "应做 = 做了 + 没做到 + 免做 + 还没做" in page and "每周" in page
    assert numbers(page) == ["3", "1", "2", "1", "1", "4", "1", "3"]
    for link, number in re.findall(r'<a class="number" href="([^"]+)">(\d+)</a>', page):
        rows = page_of(desk, "赵兰", link.replace("&amp;", "&"))
        assert len(re.findall(r"<td><b>秦○</b>", rows)) == int(number), link
    board = page_of(desk, "赵兰", "/desk/duties")
    assert "独居老人走访" in board and numbers(board) == ["4", "1", "3"]


def test_a_waiver_from_the_list(desk, world, elders):
    at = f"/desk/duties/elder-visit/{period().key}/waive/{elders[1].pk}?place={world.places['lake']}"
    assert desk.of("赵兰").post(at, {"ground": ""}).status_code == 302
    assert Done.objects.count() == 1
    assert desk.of("赵兰").post(at, {"ground": "hospital", "what": "open"}).status_code == 302
    assert Done.objects.get(subject_id=elders[1].pk).state == "waived"
    assert desk.of("秦英").post(at, {"ground": "hospital"}).status_code == 403
    assert numbers(page_of(desk, "赵兰", "/desk/duties/elder-visit"))[-4:] == ["4", "1", "1", "2"]


def test_the_week_of_a_village(desk, world, elders):
    page = page_of(desk, "赵兰", f"/desk/duties/plan/{world.places['lake']}")
    assert page.count('秦○ <span class="q">') == 4 and "独居老人走访" in page
    assert desk.of("钱立").get(f"/desk/duties/plan/{world.places['lake']}").status_code == 403


def test_another_place_shows_nothing_of_here(desk, world, elders):
    assert "独居老人走访" not in page_of(desk, "钱立", "/desk/duties")
    assert desk.of("钱立").get(f"/desk/duties/elder-visit?place={world.places['lake']}").status_code == 403
    assert desk.of("马东").get("/desk/duties").status_code == 403


def test_queries(desk, elders):
    for url, most in (("/desk/duties", 16), ("/desk/duties/elder-visit", 15)):
        page_of(desk, "赵兰", url)
        with count_queries() as asked:
            page_of(desk, "赵兰", url)
        assert asked.total <= most, (url, asked.total, "\n".join(str(s)[:150] for s in asked.statements))
