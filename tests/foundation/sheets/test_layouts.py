"""A sender's sheet in a pack: the shipped ones are sound, and each kind of flaw is refused with its line."""

from __future__ import annotations

import pytest

from gezhi.foundation import packs
from gezhi.foundation.errors import Flawed, NotFound
from gezhi.foundation.sheets import layouts
from tests.world import PACKS, World

SOUND = """sheet: mine
code: "M"
title: 我县热线
target: cases
fields:
  number: [编号]
  text: [内容]
"""


def refused(tmp_path, sheet: str) -> list[tuple[int, str]]:
    folder = tmp_path / "hill"
    (folder / "sheets").mkdir(parents=True)
    (tmp_path / "standard-county").symlink_to(PACKS / "standard-county")
    (folder / "pack.yaml").write_text("pack: hill\nversion: 1\ntitle: 山前县\nuses: [standard-county]\n", "utf-8")
    (folder / "sheets" / "mine.yaml").write_text(sheet, "utf-8")
    try:
        packs.load(folder)
    except Flawed as flawed:
        assert all(p.file == "hill/sheets/mine.yaml" and str(p.words) for p in flawed.problems)
        return [(p.line, p.code) for p in flawed.problems]
    return []


def test_a_small_one_is_enough(tmp_path):
    assert refused(tmp_path, SOUND) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("target: cases", "target: trees", (4, "pack.choice")),
        ('code: "M"', 'code: "M:1"', (2, "sheet.code")),
        ("  text: [内容]", "  txt: [内容]", (7, "pack.key")),
        ("  text: [内容]\n", "", (6, "sheet.field_missing")),
        ("  text: [内容]", "  text: [内容, 编号]", (7, "sheet.word_twice")),
        ("  text: [内容]", "  text: [内容]\nvalues:\n  category: {水: 没有的类}", (9, "sheet.value")),
        ("  text: [内容]", "  text: [内容]\nvalues:\n  kind: {求助: halp}", (9, "sheet.value")),
        ("  text: [内容]", "  text: [内容]\nvalues:\n  urgent: {急: 是}", (9, "sheet.value")),
        ("  text: [内容]", "  text: [内容]\noptions: {workflow: nowhere}", (8, "services.workflow")),
        ("  text: [内容]", "  text: [内容]\noptions: {channel: pigeon}", (8, "pack.choice")),
        ("  text: [内容]", "  text: [内容]\nreply:\n  - {title: 结果, from: outcome}", (9, "pack.choice")),
        ("  text: [内容]", "  text: [内容]\nreply:\n  - {title: 结果}", (9, "pack.missing")),
    ],
)  # fmt: skip
def test_flaws_are_refused_with_their_line(tmp_path, old, new, where):
    found = refused(tmp_path, SOUND.replace(old, new))
    assert where in found, found


@pytest.mark.django_db
def test_the_shipped_senders_are_known_by_code_and_by_name():
    World()
    assert [layout.code for layout in layouts.layouts()] == ["12345", "CG", "ZZ"]
    assert layouts.layout("12345").name == layouts.layout("hotline").name == "hotline"
    for layout in layouts.layouts():
        assert layout.reply and {f.id for f in layout.fields} >= {"number", "text", "deadline"}
    with pytest.raises(NotFound) as refusal:
        layouts.layout("54321")
    assert "12345、CG、ZZ" in refusal.value.next
