"""The worked example of docs/pack-author.md is a pack: it loads, runs as the prose says, and its mistakes are refused as printed."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings

from gezhi.engines.workflows import ticking
from gezhi.foundation import packs, people
from gezhi.foundation.errors import Flawed
from tests.promises.test_pack_guide import BLOCK
from tests.world import World

GUIDE = (Path(settings.ROOT) / "docs" / "pack-author.md").read_text(encoding="utf-8")
FILES = {name: text for language, name, text in BLOCK.findall(GUIDE) if language == "yaml"}
(MISTAKES,) = [text.splitlines() for language, _name, text in BLOCK.findall(GUIDE) if language == "mistakes"]
PARTS = {name: text for language, name, text in BLOCK.findall(GUIDE) if language == "part"}
FLOW = "back-hill/workflows/street_lamp.yaml"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "standard-county").symlink_to(Path(settings.ROOT) / "packs" / "standard-county")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / "back-hill"


@pytest.mark.django_db
def test_the_example_runs_as_its_prose_says(folder):
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as at_ten:
        world = World()
        world.seat("grid_head", "lake1", "格新")
        packs.install(folder, actor=people.system("test"))
        case = world.open("村口路灯坏了。", workflow="street_lamp")
        world.do(case, "broken", "秦英", which="村口第二盏")
        world.do(case, "done", "赵兰")
        world.do(case, "dark", "格新")
        world.do(case, "done", "赵兰")
        assert world.do(case, "dark", "格新").stage == "street", "changed once more, then the street"
        world.do(case, "done", "周敏")
        assert world.do(case, "object", words="还是暗。").stage == "check"
        assert world.do(case, "bright", "格新").stage == "posted"
        at_ten.shift(timedelta(days=4))
        ticking.tick()
        case.refresh_from_db()
        assert (case.state, case.outcome) == ("closed", "done")


@pytest.mark.parametrize("line", MISTAKES)
def test_each_mistake_is_refused_with_the_code_that_is_printed(folder, line):
    right, _arrow, rest = line.partition(" =>")
    wrong, _arrow, code = rest.rpartition("-> ")
    text = FILES[FLOW]
    assert right in text, line
    at = text.index(right)
    if wrong.strip():
        text = text[:at] + wrong.strip() + text[at + len(right) :]
    else:  # the whole line is left out
        start = text.rindex("\n", 0, at) + 1
        text = text[:start] + text[text.index("\n", at) + 1 :]
    (folder / "workflows" / "street_lamp.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Flawed) as refused:
        packs.load(folder)
    found = {problem.code for problem in refused.value.problems}
    assert code in found, [str(p) for p in refused.value.problems]
    assert all(
        re.fullmatch(r"back-hill/workflows/street_lamp\.yaml", p.file) and p.line for p in refused.value.problems
    )


@pytest.mark.parametrize(("part", "first"), [("committee", "committee"), ("together", "looking"), ("large", "told")])
def test_the_parts_of_the_guide_are_sound_where_it_says_they_would_stand(folder, part, first):
    assert set(PARTS) == {"committee", "together", "large"}
    if part == "large":  # before the first step, with what it keeps at the top
        text = FILES[FLOW].replace("start: look\n", "start: told\nkept: {lamps: number}\n", 1)
        found = text.replace("  look:\n", PARTS[part] + "  look:\n", 1)
    else:
        text = FILES[FLOW].replace("        to: change\n      fine:", f"        to: {first}\n      fine:", 1)
        found = text.replace("  change:\n", PARTS[part] + "  change:\n", 1)
    assert found.count(first) > FILES[FLOW].count(first) + 1
    (folder / "workflows" / "street_lamp.yaml").write_text(found, encoding="utf-8")
    flow = packs.load(folder).get("workflow", "street_lamp")
    assert flow is not None and first in flow.body["stages"]


def test_the_guide_needs_no_command_that_does_not_exist():
    from gezhi.interfaces.commands import main

    for command in set(re.findall(r"gezhi ([a-z]+)", GUIDE)):
        assert main._load(command) is not None, command
