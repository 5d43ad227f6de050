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
    """`tasks`: [{"file", "id"}], in order; a line of JSON for each goes to `out`. `root`: the copy of the tree.

    `leave`: tests that are not asked (by their functions' names), so that a run shows what the others see.
    """

    def __init__(self, root: Path, tasks: list[dict[str, str]], out: Path, leave: frozenset[str] = frozenset()) -> None:
        self.root, self.tasks, self.out, self.leave = root, tasks, out, leave
        self.tests: dict[str, list[pytest.Item]] = defaultdict(list)
        self.sound: dict[pytest.Item, bool] = {}
        self.took: dict[pytest.Item, float] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for mark in item.iter_markers("mechanism"):
                known = self.tests[mark.kwargs.get("file", "")]
                if item not in known and item.name.split("[")[0] not in self.leave:
                    known.append(item)

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
        change = _changes(text, roles(self.root, file.relative_to(self.root).parts[1]))[task["id"]]
        began = time.monotonic()
        known = self.tests.get(task["file"], [])
        # What needs no database first, then by how long it took, once that is known.
        items = sorted(known, key=lambda item: ("db" in getattr(item, "fixturenames", ()), self.took.get(item, 0.0)))
        asked: list[str] = []
        verdict, by = self._judge(file, text, change, items, rest, asked) if items else ("no tests", "")
        line = {"verdict": verdict, "by": by, "seconds": round(time.monotonic() - began, 2)}
        return {**line, "asked": asked} if verdict == "survived" else line

    def _judge(
        self, file: Path, text: str, change: Change, items: list[pytest.Item], rest: pytest.Item, asked: list[str]
    ) -> tuple[str, str]:
        from gezhi.foundation import packs
        from gezhi.foundation.errors import Flawed

        folder = self.root / "packs" / file.relative_to(self.root / "packs").parts[0]
        pack = folder.name
        whole = {(item.kind, item.name): item.hash for item in packs.load(folder).items}
        try:
            file.write_text(change.of(text), encoding="utf-8")
            forget(self.root, pack)
            try:
                broken = {(item.kind, item.name): item.hash for item in packs.load(folder).items}
            except Flawed as refused:
                return "refused", refused.problems[0].code if refused.problems else ""
            if broken == whole:
                return "equivalent", "the pack that is read from it is the same"
            for item in items:
                if self.sound.get(item) is False or not self._fails(item, rest):
                    asked.append(item.nodeid)
                    continue
                if item not in self.sound:
                    file.write_text(text, encoding="utf-8")
                    forget(self.root, pack)
                    self.sound[item] = not self._fails(item, rest)
                    if not self.sound[item]:
                        print(f"left aside, it fails with {file.name} whole: {item.nodeid}", file=sys.stderr)
                        file.write_text(change.of(text), encoding="utf-8")
                        forget(self.root, pack)
                        continue
                return "killed", item.nodeid
            return "survived", ""
        finally:
            file.write_text(text, encoding="utf-8")
            forget(self.root, pack)

    def _fails(self, item: pytest.Item, rest: pytest.Item) -> bool:
        began = time.monotonic()
        failed = _failed(item, rest)
        self.took[item] = time.monotonic() - began
        return failed


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


def forget(root: Path, pack: str) -> None:
    """Nothing made from this pack is used again: what functions remember, and the rows of the counties that tests made with it."""
    remembered = sys.modules.get("tests.remembered")
    made = remembered._made if remembered is not None else {}
    touched = {pack} | {used for used in users(root) if pack in users(root)[used]}
    for key in list(made):
        if pack == "standard-county" or touched & {str(word) for word in key[1]}:
            del made[key]
    for cached in _caches():
        cached.cache_clear()


@functools.lru_cache(maxsize=4)
def users(root: Path) -> dict[str, frozenset[str]]:
    """pack -> the packs that it builds on, directly."""
    from ruamel.yaml import YAML

    read = YAML(typ="safe", pure=True).load
    heads = {head.parent.name: read(head.read_text(encoding="utf-8")) for head in root.glob("packs/*/pack.yaml")}
    return {name: frozenset(head.get("uses") or ()) for name, head in heads.items()}


def _caches() -> list[Any]:
    """What functions of ours remember; looked for again only when a module has come."""
    if _known[0] != len(sys.modules):
        _known[:] = [len(sys.modules), _looked_for()]
    return _known[1]


_known: list[Any] = [0, []]


def _looked_for() -> list[Any]:
    return [
        one
        for one in gc.get_objects()
        if isinstance(one, functools._lru_cache_wrapper) and str(one.__module__).startswith(("gezhi.", "tests."))
    ]


@functools.lru_cache(maxsize=8)
def _changes(text: str, posts: frozenset[str]) -> dict[str, Change]:
    return {change.id: change for change in points(text, posts)}


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


def marked(root: Path) -> list[str]:
    """The files of tests that name a mechanism; nothing else needs to be collected."""
    files = sorted((root / "tests").rglob("test_*.py"))
    return [str(file) for file in files if "mechanism" in file.read_text(encoding="utf-8")]


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


def main(root: str, tasks: str, out: str, *leave: str) -> int:
    """The work of one process, in the copy `root`."""
    given = json.loads(Path(tasks).read_text(encoding="utf-8"))
    arguments = [*marked(Path(root)), "-m", "mechanism and not browser", "-p", "no:cacheprovider", "-q"]
    said = io.StringIO()
    with redirect_stdout(said):
        ended = pytest.main(arguments, plugins=[Mutating(Path(root), given, Path(out), frozenset(leave))])
    if ended in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return 0
    print(said.getvalue()[-4000:], file=sys.stderr)
    return 1


__all__ = ["Change", "Mutating", "claims", "forget", "main", "marked", "roles"]

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
