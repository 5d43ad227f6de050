"""All tests; what fails by chance is asked a second time, and named.

    python -m tools.again [arguments of pytest]

At most `BY_CHANCE` tests that failed are run once more, by themselves and one after the other. Who fails twice has failed;
who passes is named at the end as unsteady, with the words of its first failure above. More failures than that are no
chance, and nothing is asked twice. Exit code: 0, or that of pytest. Reason: ADR 0430.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

BY_CHANCE = 2
FAILED = 1  # pytest's own code for "tests failed"; interrupted, misused and empty runs are no chance


def failed_in(cache: Path) -> list[str]:
    """The tests that pytest remembers as failed, by their ids; none when it was stopped before it wrote."""
    kept = cache / "v" / "cache" / "lastfailed"
    return sorted(json.loads(kept.read_text())) if kept.exists() else []


def main(arguments: list[str]) -> int:
    pytest = [sys.executable, "-m", "pytest"]
    with tempfile.TemporaryDirectory(prefix="gezhi-again-") as folder:
        code = subprocess.call([*pytest, *arguments, "-o", f"cache_dir={folder}"])
        failed = failed_in(Path(folder))
    # Paths without "::" are files that could not be read: no test, no chance.
    if code != FAILED or not 0 < len(failed) <= BY_CHANCE or not all("::" in test for test in failed):
        return code
    print(f"\n{len(failed)} failed; once more, alone:", flush=True)
    code = subprocess.call([*pytest, "-q", "-p", "no:cacheprovider", *failed])
    for test in failed if code == 0 else ():
        print(f"UNSTEADY {test}: failed above, passed alone. Find out why.")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
