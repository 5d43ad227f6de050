"""Templates that would mislead are refused when the pack loads, at the line."""

from __future__ import annotations

import pytest

from gezhi.foundation import packs
from gezhi.foundation.errors import Flawed

HEAD = """bulletin: mine
version: 1
title: 我的
periods: [week]
levels: [village]
issuers: {county: "{place}"}
sections:
  - id: one
    title: 一
"""


@pytest.fixture
def read(tmp_path):
    def load(body: str, head: str = HEAD):
        (tmp_path / "mine" / "bulletins").mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / "pack.yaml").write_text("pack: mine\nversion: 1\ntitle: 我的\n", "utf-8")
        (tmp_path / "mine" / "bulletins" / "mine.yaml").write_text(head + body, "utf-8")
        return packs.load(tmp_path / "mine")

    return load


def test_a_sound_one_is_read(read):
    body = """    text:
      - "收到 {reported} 件，{people} 人。"
      - {say: "多 {change_reported} 件。", when: "change_reported > 0 且 before_reported >= 10"}
      - {causes: {of: reported, by: category}}
    table: {by: day, figures: [reported]}
"""
    item = read(body).get("bulletin", "mine")
    assert item.body["sections"][0]["text"][1]["reads"] == ["before_reported", "change_reported"]


@pytest.mark.parametrize(
    ("body", "line", "code", "words"),
    [
        ('    text: ["收到 {reportd} 件"]\n', 10, "bulletin.metric", "您是要写“reported”吗"),
        ('    text: ["收到 {reported} 人"]\n', 10, "bulletin.mixed", "不能混"),
        ('    text: ["问到 {answered} 位"]\n', 10, "bulletin.mixed", "人次"),
        ('    text: ["来了 {people} 人次"]\n', 10, "bulletin.mixed", "不能混"),
        ("    table: {by: category, figures: [people]}\n", 10, "bulletin.persons", "不能相加"),
        ("    only: {channel: field}\n    figures: [people]\n", 10, "bulletin.persons", "不能分开列"),
        ("    text:\n      - {causes: {of: people, by: category}}\n", 11, "bulletin.causes", "不能拆开"),
        ("    text:\n      - {causes: {of: closed_rate, by: unit}}\n", 11, "bulletin.causes", "不能拆开"),
        ("    table: {by: day, figures: [open]}\n", 10, "bulletin.not_by_day", "不等于全期"),
        ("    table: {by: person, figures: [open]}\n", 10, "pack.choice", "person"),
        ("    text:\n      - {say: 多, when: reported + 1}\n", 11, "bulletin.condition", "是或否"),
        ("    text:\n      - {say: 多, when: wages > 1}\n", 11, "bulletin.condition", "wages"),
        ('    text: ["收到 {reported 件"]\n', 10, "document.brace", "大括号"),
    ],
)  # fmt: skip
def test_a_misleading_one_is_refused_at_its_line(read, body, line, code, words):
    with pytest.raises(Flawed) as flawed:
        read(body)
    found = [(p.line, p.code, str(p.words)) for p in flawed.value.problems]
    assert [f[:2] for f in found if f[0] == line and words in f[2]], found
    assert code in [f[1] for f in found] or code == "pack.choice", found


def test_unknown_levels_and_issuers_are_named(read):
    with pytest.raises(Flawed) as flawed:
        read("", HEAD.replace("[village]", "[hamlet]").replace("{place}", "{mayor}"))
    assert {p.line for p in flawed.value.problems} >= {5, 6}
