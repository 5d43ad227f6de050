"""While a resident writes: whether somebody near has just raised the same, told no further than the public board tells."""

from __future__ import annotations

import pytest
from django.test import Client

from gezhi.engines.workflows import merging
from gezhi.foundation.jobs import claims, registry

SAID = "七里桥头自来水管爆了，水漫了半条街，车都过不去。"
SAME = "七里桥头自来水管爆了，水漫街了，车过不去。"


@pytest.fixture
def raised(world):
    registry.discover()
    case = world.open(SAID, contact_phone="13812340001", public_ok=True)
    claims.drain()
    return case


def near(world, text=SAME, place="block7"):
    answer = Client().post("/similar", {"text": text, "place": world.places[place]})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("place", ["block7", "lake1", "lake"])
def test_a_neighbour_is_told_that_it_was_raised_and_nothing_else(world, raised, place):
    shown = near(world, place=place)
    assert "刚有人报过" in shown and "湖滨" in shown
    for secret in (SAID[:8], raised.number, raised.code, "1381234"):
        assert secret not in shown


def test_another_matter_another_village_or_two_letters_are_like_nothing(world, raised):
    assert near(world, text="三楼楼道灯坏了").strip() == ""
    assert near(world, place="hill1").strip() == ""
    assert near(world, text="水管").strip() == ""
    assert Client().post("/similar", {"text": SAME, "place": "x"}).content.decode().strip() == ""


def test_what_is_closed_is_not_offered_and_several_reports_are_one(world, raised):
    report = world.open(SAME)
    merging.merge(report.id, raised.id, actor=world.actor("赵兰"))
    assert "2 次反映" in near(world)
    world.to_closed(raised)
    assert near(world).strip() == ""


def test_the_home_page_asks_from_its_own_script(world):
    page = Client().get("/").content.decode()
    assert 'data-similar="/similar"' in page and "portal/similar.js" in page
