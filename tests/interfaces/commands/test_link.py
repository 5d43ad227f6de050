"""The command as `make run` leaves it in the environment, not the module behind it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import link


@pytest.mark.once("a home of its own on SQLite")
def test_the_command_verifies_with_a_crew_of_processes(tmp_path: Path) -> None:
    command = tmp_path / "gezhi"
    command.write_text(link.COMMAND)
    home = {"GEZHI_HOME": str(tmp_path / "home"), "GEZHI_KEYS": str(tmp_path / "keys"), "PYTHONPATH": str(link.ROOT)}
    env = {name: value for name, value in os.environ.items() if name != "GEZHI_DATABASE_URL"} | home
    for said in (["migrate"], ["verify", "--processes", "2"]):
        done = subprocess.run(
            [sys.executable, str(command), *said], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
