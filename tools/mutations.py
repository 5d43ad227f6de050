"""Break the pack files of covered mechanisms in one place each, and see whether the mechanisms' own tests notice.

    python -m tools.mutations --count 200               a sample over all files that a marked test names, seeded
    python -m tools.mutations --pack minzhu-street       only this pack; --file packs/… only this file; --all every change
    python -m tools.mutations --only registers,duties    only files of these kinds
    python -m tools.mutations --acts                     without the tests that only compare what a pack says
    python -m tools.mutations --count 200 --resume       what was killed or refused stays so; survivors are tried again

A change is *refused* (the proof or the reader of packs does not take it), *equivalent* (what is read from the pack is the same to the
byte), *killed* (a marked test of a mechanism that names the file fails) or has *survived*. Only the tests that name the file run,
until one fails; each process keeps one test session warm, in a copy of the tree. The results lie in `.mutations/<seed>.jsonl`, one
line a change; the report, with each survivor and the tests that were asked, in `.mutations/<seed>.txt`. Exit code 1 when anything survived.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tools.mutating import claims, marked, roles
from tools.mutation_points import Change, points

ROOT = Path(__file__).resolve().parents[1]
#: Tests that hold what a pack says against what was agreed; without them one sees what the mechanisms' own acts notice.
SAYING = ("test_the_pack_lays_down_what_was_agreed", "test_the_method_says_what_was_agreed")
COPIED = ("gezhi", "tests", "packs", "tools", "docs", "pyproject.toml", "manage.py")


def chosen(
    files: Sequence[str], root: Path, *, seed: int, count: int | None, left: Iterable[tuple[str, str]] = ()
) -> list[tuple[str, Change]]:
    """The changes to try: as many of each file as its turn gives, seeded, so that a longer run goes on where a shorter ended."""
    each: dict[str, list[Change]] = {}
    order = sorted(files)
    random.Random(seed).shuffle(order)  # a short run is not one of the first packs only
    for file in order:
        made = list(_points(root, file))
        random.Random(f"{seed}:{file}").shuffle(made)
        each[file] = made
    found: list[tuple[str, Change]] = []
    turn = 0
    while any(each.values()) and (count is None or len(found) < count):
        for file, made in each.items():
            if turn < len(made) and (count is None or len(found) < count):
                found.append((file, made[turn]))
        turn += 1
        if all(turn >= len(made) for made in each.values()):
            break
    gone = set(left)
    return [(file, change) for file, change in found if (file, change.id) not in gone]


@functools.cache
def _points(root: Path, file: str) -> list[Change]:
    return points((root / file).read_text(encoding="utf-8"), roles(root, file.split("/")[1]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print what survived; 1 when anything did."""
    given = _arguments(arguments)
    root = Path(given.root).resolve()
    tests = claims([*marked(root), "-m", "mechanism and not browser", "-p", "no:cacheprovider"])
    files = [f for f in sorted(tests) if (root / f).is_file() and f.endswith(".yaml")]
    if given.pack:
        files = [f for f in files if f.split("/")[1] == given.pack]
    if given.only:
        kinds = given.only.split(",")
        files = [f for f in files if (f.split("/")[2] if f.count("/") > 2 else "other") in kinds]
    if given.file:
        files = [f for f in files if f in given.file]
    results = root / ".mutations" / f"{given.seed}{'-acts' if given.acts else ''}.jsonl"
    results.parent.mkdir(exist_ok=True)
    before = _read(results) if given.resume else {}
    results.write_text("".join(_line(r) for r in before.values()), encoding="utf-8")
    count = None if given.all else given.count
    tasks = chosen(files, root, seed=given.seed, count=count, left=before)
    print(
        f"{len(tests)} pack files named by marked tests; {len(tasks)} changes to try in {len(files)} of them",
        flush=True,
    )
    began = time.monotonic()
    _spread(tasks, root, results, given.jobs, SAYING if given.acts else ())
    lines = _report(_read(results, survivors=True), files, root)
    lines.append(f"seed {given.seed}, {(time.monotonic() - began) / 60:.1f} minutes")
    results.with_suffix(".txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    return 1 if any(r["verdict"] in ("survived", "no tests") for r in _read(results, survivors=True).values()) else 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pack")
    parser.add_argument("--file", action="append")
    parser.add_argument(
        "--only", help="kinds of files, by folder: registers,duties,activities,workflows,…; other: files of no folder"
    )
    parser.add_argument("--acts", action="store_true")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--root", default=str(ROOT), help="the tree whose packs and tests these are")
    return parser.parse_args(arguments)


def _line(result: dict[str, Any]) -> str:
    return json.dumps(result, ensure_ascii=False) + "\n"


def _read(results: Path, *, survivors: bool = False) -> dict[tuple[str, str], dict[str, Any]]:
    """Results by (file, change); without `survivors` only what need not be tried again."""
    if not results.is_file():
        return {}
    found = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines() if line]
    return {(r["file"], r["id"]): r for r in found if survivors or r["verdict"] in ("killed", "refused", "equivalent")}


def _spread(tasks: list[tuple[str, Change]], root: Path, results: Path, jobs: int, leave: Sequence[str]) -> None:
    """Each process takes neighbours: it reads a pack, and looks at the tests of a file unbroken, only once."""
    tasks = sorted(tasks, key=lambda task: task[0])
    each = -(-len(tasks) // jobs)
    shares = [tasks[job * each : (job + 1) * each] for job in range(jobs)]
    running = []
    with tempfile.TemporaryDirectory(prefix="gezhi-mutations-") as scratch:
        for number, share in enumerate(s for s in shares if s):
            copy = Path(scratch) / str(number)
            _copy(root, copy)
            listed = [{"file": f, "id": c.id} for f, c in share]
            (copy / "tasks.json").write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")
            code = [str(copy), str(ROOT)] if not (copy / "gezhi").is_dir() else [str(copy)]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(code)}
            command = [
                sys.executable,
                "-m",
                "tools.mutating",
                str(copy),
                str(copy / "tasks.json"),
                str(results),
                *leave,
            ]
            running.append(subprocess.Popen(command, cwd=copy, env=environment))
        for process in running:
            process.wait()


def _copy(root: Path, copy: Path) -> None:
    copy.mkdir()
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (root / name).is_file():
            shutil.copy2(root / name, copy / name)


def _report(results: dict[tuple[str, str], dict[str, Any]], files: Sequence[str], root: Path) -> list[str]:
    known = {f: {c.id: c for c in _points(root, f)} for f in files}
    mine = [r for r in results.values() if r["file"] in known]
    said: list[str] = []
    for file in sorted({r["file"] for r in mine}):
        here = [r for r in mine if r["file"] == file]
        counts = Counter(r["verdict"] for r in here)
        said.append(f"{file}  " + "  ".join(f"{verdict} {n}" for verdict, n in sorted(counts.items())))
        for result in here:
            change = known[file].get(result["id"])
            if change is not None and result["verdict"] == "survived":
                after = change.after or "(left out)"
                said.append(
                    f"    line {change.line}  {'.'.join(change.path)}: {change.before} -> {after}  ({change.rule})"
                )
                said += [f"        asked: {test}" for test in result.get("asked", ())]
    counts = Counter(r["verdict"] for r in mine)
    by = Counter(r["by"].split("::")[-1].split("[")[0] in SAYING for r in mine if r["verdict"] == "killed")
    said.append("  ".join(f"{verdict} {n}" for verdict, n in sorted(counts.items())) or "nothing to try")
    said.append(f"killed by what the pack says {by[True]}, by what the mechanism does {by[False]}")
    return said


if __name__ == "__main__":
    sys.exit(main())
