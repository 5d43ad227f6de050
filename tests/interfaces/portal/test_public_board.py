"""The public board: counts that open to exactly their rows, and never anybody's words without consent."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from gezhi.foundation import places
from gezhi.foundation.db import count_queries
from tests.mechanisms import mechanism

SECRET = "邻居老王半夜打麻将吵得睡不着"
PUBLIC = "村口健身器材的扶手松了"
FIGURE = re.compile(r'<a class="number" href="([^"]+)">(\d+)</a>')


@pytest.fixture
def lived(world):
    """湖滨: one closed and solved, one closed silently, one in hand; 南岗: one in hand. One agreed to be quoted."""
    world.to_closed(world.open(SECRET))
    silent = world.to_follow_up(world.open("楼下停车太乱。"))
    world.do(silent, "record", "赵兰", solved="partly")
    world.to_handle(world.open(PUBLIC, public_ok=True))
    world.open("路坏了。", place="hill1")
    return world


def read(url: str) -> str:
    answer = Client().get(url.replace("&amp;", "&"))
    assert answer.status_code == 200, url
    return answer.content.decode()


@mechanism("M032", file="packs/standard-county/workflows/request.yaml")
def test_every_figure_opens_exactly_the_matters_it_counts(lived):
    shown = read("/board")
    figures = FIGURE.findall(shown)
    assert [int(n) for _url, n in figures[:4]] == [4, 2, 2, 1]
    for url, number in figures:
        assert read(url).count('class="public-row"') == int(number), url


@mechanism("M032")
def test_each_matter_has_a_public_state_by_its_code(lived):
    case = lived.open("又一件。")
    assert "收到了" in Client().get(f"/r/{case.code}").content.decode()


def test_words_are_shown_only_with_consent_and_nothing_else_personal(lived):
    case = lived.open("别的事。", contact_phone="13800000000", contact_name="王某兰")
    everything = "".join(read(url) for url in ("/board", "/board/list?is=raised"))
    assert PUBLIC in everything
    for kept_back in (SECRET, "13800000000", "138****0000", "王某兰", case.code, case.number):
        assert kept_back not in everything


def test_a_place_shows_its_own_and_sums_up(lived):
    east, west = lived.places["east"], lived.places["west"]
    counts = [int(FIGURE.findall(read(f"/board?place={p}"))[0][1]) for p in (east, west, lived.places["county"])]
    assert counts == [3, 1, 4]
    assert int(FIGURE.findall(read(f"/board?place={lived.places['ridge']}"))[0][1]) == 0
    assert "最近没有人反映" in read(f"/board?place={lived.places['ridge']}")


def test_what_is_older_than_the_span_is_no_longer_counted(lived, at_ten):
    at_ten.shift(timedelta(days=31))
    assert FIGURE.findall(read("/board"))[0][1] == "0"


@pytest.mark.parametrize("query", ["?place=999999", "?place=abc", "?place=-1", "?place=%F0"])
def test_an_unknown_place_is_refused(lived, query):
    assert Client().get("/board" + query).status_code == 404


@pytest.mark.parametrize("query", ["?is=personal", "?is=open&place=x"])
def test_an_unknown_figure_is_refused(lived, query):
    assert Client().get("/board/list" + query).status_code == 404


@mechanism("M096")
def test_the_list_of_a_door_plate_is_what_is_open_now(lived):
    plate = f"/b/{places.directory().get(lived.places['block7']).qr}"
    mine = lived.open("楼道灯坏了。", place="block7")
    before = read(f"{plate}/needs")
    assert before.count('class="public-row"') == 2
    assert "这栋楼" in before
    lived.to_closed(mine)
    after = read(f"{plate}/needs")
    assert after.count('class="public-row"') == 1
    assert "这栋楼" not in after
    assert "还有 1 件在办" in read(plate)


def test_the_board_reads_the_table_once(lived):
    read("/board")
    with count_queries() as count:
        read("/board")
    assert count.total <= 4, count.statements
