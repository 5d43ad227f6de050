"""A flawed text or flow is refused with its file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.conf import settings

from gezhi.foundation import packs
from gezhi.foundation.errors import Flawed

HEAD = "pack: hill\nversion: 1\ntitle: 山区\nuses: [standard-county]\n"


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """The standard pack, copied and so read once."""
    root = tmp_path_factory.mktemp("packs")
    shutil.copytree(Path(settings.ROOT) / "packs" / "standard-county", root / "standard-county")
    return root


@pytest.fixture
def folder(beside):
    shutil.rmtree(beside / "hill", ignore_errors=True)
    (beside / "hill" / "notices").mkdir(parents=True)
    (beside / "hill" / "flows").mkdir()
    (beside / "hill" / "pack.yaml").write_text(HEAD, encoding="utf-8")
    return beside / "hill"


NOTICE = """notices: hill
for: {reader}
templates:
  told:
    title: 告诉
    text: {{zh: "{text}"}}
    channels: [{channel}]
"""
FLOW = """flow: hill
title: 告诉谁
rules:
  - rule: one
    when: {when}
    if: "{condition}"
    within: {within}
    do: {do}
    with:
      to: [{to}]
      notice: {notice}
"""
GOOD = {
    "when": "item.opened", "condition": "urgent", "within": "2 calendar_day", "do": "notify", "to": "owner", "notice": "told",
}  # fmt: skip


def problems(folder, notice=None, flow=None):
    text = NOTICE.format(**{"reader": "staff", "text": "{{number}}来了", "channel": "group", **(notice or {})})
    (folder / "notices" / "hill.yaml").write_text(text.replace("{{", "{").replace("}}", "}"), encoding="utf-8")
    (folder / "flows" / "hill.yaml").write_text(FLOW.format(**{**GOOD, **(flow or {})}), encoding="utf-8")
    try:
        packs.load(folder)
    except Flawed as flawed:
        return [(p.file, p.line, p.code) for p in flawed.problems]
    return []


def test_a_sound_pack_loads(folder):
    assert problems(folder) == []
    assert problems(folder, flow={"to": "{post: street_officer}"}) == []
    assert problems(folder, flow={"when": "item.climbed", "condition": "rung == 'remind'", "to": "rung"}) == []


@pytest.mark.parametrize(
    ("notice", "line", "code"),
    [
        ({"text": "{{phone}}来了"}, 6, "notice.field"),
        ({"text": "{{number来了"}, 6, "notice.brace"),
        ({"channel": "pager"}, 7, "notice.channel"),
        ({"reader": "everybody"}, 2, "pack.choice"),
        ({"text": "长" * 130}, 6, "pack.long"),
    ],
)
def test_a_flawed_text_is_refused_with_its_line(folder, notice, line, code):
    assert ("hill/notices/hill.yaml", line, code) in problems(folder, notice=notice)


@pytest.mark.parametrize(
    ("flow", "line", "code"),
    [
        ({"when": "case.exploded"}, 5, "pack.choice"),
        ({"do": "shout"}, 8, "pack.choice"),
        ({"condition": "colour == 1"}, 6, "flow.condition"),
        ({"condition": "phase == 'never'"}, 6, "flow.condition"),
        ({"within": "3 moons"}, 7, "flow.within"),
        ({"to": "mayor"}, 10, "flow.to"),
        ({"to": "rung"}, 10, "flow.to"),
        ({"to": "{post: wizard}"}, 10, "flow.post"),
        ({"notice": "untold"}, 11, "flow.notice"),
        ({"to": "reporter"}, 11, "flow.reader"),
        ({"notice": "received"}, 11, "flow.reader"),
    ],
)
def test_a_flawed_flow_is_refused_with_its_line(folder, flow, line, code):
    assert ("hill/flows/hill.yaml", line, code) in problems(folder, flow=flow)


def test_a_pack_of_another_county_may_say_it_in_other_words(folder, db):
    from gezhi.foundation.notices.templates import template
    from gezhi.foundation.people import system

    (folder / "notices" / "hill.yaml").write_text(
        NOTICE.format(reader="staff", text="山里的{{number}}", channel="group").replace("told", "given").replace("{{", "{").replace("}}", "}"),
        encoding="utf-8",
    )  # fmt: skip
    packs.install(folder, actor=system("test"))
    assert template("given").said({"zh": {"number": "7"}}, "zh") == "山里的7"
    assert template("late").said({"zh": {"number": "7", "stage": "签收"}}, "en") == "7 (), 签收, was due ."
    # A limit in days ends at midnight: a message names the day it closes, and never 00:00 of the next.
    due = {"due": "2026-11-19T16:00:00+00:00", "zh": {"number": "7"}, "en": {"number": "7"}}
    assert "答应11月19日24:00前办好" in template("received").said(due, "zh")
    assert "by 24:00 on 19 Nov" in template("received").said(due, "en")
