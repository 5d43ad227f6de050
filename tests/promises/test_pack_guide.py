"""The pack author's guide tells the truth: its packs load, its flawed pack fails as printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from gezhi.foundation import packs
from gezhi.foundation.errors import Flawed
from gezhi.foundation.forms import Form
from gezhi.foundation.packs.categories import Catalogue
from gezhi.foundation.packs.limits import Limits

GUIDE = Path(settings.ROOT) / "docs" / "packs.md"
BLOCK = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path):
    """The guide's files written out, beside the standard pack."""
    (tmp_path / "standard-county").symlink_to(Path(settings.ROOT) / "packs" / "standard-county")
    written = 0
    for language, name, text in BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        if language in ("yaml", "csv"):
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            written += 1
    assert written >= 9
    return tmp_path


def test_the_example_pack_loads_and_means_what_the_guide_says(folder):
    pack = packs.load(folder / "hill")
    assert {(i.kind, i.name) for i in pack.items} == {
        ("categories", "hill"), ("limits", "hill"), ("services", "hill"), ("form", "patrol"),
        ("document", "patrol_notice"), ("sheet", "forest"), ("bulletin", "patrols"),
        ("activity", "patrol_meeting"), ("course", "first_aid"), ("competences", "hill"), ("register", "path_walker"),
        ("register", "hill_path"), ("match", "paths"), ("roster", "fire_watch"), ("store", "kit"),
        ("ledger", "walkers"),
    }  # fmt: skip
    standard = packs.load(folder / "standard-county")
    catalogue = Catalogue.of([standard.get("categories").body, pack.get("categories").body])
    limits = Limits([standard.get("limits").body, pack.get("limits").body])
    path = catalogue.find("H0102")
    assert path.unit == "林业站"
    assert catalogue.suggest("雨后塌方，山路不通")[0].code == "H0102"
    assert str(limits.promise(path, "help", False)) == "4 urgent_hour"
    assert str(limits.promise(path, "help", True)) == "4 urgent_hour"
    assert str(limits.promise(catalogue.find("H0101"), None, False)) == "5 work_day"
    assert str(limits.promise(None, "help", False)) == "2 work_day"
    assert str(limits.promise(None, "consult", False)) == "1 work_day"
    assert str(limits.step("accept")) == "2 work_hour"
    assert pack.get("services").body["services"][0]["category"] == "H0102"


def test_the_example_form_asks_as_the_guide_says(folder):
    body = packs.load(folder / "hill").get("form", "patrol").body
    form = Form.from_body(body["fields"])
    assert form.clean({"found": "正常"})[1] == {}
    assert set(form.clean({"found": "损毁", "metres": "十二"})[1]) == {"words"}
    assert "metres" not in form.clean({"found": "fire", "metres": "12", "words": "起烟"})[0]


def test_the_flawed_pack_fails_as_printed(folder):
    expected = next(
        text
        for language, name, text in BLOCK.findall(GUIDE.read_text("utf-8"))
        if (language, name) == ("problems", "vale")
    )
    with pytest.raises(Flawed) as flawed:
        packs.load(folder / "vale")
    assert [f"{p.file}:{p.line} {p.code}" for p in flawed.value.problems] == expected.split("\n")[:-1]


def test_the_guide_names_every_file_a_pack_may_hold():
    from gezhi.foundation.packs import loading

    packs.load(Path(settings.ROOT) / "packs" / "standard-county")
    table = GUIDE.read_text(encoding="utf-8")
    for kind in loading.KINDS.values():
        assert (f"`{kind.folder}/*.yaml`" if kind.folder else f"`{kind.name}.yaml`") in table, kind.name


def test_the_guide_names_every_field_type_and_key():
    from gezhi.foundation.forms.fields import TYPES

    text = GUIDE.read_text(encoding="utf-8")
    keys = (
        "id",
        "type",
        "title",
        "required",
        "when",
        "max",
        "min",
        "choices",
        "default",
        "hint",
        "sensitive",
        "public",
    )
    for word in (*TYPES, *keys):
        assert f"`{word}`" in text, word
