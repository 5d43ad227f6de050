"""Break the pack files of covered mechanisms in one place each, and see whether the mechanisms' own tests notice.

    python -m tools.mutations --count 200               a sample over all files that a marked test names, seeded
    python -m tools.mutations --pack minzhu-street       only this pack; --file packs/… only this file; --all every change
    python -m tools.mutations --count 200 --resume       what was killed or refused stays so; survivors are tried again

A change is *refused* (the proof or the reader of packs does not take it), *killed* (a marked test of a mechanism that names the
file fails) or has *survived*. Only the tests that name the file run; each process keeps one test session warm, in a copy of
the tree. The results lie in `.mutations/` as one JSON line a change. Exit code 1 when anything survived.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.mutating import claims, roles
from tools.mutation_points import Change, points

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("gezhi", "tests", "packs", "tools", "docs", "pyproject.toml", "manage.py")


def chosen(
    files: Sequence[str], root: Path, *, seed: int, count: int | None, left: Iterable[tuple[str, str]] = ()
) -> list[tuple[str, Change]]:
    """The changes to try: as many of each file as its turn gives, seeded, so that a longer run goes on where a shorter ended."""
    each: dict[str, list[Change]] = {}
    for file in sorted(files):
        made = _points(root, file)
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


def _points(root: Path, file: str) -> list[Change]:
    return points((root / file).read_text(encoding="utf-8"), roles(root, file.split("/")[1]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print what survived; 1 when anything did."""
    given = _arguments(arguments)
    root = Path(given.root).resolve()
    tests = claims([str(root / "tests"), "-m", "mechanism and not browser", "-p", "no:cacheprovider"])
    files = [f for f in sorted(tests) if (root / f).is_file() and f.endswith(".yaml")]
    if given.pack:
        files = [f for f in files if f.split("/")[1] == given.pack]
    if given.file:
        files = [f for f in files if f in given.file]
    results = root / ".mutations" / f"{given.seed}.jsonl"
    results.parent.mkdir(exist_ok=True)
    before = _read(results) if given.resume else {}
    results.write_text("".join(_line(r) for r in before.values()), encoding="utf-8")
    count = None if given.all else given.count
    tasks = chosen(files, root, seed=given.seed, count=count, left=before)
    print(
        f"{len(tests)} pack files named by marked tests; {len(tasks)} changes to try in {len(files)} of them",
        flush=True,
    )
    _spread(tasks, root, results, given.jobs)
    return _report(_read(results, survivors=True), files, root)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pack")
    parser.add_argument("--file", action="append")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--root", default=str(ROOT), help="the tree whose packs and tests these are")
    return parser.parse_args(arguments)


def _line(result: dict[str, str]) -> str:
    return json.dumps(result, ensure_ascii=False) + "\n"


def _read(results: Path, *, survivors: bool = False) -> dict[tuple[str, str], dict[str, str]]:
    """Results by (file, change); without `survivors` only what need not be tried again."""
    if not results.is_file():
        return {}
    found = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines() if line]
    return {(r["file"], r["id"]): r for r in found if survivors or r["verdict"] in ("killed", "refused")}


def _spread(tasks: list[tuple[str, Change]], root: Path, results: Path, jobs: int) -> None:
    """Each process takes whole files, so that it looks at their tests unbroken only once."""
    names = sorted({file for file, _change in tasks})
    shares = [[t for t in tasks if names.index(t[0]) % jobs == job] for job in range(jobs)]
    running = []
    with tempfile.TemporaryDirectory(prefix="gezhi-mutations-") as scratch:
        for number, share in enumerate(s for s in shares if s):
            copy = Path(scratch) / str(number)
            _copy(root, copy)
            listed = sorted(({"file": f, "id": c.id} for f, c in share), key=lambda t: t["file"])
            (copy / "tasks.json").write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")
            code = [str(copy), str(ROOT)] if not (copy / "gezhi").is_dir() else [str(copy)]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(code)}
            command = [sys.executable, "-m", "tools.mutating", str(copy), str(copy / "tasks.json"), str(results)]
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


def _report(results: dict[tuple[str, str], dict[str, str]], files: Sequence[str], root: Path) -> int:
    lines = {f: {c.id: c for c in _points(root, f)} for f in files}
    mine = [r for r in results.values() if r["file"] in lines]
    for file in sorted({r["file"] for r in mine}):
        counts = Counter(r["verdict"] for r in mine if r["file"] == file)
        print(f"{file}  " + "  ".join(f"{verdict} {n}" for verdict, n in sorted(counts.items())))
        for result in mine:
            change = lines[file].get(result["id"]) if result["file"] == file else None
            if change is not None and result["verdict"] == "survived":
                after = change.after or "(left out)"
                print(f"    line {change.line}  {'.'.join(change.path)}: {change.before} -> {after}  ({change.rule})")
    counts = Counter(r["verdict"] for r in mine)
    print("  ".join(f"{verdict} {n}" for verdict, n in sorted(counts.items())) or "nothing to try")
    return 1 if counts["survived"] or counts["no tests"] else 0


if __name__ == "__main__":
    sys.exit(main())
