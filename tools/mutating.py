"""One warm test process that breaks pack files: each change is written, the marked tests of its file run, and it is put back.

A pytest plugin: the session collects once, sets its database up once, and its run loop goes over changes instead of tests. It
works in a copy of the tree (tools/mutations.py), so that what it writes is nobody else's file.
"""

from __future__ import annotations

import functools
import gc
import io
import json
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tools.mutation_points import Change, points

SECONDS = 90  # a change that makes a test run longer is a change that it notices


class _Rest(pytest.Item):
    """What comes after the tests of a file: fixtures of the file end, those of the session stay."""

    def runtest(self) -> None:
        """Never run."""


class Mutating:
    """`tasks`: [{"file", "id"}], in order; a line of JSON for each goes to `out`. `root`: the copy of the tree."""

    def __init__(self, root: Path, tasks: list[dict[str, str]], out: Path) -> None:
        self.root, self.tasks, self.out = root, tasks, out
        self.tests: dict[str, list[pytest.Item]] = defaultdict(list)
        self.sound: dict[str, list[pytest.Item]] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for mark in item.iter_markers("mechanism"):
                if mark.kwargs.get("file") and item not in self.tests[mark.kwargs["file"]]:
                    self.tests[mark.kwargs["file"]].append(item)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        rest = _Rest.from_parent(session, name="rest")
        for task in self.tasks:
            line = {**task, **self._one(task, rest)}
            with self.out.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
        return True

    def _one(self, task: dict[str, str], rest: pytest.Item) -> dict[str, Any]:
        file = self.root / task["file"]
        text = file.read_text(encoding="utf-8")
        change = next(
            c for c in points(text, roles(self.root, file.relative_to(self.root).parts[1])) if c.id == task["id"]
        )
        began = time.monotonic()
        items = self._sound(task["file"], rest)
        if not items:
            return {"verdict": "no tests", "seconds": 0.0}
        file.write_text(change.of(text), encoding="utf-8")
        try:
            verdict, by = self._judge(file, items, rest)
        finally:
            file.write_text(text, encoding="utf-8")
        return {"verdict": verdict, "by": by, "seconds": round(time.monotonic() - began, 2)}

    def _sound(self, name: str, rest: pytest.Item) -> list[pytest.Item]:
        """The tests of a file that pass while it is whole, quickest first; looked at once."""
        if name not in self.sound:
            forget()
            took = {}
            for item in self.tests.get(name, ()):
                began = time.monotonic()
                if not _failed(item, rest):
                    took[item] = time.monotonic() - began
                else:
                    print(f"left aside, it fails with {name} whole: {item.nodeid}", file=sys.stderr)
            self.sound[name] = sorted(took, key=lambda item: took[item])
        return self.sound[name]

    def _judge(self, file: Path, items: list[pytest.Item], rest: pytest.Item) -> tuple[str, str]:
        from gezhi.foundation import packs
        from gezhi.foundation.errors import Flawed

        forget()
        folder = self.root / "packs" / file.relative_to(self.root / "packs").parts[0]
        try:
            packs.load(folder)
        except Flawed as refused:
            return "refused", refused.problems[0].code if refused.problems else ""
        for item in items:
            if _failed(item, rest):
                items.remove(item)
                items.insert(0, item)  # whoever saw the last one may see the next
                return "killed", item.nodeid
        return "survived", ""


def _failed(item: pytest.Item, rest: pytest.Item) -> bool:
    with _bounded():
        try:
            reports = runtestprotocol(item, log=False, nextitem=rest)
        except _TooLong:
            return True
    return any(report.failed for report in reports)


class _TooLong(BaseException):
    """Raised in a test that does not come to an end."""


@contextmanager
def _bounded() -> Iterator[None]:
    def late(*_given: Any) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def forget() -> None:
    """Nothing made from a pack before is used again: what functions remember, and the rows of the tests' county."""
    remembered = sys.modules.get("tests.remembered")
    if remembered is not None:
        remembered._made.clear()
    for cached in _caches():
        cached.cache_clear()


def _caches() -> list[Any]:
    return [
        one
        for one in gc.get_objects()
        if isinstance(one, functools._lru_cache_wrapper) and str(one.__module__).startswith(("gezhi.", "tests."))
    ]


@functools.lru_cache(maxsize=64)
def roles(root: Path, pack: str) -> frozenset[str]:
    """Names of the posts that a pack may use: its own and those of the standard one."""
    from ruamel.yaml import YAML

    found: set[str] = set()
    for file in (root / "packs" / name / "posts.yaml" for name in ("standard-county", pack)):
        if not file.is_file():
            continue
        node = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8")) or {}
        declared = node.get("posts", ())
        found |= set(declared) if isinstance(declared, dict) else {p["code"] for p in declared if "code" in p}
    return frozenset(found)


def claims(session_args: list[str]) -> dict[str, list[str]]:
    """pack file -> the tests that name it, collected and not run."""
    found: dict[str, list[str]] = defaultdict(list)

    class _Looking:
        def pytest_collection_finish(self, session: pytest.Session) -> None:
            for item in session.items:
                for mark in item.iter_markers("mechanism"):
                    if mark.kwargs.get("file"):
                        found[mark.kwargs["file"]].append(item.nodeid)

    with redirect_stdout(io.StringIO()):
        pytest.main([*session_args, "--collect-only", "-q"], plugins=[_Looking()])
    return found


def main(root: str, tasks: str, out: str) -> int:
    """The work of one process, in the copy `root`."""
    given = json.loads(Path(tasks).read_text(encoding="utf-8"))
    arguments = [str(Path(root) / "tests"), "-m", "mechanism and not browser", "-p", "no:cacheprovider", "-q"]
    said = io.StringIO()
    with redirect_stdout(said):
        ended = pytest.main(arguments, plugins=[Mutating(Path(root), given, Path(out))])
    if ended in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return 0
    print(said.getvalue()[-4000:], file=sys.stderr)
    return 1


__all__ = ["Change", "Mutating", "claims", "forget", "main", "roles"]

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
