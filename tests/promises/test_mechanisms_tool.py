"""`make mechanisms` knows the 195 mechanisms of the pages, and believes only tests that ran and passed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from tools import mechanisms

ROOT = Path(settings.ROOT)


def test_the_pages_have_195_mechanisms():
    known = mechanisms.known()
    assert len(known) == 195
    assert all(re.fullmatch(r"M\d{3}", id) and place and name for id, (place, name) in known.items())


def test_each_claim_names_a_known_mechanism_and_a_file_that_is_there():
    """Read from the source, so that this does not run the tests a second time."""
    claims = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path.name == "test_mutations_tool.py":  # quotes a planted test of a planted pack
            continue
        claims += re.findall(r'mechanism\("(M\d+)", file="([^"]+)"\)', path.read_text(encoding="utf-8"))
    assert len(claims) > 10
    assert [id for id, _file in claims if id not in mechanisms.known()] == []
    assert [file for _id, file in claims if not (ROOT / file).exists()] == []


def test_one_mechanism_is_run_and_counted(tmp_path):
    """The tool as it is called, on a folder with one test that passes and one that fails."""
    (tmp_path / "test_two.py").write_text(
        "import pytest\n"
        '@pytest.mark.mechanism("M001", file="packs/standard-county/pack.yaml")\n'
        "def test_holds(): pass\n"
        '@pytest.mark.mechanism("M002", file="packs/standard-county/pack.yaml")\n'
        "def test_fails(): assert False\n"
    )
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "mechanisms.py"), str(tmp_path)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 1
    assert re.search(r"^M001  holds ", done.stdout, re.MULTILINE)
    assert re.search(r"^M002  FAILS ", done.stdout, re.MULTILINE)
    assert len(re.findall(r"^M\d{3}  ", done.stdout, re.MULTILINE)) == 195
    assert "1 of 195" in done.stdout
