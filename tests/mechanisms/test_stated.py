"""Each method says on its own page who does each step, by when, who may not, how often it comes back, and who hears when it is late.

What it says is held against `stated.json`, which was read by a person against the newspaper page and the pack's own remarks: a
limit, a role, a share or a rung that changes has to be changed there as well, on purpose.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.mechanisms import mechanism
from tests.mechanisms.stated import parts, rules

STATED = json.loads(Path(__file__).with_name("stated.json").read_text(encoding="utf-8"))


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
