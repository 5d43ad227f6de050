"""M032 楼院有话: each message has a public status by its code; the number of solved ones opens to the messages."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from gezhi.engines.workflows.rules import show_code
from gezhi.foundation import packs
from tests.mechanisms import mechanism

pytestmark = mechanism("M032", file="packs/xinhua-street/services.yaml")

VOICES = ("楼道灯坏了一周。", "院里的健身器材松了。", "垃圾桶少一个。")


@pytest.fixture
def world(county):
    made = county("xinhua-street")
    body = packs.registry().body("services", "xinhua-street")
    assert "request" in [s["workflow"] for s in body["services"]]
    return made


def steps(code: str) -> tuple[str, list[str]]:
    """The public state of a code over the interface, and the steps its page shows as done or running."""
    told = Client().get(f"/api/v1/requests/{code}").json()
    page = Client().get(f"/r/{show_code(code)}")
    assert page.status_code == 200
    shown = re.findall(r'<li class="(done|now)">.*?<div class="line"><b>([^<]+)</b>', page.content.decode(), re.S)
    assert told["words"] or told["state"] == "closed"
    return told["state"], [title for _state, title in shown]


def test_every_message_tells_its_state_by_its_code_at_every_step(world):
    case = world.open(VOICES[0], place="block7", channel="scan", public_ok=True)
    seen = [steps(case.code)]
    for step in (world.to_sign, lambda c: world.do(c, "accept", "马东"),
                 lambda c: world.do(c, "finish", "马东", result="换了灯。"), lambda c: world.do(c, "pass", "秦英"),
                 lambda c: world.do(c, "solved", rating="very")):  # fmt: skip
        case = step(case)
        seen.append(steps(case.code))
    assert [state for state, _titles in seen] == ["open"] * 5 + ["closed"]
    lengths = [len(titles) for _state, titles in seen]
    assert lengths == sorted(lengths) and lengths[-1] > lengths[0]


def test_a_code_that_nobody_has_tells_nothing(world):
    case = world.open(VOICES[0])
    forged = case.code[:-1] + ("A" if case.code[-1] != "A" else "B")
    for address in (f"/api/v1/requests/{forged}", f"/r/{forged}"):
        answer = Client().get(address)
        assert answer.status_code == 404 and "灯" not in answer.content.decode()


def test_the_number_of_solved_ones_opens_exactly_those_messages(world):
    for text in VOICES[:2]:
        world.to_closed(world.open(text, channel="scan", public_ok=True))
    silent = world.to_follow_up(world.open("停车太乱。", public_ok=True))
    world.do(silent, "no_answer", "赵兰", way="phone")
    world.to_handle(world.open(VOICES[2], public_ok=True))
    board = unescape(Client().get("/board").content.decode())
    url, number = re.search(r'<a class="number" href="([^"]*is=solved[^"]*)">(\d+)</a>', board).groups()
    assert int(number) == 2
    rows = Client().get(url).content.decode().split('class="public-row"')[1:]
    assert len(rows) == 2
    assert all(any(text.rstrip("。") in row for row in rows) for text in VOICES[:2])
    assert all(row.count("办完了") for row in rows)
