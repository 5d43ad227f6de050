"""`gezhi packs show` says of each file that carries a mechanism what a person read in the newspaper page: who, how much, how often.

The lines of `laid_down/` were read against the pages; whoever changes a limit, a role, a rhythm or a bound changes them there as
well, on purpose: `python -m tools.laid_down packs/…/x.yaml` writes what the pack says now, for `git diff` to show.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from django.conf import settings

from gezhi.interfaces.commands import packs as command
from tests.mechanisms import mechanism
from tests.mechanisms.laid_down import sections

AGREED = sections()


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
