"""A template that asks for what nobody offers is refused when it loads, with file, line and the nearest name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.conf import settings

from gezhi.foundation import packs
from gezhi.foundation.errors import Flawed

STANDARD = Path(settings.ROOT) / "packs" / "standard-county"


@pytest.fixture
def written(tmp_path):
    """A pack of one template, the shipped 督办单 with some text replaced: fn(old, new) -> its problems."""
    shutil.copytree(STANDARD / "documents", tmp_path / "hill" / "documents", ignore=lambda d, names: [
        name for name in names if name != "supervision.yaml"
    ])  # fmt: skip
    (tmp_path / "hill" / "pack.yaml").write_text("pack: hill\nversion: 1\ntitle: 山前县\n", encoding="utf-8")
    file = tmp_path / "hill" / "documents" / "supervision.yaml"
    source = file.read_text(encoding="utf-8")

    def problems(old: str, new: str):
        assert source.count(old) >= 1
        changed = source.replace(old, new, 1)
        file.write_text(changed, encoding="utf-8")
        line = next(
            n for n, (a, b) in enumerate(zip(source.split("\n"), changed.split("\n"), strict=False), 1) if a != b
        )
        try:
            packs.load(tmp_path / "hill")
        except Flawed as flawed:
            return [(p.file, p.line, p.code, str(p.words)) for p in flawed.problems], line
        return [], line

    return problems


def test_the_shipped_templates_are_sound():
    pack = packs.load(STANDARD)
    assert {i.name for i in pack.items if i.kind == "document"} == {
        "supervision", "assignment", "transfer", "acceptance", "extension", "return", "reply", "trail", "agreement",
            "volume",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("from: case.number", "from: case.nubmer", "document.unknown_field", "case.number"),
        ("from: case.number", "from: weather.today", "document.unknown_field", "weather.today"),
        ('heading: "关于限期办理“{brief}”', 'heading: "关于限期办理“{breif}”', "document.unknown_field", "brief"),
        ("（案号{number}）", "（案号{nummer}）", "document.unknown_field", "number"),
        ("type: date, from: case.opened_on", "type: time, from: case.opened_on", "document.field_type", "date"),
        ("{words: demand}", "{words: demmand}", "pack.choice", "demand"),
        ('when: "overdue"}', 'when: "overdeu"}', "document.condition", "overdeu"),
        ('when: "overdue"}', 'when: "number"}', "document.condition", ""),
        ("power:case.supervise", "power:case.supervize", "document.by", "power:case.supervise"),
        ('mark: "{issuer.short}督"', 'mark: "{issuer.shrot}督"', "document.unknown_field", "issuer.short"),
        ('to: "{unit}"', 'to: "{unit"', "document.brace", ""),
        ("subject: case", "subject: caes", "pack.choice", "case"),
        ("layout: letter", "layout: lettre", "pack.choice", "letter"),
    ],
)
def test_a_flaw_is_named_with_its_line_and_the_nearest_right_word(written, old, new, code, words):
    found, line = written(old, new)
    assert ("hill/documents/supervision.yaml", line, code) in [f[:3] for f in found], found
    assert any(words in f[3] for f in found if f[2] == code)


def test_personal_data_needs_a_purpose_and_stands_in_no_box(written):
    field = "  - {id: corrects, title: 更正, type: text, from: corrects}"
    found, _line = written(field, "  - {id: corrects, title: 更正, type: text, from: corrects}\n"
                                  "  - {id: phone, title: 电话, type: person, from: reporter.phone}")  # fmt: skip
    assert [f[2] for f in found] == ["document.purpose"]
