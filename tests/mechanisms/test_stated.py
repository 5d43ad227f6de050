"""What was agreed for each file that carries a mechanism is what the product says of it, and what it does.

`gezhi packs show` says who, how much, how often, by when: the lines of `laid_down/`, which a person read beside the newspaper page. A
method says on its own page who does each step, who may not, how often it comes back, and who hears when it is late: `stated.json`.
And registers and activities are tried: what must be filled in, bounds, choices, who convenes (`heeded.py`).

Whoever changes a limit, a role, a rhythm or a bound changes it there as well, on purpose: `python -m tools.laid_down packs/…/x.yaml`
writes what the pack says now, for `git diff` to show.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from gezhi.interfaces.commands import packs as command
from tests.mechanisms import heeded, heeded_books, mechanism
from tests.mechanisms.laid_down import sections
from tests.mechanisms.stated import parts, rules

pytestmark = pytest.mark.once("what pack files say, and which forms they refuse, is decided before a row is written")
AGREED = sections()
STATED = json.loads(Path(__file__).with_name("stated.json").read_text(encoding="utf-8"))


def shown(file: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    assert command.run(parser.parse_args(["show", str(Path(settings.ROOT) / file)])) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == f"## {file}"
    return lines


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(
            file, marks=[mechanism(id, file=file) for id in section.mechanisms], id=file.removeprefix("packs/")
        )
        for file, section in AGREED.items()
    ],
)
def test_the_pack_lays_down_what_was_agreed(file, capsys):
    assert shown(file, capsys) == list(AGREED[file].lines), f"if this was meant: python -m tools.laid_down {file}"


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(file, marks=mechanism(one["mechanism"], file=file), id=one["mechanism"])
        for file, one in STATED.items()
    ],
)
def test_the_method_says_what_was_agreed(county, file):
    pack = file.split("/")[1]
    world = county() if pack == "standard-county" else county(pack)
    found = re.search(r"^workflow: (\S+)", (Path(settings.ROOT) / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert found and parts(rules(world, found[1])) == parts(STATED[file]["says"])


@pytest.mark.parametrize("pack", [pytest.param(pack, marks=heeded.MARKS[pack], id=pack) for pack in heeded.BY_PACK])
def test_what_lines_lack_is_refused_bounds_hold_and_only_organisers_convene(county, pack):
    world = county(pack)
    for name, lines in heeded.of(pack, "registers"):
        heeded.heeds_its_form(name, lines)
    agreed = {
        name: frozenset(re.findall(r"\w+", line.split(": ")[1]))
        for name, lines in heeded.of(pack, "activities")
        for line in lines
        if line.startswith("organisers: ")
    }
    assert heeded.who_convenes(world, agreed) == agreed


@pytest.mark.parametrize("pack", [pytest.param(p, marks=heeded_books.MARKS[p], id=p) for p in heeded_books.BY_PACK])
def test_who_reads_enters_closes_opens_and_gives_is_who_was_agreed(county, pack):
    said, found = heeded_books.who_may(county(pack), pack)
    assert found == said
