"""Refuse tracked files that name a package registry or a path of one machine.

A lock file with an index address or a script with somebody's home directory works in one place only.
The words are spelled in pieces so that this file does not find itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REGISTRIES = ["py" + "pi.org", "python" + "hosted", "registry." + "npmjs", "deb." + "debian.org", "npm" + "mirror"]
REGISTRIES += ["mirrors." + "aliyun", "tuna." + "tsinghua", "registry." + "yarnpkg", "repo1." + "maven"]
PATHS = ["/ro" + "ot/", "/wo" + "rk/", "/ho" + r"me/[a-z]", "/Us" + "ers/[a-z]", "/op" + "t/(?:wheels|py)"]
PATTERN = re.compile("|".join([*map(re.escape, REGISTRIES), *PATHS]))
TEST_TEMP = re.compile("/tm" + r"p/[a-z]")


def findings() -> list[str]:
    """`path:line: text` for every offence in tracked files; binary files are not read."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    found = []
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if not name or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if PATTERN.search(line) or TEST_TEMP.search(line):
                found.append(f"{name}:{number}: {line.strip()[:120]}")
    return found


if __name__ == "__main__":
    found = findings()
    for line in found:
        print(line, file=sys.stderr)
    sys.exit(1 if found else 0)
