"""A test that fails once is asked once more; who fails twice, and many who fail once, have failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STEADY = "def test_steady():\n    pass\n"
# Fails when it is first asked; its trace is a file.
ONCE = """
from pathlib import Path
import pytest
@pytest.mark.parametrize("row", range({rows}))
def test_once(row):
    trace = Path(__file__).with_name(f"trace-{{row}}")
    met = trace.exists()
    trace.touch()
    assert met, "by chance"
"""
ALWAYS = "def test_always():\n    assert False, 'in earnest'\n"


pytestmark = pytest.mark.once("runs small suites of its own")


def asked(folder: Path, body: str) -> tuple[int, str]:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(body + STEADY)
    answer = subprocess.run(
        [sys.executable, "-m", "tools.again", "-q"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.returncode, answer.stdout


def test_who_fails_once_passes_and_is_named(tmp_path: Path) -> None:
    code, said = asked(tmp_path, ONCE.format(rows=2))
    assert code == 0 and said.count("UNSTEADY") == 2
    assert "UNSTEADY test_it.py::test_once[1]" in said and "AssertionError: by chance" in said


def test_who_fails_twice_has_failed(tmp_path: Path) -> None:
    code, said = asked(tmp_path, ALWAYS)
    assert code == 1 and said.count("in earnest") > 1 and "UNSTEADY" not in said


def test_three_failures_are_no_chance(tmp_path: Path) -> None:
    code, said = asked(tmp_path, ONCE.format(rows=3))
    assert code == 1 and "once more" not in said


@pytest.mark.parametrize(("body", "expected"), [("", 0), ("import no_such_module\n", 2)])
def test_a_clean_run_and_one_that_never_began_are_left_as_they_are(tmp_path: Path, body: str, expected: int) -> None:
    code, said = asked(tmp_path, body)
    assert code == expected and "once more" not in said
