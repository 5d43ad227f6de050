"""Print the 195 mechanisms of the pages: place, name, the pack file that defines it, its test, and whether it holds.

Runs every test marked `@mechanism("M126", file="packs/...")`. Exit code 1 when one of them fails, when a
mark names an unknown mechanism, or a pack file that is not there. A mechanism without a test is listed,
not counted as a failure.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@dataclass(eq=False)  # pytest keeps plugins in sets
class Collected:
    """A pytest plugin: which test claims which mechanism and file, and how each test ended."""

    claims: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    passed: dict[str, bool] = field(default_factory=dict)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for mark in item.iter_markers("mechanism"):
                self.claims[mark.args[0]].append((item.nodeid, mark.kwargs.get("file", "")))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # A mechanism holds when set-up, call and tear-down all passed; a skipped test shows nothing.
        self.passed[report.nodeid] = self.passed.get(report.nodeid, True) and report.passed


def known() -> dict[str, tuple[str, str]]:
    """id -> (place, name), from `tools/mechanisms.csv`."""
    with (ROOT / "tools" / "mechanisms.csv").open(encoding="utf-8") as rows:
        return {row["id"]: (row["place"], row["name"]) for row in csv.DictReader(rows)}


def main(folder: str = str(ROOT / "tests")) -> int:
    """Print the table for the tests of a folder; 1 when a claim does not hold."""
    mechanisms, collected = known(), Collected()
    ended = pytest.main([folder, "-m", "mechanism", "-q", "--no-header", "--no-summary"], plugins=[collected])
    flaws, holding = [], 0
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        flaws.append(f"the tests did not run: {ended!r}")
    for id, (place, name) in mechanisms.items():
        tests = collected.claims.get(id, [])
        if not tests:
            print(f"{id}  ----    {place}  {name}")
            continue
        holds = all(collected.passed.get(test, False) for test, _file in tests)
        holding += holds
        files = sorted({file for _test, file in tests if file})
        print(f"{id}  {'holds ' if holds else 'FAILS '}  {place}  {name}  {' '.join(files) or '(no pack file)'}")
        for test, _file in tests:
            print(f"            {'passed' if collected.passed.get(test) else 'FAILED'}  {test}")
        if not holds:
            flaws.append(f"{id} does not hold")
        flaws += [f"{id} names {file}, which is not there" for file in files if not (ROOT / file).exists()]
    flaws += [f"{id} is not a mechanism of the pages" for id in collected.claims if id not in mechanisms]
    print(f"{holding} of {len(mechanisms)} mechanisms hold")
    for flaw in flaws:
        print(flaw, file=sys.stderr)
    return 1 if flaws else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
